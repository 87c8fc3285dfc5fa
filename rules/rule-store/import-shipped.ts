import { sql } from 'kysely';
import type { AlarmRule } from '#contracts/rules.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import type { RuleRow, RuleTables } from './tables.ts';

interface ImportDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
}

const IMPORT_LOCK = 0x52_55_4c_45;
const IMPORTER = 'system:catalog';

/**
 * Takes in versions of shipped rules that are not there yet. A new version follows the one before it: active if
 * that was, off if somebody had switched it off. What an operator named the same stays theirs.
 */
export async function importShippedRules(deps: ImportDeps, rules: readonly AlarmRule[]): Promise<void> {
  const imported = await deps.db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${IMPORT_LOCK})`.execute(tx);
    const known = await tx.withTables<RuleTables>().selectFrom('alarm_rule').selectAll().execute();
    let count = 0;
    for (const rule of rules) {
      const versions = known.filter((row) => row.rule_id === rule.id);
      if (versions.some((row) => !row.is_shipped)) {
        deps.log.warn({ ruleId: rule.id }, 'a shipped rule has the id of a rule of your own: left out');
      } else if (versions.every((row) => row.version < rule.version)) {
        await importVersion(deps, tx, { rule, versions });
        count += 1;
      }
    }
    return count;
  });
  if (imported > 0) deps.log.info({ rules: imported }, 'shipped rules taken in');
}

async function importVersion(
  { clock }: ImportDeps,
  tx: Tx,
  { rule, versions }: { readonly rule: AlarmRule; readonly versions: readonly RuleRow[] },
): Promise<void> {
  const active = versions.find((row) => row.status === 'active');
  const isSwitchedOff = versions.length > 0 && active === undefined;
  const tables = tx.withTables<RuleTables>();
  if (active !== undefined) {
    await tables
      .updateTable('alarm_rule')
      .set({ status: 'retired' })
      .where('rule_id', '=', rule.id)
      .where('status', '=', 'active')
      .execute();
  }
  await tables
    .insertInto('alarm_rule')
    .values({
      rule_id: rule.id,
      version: rule.version,
      status: isSwitchedOff && rule.status === 'active' ? 'retired' : rule.status,
      definition: JSON.stringify(rule),
      is_shipped: true,
      created_at: new Date(clock.nowMs()),
      created_by: IMPORTER,
    })
    .execute();
}
