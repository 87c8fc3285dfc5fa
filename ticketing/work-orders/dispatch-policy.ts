import type { ColumnType } from 'kysely';
import type { DispatchPolicy } from '#contracts/work-orders.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { changedFields } from '#platform/audit/changed-fields.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Db, Tx } from '#platform/db/db.ts';

type PolicyTables = {
  dispatch_policy: {
    id: ColumnType<boolean, never, never>;
    incomplete_data: DispatchPolicy['incompleteData'];
    answer_within_minutes: number;
  };
};

/** What holds for dispatch in this installation now. */
export async function dispatchPolicy(db: Db | Tx): Promise<DispatchPolicy> {
  const row = await db
    .withTables<PolicyTables>()
    .selectFrom('dispatch_policy')
    .selectAll()
    .executeTakeFirstOrThrow();
  return { incompleteData: row.incomplete_data, answerWithinMinutes: row.answer_within_minutes };
}

export async function setDispatchPolicy(
  { audit }: { readonly audit: Audit },
  tx: Tx,
  { actor, policy }: { readonly actor: Actor; readonly policy: DispatchPolicy },
): Promise<DispatchPolicy> {
  const before = await dispatchPolicy(tx);
  await tx
    .withTables<PolicyTables>()
    .updateTable('dispatch_policy')
    .set({ incomplete_data: policy.incompleteData, answer_within_minutes: policy.answerWithinMinutes })
    .execute();
  await audit.record(tx, {
    actor,
    action: 'dispatch_policy.changed',
    entity: 'dispatch_policy',
    entityId: 'installation',
    fields: changedFields(before, { ...policy }),
  });
  return policy;
}
