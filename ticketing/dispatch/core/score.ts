import type { Priority } from '#contracts/priority.ts';
import type { LocalText } from '#contracts/text.ts';
import type { ExclusionReason, HoldReason, ScorePart } from '#contracts/work-orders.ts';
import { exclusionOf, holdReasonOf, type Standing } from './eligibility.ts';

export interface Place {
  readonly zone: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

/** An active technician, as one order sees them. */
export interface Candidate extends Standing {
  readonly technicianId: string;
  readonly zone: string | null;
  readonly openOrders: number;
  /** Where their current work is, if anywhere. */
  readonly at: Place | null;
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

/** Who could be sent, the best first, and who could not. `holdReason` where nobody can. */
export interface Ranking {
  readonly ranked: readonly Scored[];
  readonly excluded: readonly { readonly technicianId: string; readonly reason: ExclusionReason }[];
  readonly holdReason: HoldReason | null;
}

/**
 * What counts how much: an urgent job goes to whoever is near, an ordinary one to whoever has time. Own people come
 * before partners, whatever else speaks for those.
 */
const WEIGHTS = {
  urgent: { skill: 0.1, load: 0.25, location: 0.65, shift: 0.1, centre: 3, continuity: 1 },
  ordinary: { skill: 0.1, load: 0.6, location: 0.3, shift: 0.1, centre: 3, continuity: 1 },
} as const;

/** Orders in hand at which a technician counts as half free. */
const HALF_LOAD = 2;
/** Distance at which being near counts half. */
const HALF_DISTANCE_KM = 15;
const EARTH_RADIUS_KM = 6_371;
/** A skill that lapses this soon counts less than one that holds. */
const LAPSES_SOON_MS = 30 * 86_400_000;
/** A shift that ends this soon counts less than one with time left. */
const ENDS_SOON_MINUTES = 60;

/**
 * Ranks technicians by skill, load, location, shift and urgency (requirement D1), own people before partners. Equal
 * scores fall to fewer open orders, then to the smaller id, so the same facts always give the same choice.
 */
export function rankCandidates(job: Job, candidates: readonly Candidate[]): Ranking {
  const demand = { isUrgent: isUrgent(job), zone: job.place?.zone ?? null };
  const willing: { candidate: Candidate; scored: Scored }[] = [];
  const excluded: { technicianId: string; reason: ExclusionReason }[] = [];
  for (const candidate of candidates) {
    const { technicianId } = candidate;
    const reason = exclusionOf(demand, candidate);
    if (reason === null) willing.push({ candidate, scored: score(job, candidate) });
    else excluded.push({ technicianId, reason });
  }
  willing.sort(
    (a, b) =>
      b.scored.score - a.scored.score ||
      a.candidate.openOrders - b.candidate.openOrders ||
      (a.candidate.technicianId < b.candidate.technicianId ? -1 : 1),
  );
  const ranked = willing.map(({ scored }) => scored);
  const holdReason = ranked.length > 0 ? null : holdReasonOf(excluded.map(({ reason }) => reason));
  return { ranked, excluded, holdReason };
}

function isUrgent({ isEmergency, priority }: Job): boolean {
  return isEmergency || priority === 'P1';
}

interface Judged {
  readonly score: number;
  readonly detail: LocalText;
}

function score(job: Job, candidate: Candidate): Scored {
  const weights = WEIGHTS[isUrgent(job) ? 'urgent' : 'ordinary'];
  const judged = {
    skill: judgeSkill(job, candidate),
    load: judgeLoad(candidate),
    location: judgeLocation(job.place, candidate),
    shift: judgeShift(candidate),
    centre: judgeCentre(candidate),
    continuity: judgeContinuity(job, candidate),
  };
  const criteria = Object.keys(judged) as (keyof typeof judged)[];
  const parts = criteria.map((criterion) => ({
    criterion,
    weight: weights[criterion],
    ...judged[criterion],
  }));
  const sum = parts.reduce((total, part) => total + part.score * part.weight, 0);
  return { technicianId: candidate.technicianId, score: round(sum), parts };
}

const text = (zh: string, en: string): LocalText => ({ 'zh-CN': zh, en });

function judgeSkill({ skill, atMs }: Job, { skillUntilMs }: Candidate): Judged {
  const lapsesSoon = skillUntilMs !== null && skillUntilMs - atMs < LAPSES_SOON_MS;
  return lapsesSoon
    ? { score: 0.5, detail: text(`技能 ${skill}，证书即将到期`, `${skill}, certificate lapses soon`) }
    : { score: 1, detail: text(`技能 ${skill}`, skill) };
}

function judgeLoad({ openOrders }: Candidate): Judged {
  return {
    score: HALF_LOAD / (HALF_LOAD + openOrders),
    detail: text(`手上工单 ${openOrders} 个`, `${openOrders} open orders`),
  };
}

function judgeShift({ availability }: Candidate): Judged {
  if (availability.state !== 'on_shift')
    return { score: 0.3, detail: text('值班待命', 'on call, off shift') };
  const { minutesLeft } = availability;
  if (minutesLeft === null) return { score: 1, detail: text('全天可派', 'works any time') };
  const minutes = Math.floor(minutesLeft);
  return {
    score: minutesLeft < ENDS_SOON_MINUTES ? 0.5 : 1,
    detail: text(`当班，剩余 ${minutes} 分钟`, `on shift for ${minutes} more minutes`),
  };
}

function judgeCentre({ centre }: Candidate): Judged {
  return centre?.kind === 'outsourced'
    ? { score: 0, detail: text('外包网点', 'outsourced centre') }
    : { score: 1, detail: text('自有人员', 'own staff') };
}

function judgeContinuity({ preferTechnicianId }: Job, { technicianId }: Candidate): Judged {
  return technicianId === preferTechnicianId
    ? { score: 1, detail: text('上次由其维修', 'repaired it before') }
    : { score: 0, detail: text('首次处理该故障', 'new to this fault') };
}

function judgeLocation(place: Place | null, { at, zone }: Candidate): Judged {
  const km = place === null || at === null ? null : distanceKm(place, at);
  if (km !== null) {
    return {
      score: round(HALF_DISTANCE_KM / (HALF_DISTANCE_KM + km)),
      detail: text(`距离 ${km.toFixed(1)} 公里`, `${km.toFixed(1)} km away`),
    };
  }
  const wanted = place?.zone ?? null;
  if (wanted === null) return { score: 0, detail: text('地点未知', 'place unknown') };
  return zone === wanted
    ? { score: 1, detail: text(`同在片区 ${wanted}`, `zone ${wanted}`) }
    : {
        score: 0,
        detail: text(
          `所在片区 ${zone ?? '未知'}，工单在 ${wanted}`,
          `zone ${zone ?? 'unknown'}, job in ${wanted}`,
        ),
      };
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
