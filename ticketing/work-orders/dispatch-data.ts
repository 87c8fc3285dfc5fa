import type { Db, Tx } from '#platform/db/db.ts';
import { AftercareError } from '#platform/errors.ts';
import { type UnitCard, unitCard } from '../units/index.ts';
import { dispatchPolicy } from './dispatch-policy.ts';
import type { WorkOrderRow } from './tables.ts';

/** The data of requirement D3 that whoever goes does not have yet. */
export function missingDispatchData(row: WorkOrderRow, card: UnitCard | undefined): string[] {
  const have: Readonly<Record<string, unknown>> = {
    customer: card?.customer,
    'contact.phone': card?.contact?.phone,
    'site.address': card?.site?.address,
    'unit.model': card?.unit.model,
    'unit.serial': card?.unit.serial,
    plan: row.plan,
  };
  return Object.keys(have).filter((field) => have[field] === null || have[field] === undefined);
}

/** What keeps an order from being sent where the policy blocks incomplete ones; emergencies go in any case. */
export async function blockingData(db: Db | Tx, row: WorkOrderRow): Promise<string[]> {
  if (row.is_emergency || (await dispatchPolicy(db)).incompleteData === 'warn') return [];
  return missingDispatchData(row, row.unit_id === null ? undefined : await unitCard(db, row.unit_id));
}

/** 409 that names what is missing, where the policy blocks. */
export async function requireDispatchData(tx: Tx, row: WorkOrderRow): Promise<void> {
  const missing = await blockingData(tx, row);
  if (missing.length === 0) return;
  throw new AftercareError(
    'WORK_ORDER_DISPATCH_DATA_INCOMPLETE',
    `dispatch data incomplete: work order ${row.number} lacks ${missing.join(', ')}`,
    { kind: 'conflict', fields: missing.map((field) => ({ field, message: 'missing' })) },
  );
}
