import type { AlarmRule, AlarmRuleVersion } from '#contracts/rules.ts';
import { isoTime } from '#contracts/time.ts';
import type { Db, Tx } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
import { decodeCursor, type PageOf, pageOf } from '#platform/http/page.ts';
import type { RuleRow, RuleTables } from './tables.ts';

/** The rules to be evaluated, in order of id. */
export async function activeRules(db: Db): Promise<AlarmRule[]> {
  const rows = await db
    .withTables<RuleTables>()
    .selectFrom('alarm_rule')
    .selectAll()
    .where('status', '=', 'active')
    .orderBy('rule_id')
    .execute();
  return rows.map((row) => toVersion(row).rule);
}

interface RuleFilter {
  readonly limit?: number;
  readonly cursor?: string;
  readonly active?: boolean;
}

/** Each rule once, in order of id: its active version, else its newest. */
export async function listRules(db: Db, filter: RuleFilter): Promise<PageOf<AlarmRuleVersion>> {
  const { limit = 50, active } = filter;
  const after = decodeCursor(filter.cursor);
  const shown = db
    .withTables<RuleTables>()
    .selectFrom('alarm_rule')
    .selectAll()
    .distinctOn('rule_id')
    .orderBy('rule_id')
    .orderBy((eb) => eb('status', '=', 'active'), 'desc')
    .orderBy('version', 'desc')
    .as('shown');
  let query = db.withTables<RuleTables>().selectFrom(shown).selectAll();
  if (after !== undefined) query = query.where('rule_id', '>', after);
  if (active !== undefined) query = query.where('status', active ? '=' : '<>', 'active');
  const rows = await query
    .orderBy('rule_id')
    .limit(limit + 1)
    .execute();
  return pageOf(
    rows.map((row) => ({ ...row, id: row.rule_id })),
    limit,
    toVersion,
  );
}

/** Every version of a rule, the newest first. */
export async function readVersions(db: Db, ruleId: string): Promise<AlarmRuleVersion[]> {
  return (await versionRows(db, ruleId)).map(toVersion);
}

/** The rows of a rule, the newest version first, held so that nobody else changes the rule meanwhile. */
export async function lockRule(tx: Tx, ruleId: string): Promise<readonly [RuleRow, ...RuleRow[]]> {
  const rows = await tx
    .withTables<RuleTables>()
    .selectFrom('alarm_rule')
    .selectAll()
    .where('rule_id', '=', ruleId)
    .orderBy('version', 'desc')
    .forUpdate()
    .execute();
  const [newest, ...older] = rows;
  if (newest === undefined) throw notFound('rule', ruleId);
  return [newest, ...older];
}

async function versionRows(db: Db, ruleId: string): Promise<RuleRow[]> {
  const rows = await db
    .withTables<RuleTables>()
    .selectFrom('alarm_rule')
    .selectAll()
    .where('rule_id', '=', ruleId)
    .orderBy('version', 'desc')
    .execute();
  if (rows.length === 0) throw notFound('rule', ruleId);
  return rows;
}

export function toVersion(row: RuleRow): AlarmRuleVersion {
  return {
    rule: { ...row.definition, id: row.rule_id, version: row.version, status: row.status },
    isShipped: row.is_shipped,
    createdAt: isoTime(row.created_at),
    createdBy: row.created_by,
  };
}
