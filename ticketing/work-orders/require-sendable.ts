import { type Actor, partnerCentreId } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, invalidField } from '#platform/errors.ts';
import { dispatchRoster, type RosterEntry } from '../people/index.ts';
import type { WorkOrderRow } from './tables.ts';

/**
 * Who is to be sent by hand: 422 unless active (and, for a partner's people, of their own centre), 409 without a
 * certificate that is valid now (requirement O3). Zone, shift and load are the dispatcher's to overrule.
 */
export async function requireSendable(
  { clock }: { readonly clock: Clock },
  tx: Tx,
  sent: { readonly actor: Actor; readonly order: WorkOrderRow; readonly technicianId: string },
): Promise<RosterEntry> {
  const { actor, order, technicianId } = sent;
  const { skill } = order;
  const query = { skill, atMs: clock.nowMs(), everybody: true, technicianId };
  const [entry] = await dispatchRoster(tx, query);
  const partner = partnerCentreId(actor);
  if (entry === undefined || (partner !== null && entry.centre?.id !== partner)) {
    throw invalidField(
      'WORK_ORDER_TECHNICIAN_UNKNOWN',
      'technicianId',
      `no active technician ${technicianId}`,
    );
  }
  requireCertified(entry, skill);
  return entry;
}

/** 409 where the technician whom the order went to is not certified for it any more. */
export async function requireStillCertified(
  { clock }: { readonly clock: Clock },
  tx: Tx,
  order: WorkOrderRow,
): Promise<void> {
  const entry = await holderOf(tx, order, clock.nowMs());
  if (entry !== undefined) requireCertified(entry, order.skill);
}

/** What the technician of an order, active or not, holds for its skill; undefined where nobody has the order. */
export async function holderOf(
  tx: Tx,
  { technician_id: technicianId, skill }: WorkOrderRow,
  atMs: number,
): Promise<RosterEntry | undefined> {
  if (technicianId === null) return undefined;
  const query = { skill, atMs, everybody: true, withInactive: true, technicianId };
  return (await dispatchRoster(tx, query))[0];
}

export function isCertified({ certificate, isCentreCertified }: RosterEntry): boolean {
  return certificate === 'valid' && isCentreCertified;
}

function requireCertified(entry: RosterEntry, skill: string): void {
  if (isCertified(entry)) return;
  const what = entry.certificate === 'valid' ? 'the centre has no valid certificate' : entry.certificate;
  throw new AftercareError(
    'WORK_ORDER_TECHNICIAN_UNCERTIFIED',
    `technician ${entry.technicianId} has no valid certificate for ${skill} (${what})`,
    { kind: 'conflict', fields: [{ field: 'technicianId', message: `certificate: ${what}` }] },
  );
}
