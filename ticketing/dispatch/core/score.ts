import type { Priority } from '#contracts/priority.ts';
import type { HoldReason, ScorePart } from '#contracts/work-orders.ts';

export interface Place {
  readonly zone: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

/** A technician who is active and holds the skill that the order asks for. */
export interface Candidate {
  readonly technicianId: string;
  readonly zone: string | null;
  readonly openOrders: number;
  /** Where their current work is, if anywhere. */
  readonly at: Place | null;
  readonly hasDeclined: boolean;
  /** When the skill lapses; null for never. */
  readonly skillUntilMs: number | null;
}

export interface Job {
  readonly skill: string;
  readonly priority: Priority;
  readonly isEmergency: boolean;
  readonly place: Place | null;
  readonly preferTechnicianId: string | null;
  readonly atMs: number;
}

export interface Scored {
  readonly technicianId: string;
  readonly score: number;
  readonly parts: readonly ScorePart[];
}

export type Choice =
  | { readonly outcome: 'chosen'; readonly best: Scored; readonly ranked: readonly Scored[] }
  | { readonly outcome: 'held'; readonly reason: HoldReason };

/** What counts how much: an urgent job goes to whoever is near, an ordinary one to whoever has time. */
const WEIGHTS = {
  urgent: { skill: 0.1, load: 0.25, location: 0.65, continuity: 1 },
  ordinary: { skill: 0.1, load: 0.6, location: 0.3, continuity: 1 },
} as const;

/** Orders in hand at which a technician counts as half free. */
const HALF_LOAD = 2;
/** Distance at which being near counts half. */
const HALF_DISTANCE_KM = 15;
const EARTH_RADIUS_KM = 6_371;
/** A skill that lapses this soon counts less than one that holds. */
const LAPSES_SOON_MS = 30 * 86_400_000;

/**
 * Chooses whom to send by skill, load, location and urgency (requirement D1). Equal scores fall to fewer open
 * orders, then to the smaller id, so the same facts always give the same choice.
 */
export function chooseTechnician(job: Job, candidates: readonly Candidate[]): Choice {
  if (candidates.length === 0) return { outcome: 'held', reason: 'no_skill' };
  const willing = candidates.filter(({ hasDeclined }) => !hasDeclined);
  const ranked = willing
    .map((candidate) => ({ candidate, scored: score(job, candidate) }))
    .sort(
      (a, b) =>
        b.scored.score - a.scored.score ||
        a.candidate.openOrders - b.candidate.openOrders ||
        (a.candidate.technicianId < b.candidate.technicianId ? -1 : 1),
    )
    .map(({ scored }) => scored);
  const best = ranked[0];
  return best === undefined
    ? { outcome: 'held', reason: 'all_declined' }
    : { outcome: 'chosen', best, ranked };
}

export function score(job: Job, candidate: Candidate): Scored {
  const weights = WEIGHTS[job.isEmergency || job.priority === 'P1' ? 'urgent' : 'ordinary'];
  const location = nearness(job.place, candidate);
  const lapsesSoon = candidate.skillUntilMs !== null && candidate.skillUntilMs - job.atMs < LAPSES_SOON_MS;
  const returns = candidate.technicianId === job.preferTechnicianId;
  const parts: ScorePart[] = [
    {
      criterion: 'skill',
      score: lapsesSoon ? 0.5 : 1,
      weight: weights.skill,
      detail: lapsesSoon ? `${job.skill}, lapses soon` : job.skill,
    },
    {
      criterion: 'load',
      score: HALF_LOAD / (HALF_LOAD + candidate.openOrders),
      weight: weights.load,
      detail: `${candidate.openOrders} open orders`,
    },
    { criterion: 'location', score: location.score, weight: weights.location, detail: location.detail },
    {
      criterion: 'continuity',
      score: returns ? 1 : 0,
      weight: weights.continuity,
      detail: returns ? 'repaired it before' : 'new to this fault',
    },
  ];
  const sum = parts.reduce((total, part) => total + part.score * part.weight, 0);
  return { technicianId: candidate.technicianId, score: round(sum), parts };
}

function nearness(place: Place | null, candidate: Candidate): { score: number; detail: string } {
  const km = place === null || candidate.at === null ? null : distanceKm(place, candidate.at);
  if (km !== null) {
    return { score: round(HALF_DISTANCE_KM / (HALF_DISTANCE_KM + km)), detail: `${km.toFixed(1)} km away` };
  }
  if (place?.zone === null || place?.zone === undefined) return { score: 0, detail: 'place unknown' };
  return candidate.zone === place.zone
    ? { score: 1, detail: `zone ${place.zone}` }
    : { score: 0, detail: `zone ${candidate.zone ?? 'unknown'}, job in ${place.zone}` };
}

/** Great-circle distance, null where either place has no coordinates. */
export function distanceKm(a: Place, b: Place): number | null {
  if (a.latitude === null || a.longitude === null || b.latitude === null || b.longitude === null) return null;
  const rad = Math.PI / 180;
  const dLat = (b.latitude - a.latitude) * rad;
  const dLon = (b.longitude - a.longitude) * rad;
  const h =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
