import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { OrderVerification } from '../work-orders/index.ts';
import { VERIFICATION_POLICY } from './core/judge.ts';
import type { RepairTables } from './tables.ts';

/** Opens and shows the verification window of a tested repair. */
export function createVerificationRecords(): OrderVerification {
  return {
    start: async (tx, { order, faultFamily, fromMs }) => {
      await tx
        .withTables<RepairTables>()
        .insertInto('verification')
        .values({
          id: order.id,
          work_order_id: order.id,
          run_id: null,
          ticket_id: order.ticket_id ?? '',
          device_id: order.device_id ?? '',
          component: order.component,
          fault_family: faultFamily,
          window_from: new Date(fromMs),
          window_until: new Date(fromMs + VERIFICATION_POLICY.windowMs),
          state: 'pending',
        })
        .execute();
    },
    ofOrder: async (db, orderId) => {
      const row = await db
        .withTables<RepairTables>()
        .selectFrom('verification')
        .selectAll()
        .where('work_order_id', '=', orderId)
        .executeTakeFirst();
      if (row === undefined) return null;
      return {
        state: row.state,
        from: isoTime(row.window_from),
        until: isoTime(row.window_until),
        checkedAt: isoTimeOrNull(row.checked_at),
        evidence: { ...row.evidence },
      };
    },
  };
}
