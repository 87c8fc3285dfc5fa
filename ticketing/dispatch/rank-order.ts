import type { Db, Tx } from '#platform/db/db.ts';
import { dispatchRoster, type RosterEntry } from '../people/index.ts';
import { placesOfUnits } from '../units/index.ts';
import { type WorkOrderRow, workloadOf } from '../work-orders/index.ts';
import { type Candidate, type Ranking, rankCandidates } from './core/score.ts';
import { answersOf } from './dispatch-records.ts';

/** A technician with the name that people know. */
export type NamedCandidate = Candidate & Pick<RosterEntry, 'name'>;

interface RankQuery {
  readonly atMs: number;
  /** With those who never had a certificate for the skill. */
  readonly everybody: boolean;
  /** Who is out of the question, whatever they answered. */
  readonly without: string | null;
}

/** Who could be sent to an order now and who could not, in a handful of queries however many they are. */
export async function rankOrder(
  db: Db | Tx,
  order: WorkOrderRow,
  query: RankQuery,
): Promise<{ ranking: Ranking; candidates: readonly NamedCandidate[] }> {
  const { skill, priority, is_emergency: isEmergency, prefer_technician_id: preferTechnicianId } = order;
  const { atMs, everybody, without } = query;
  const roster = await dispatchRoster(db, { skill, atMs, everybody });
  const work = await workloadOf(
    db,
    roster.map(({ technicianId }) => technicianId),
  );
  const answers = await answersOf(db, order.id);
  const units = [...work.values()].flatMap(({ unitId }) => unitId ?? []);
  const places = await placesOfUnits(db, order.unit_id === null ? units : [...units, order.unit_id]);
  const placeOf = (unitId: string | null | undefined) => places.get(unitId ?? '') ?? null;
  const candidates = roster.map((entry) => {
    const inHand = work.get(entry.technicianId);
    const answer = entry.technicianId === without ? 'unanswered' : answers.get(entry.technicianId);
    return {
      ...entry,
      openOrders: inHand?.openOrders ?? 0,
      at: placeOf(inHand?.unitId),
      answer: answer ?? null,
    };
  });
  const job = { skill, priority, isEmergency, place: placeOf(order.unit_id), preferTechnicianId, atMs };
  return { ranking: rankCandidates(job, candidates), candidates };
}
