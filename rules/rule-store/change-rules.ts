import type { AlarmRule, AlarmRuleChange, AlarmRuleVersion, NewAlarmRule } from '#contracts/rules.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import { type Db, sqlState, type Tx, UNIQUE_VIOLATION } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import { compileRule } from '../compile/compile-rule.ts';
import { lockRule, toVersion } from './rule-records.ts';
import type { RuleRow, RuleTables } from './tables.ts';

export interface RuleStoreDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly outbox: Outbox;
}

/** Saves a rule of the operator's own as a draft. 422 with line and column if it does not compile. */
export async function addRule(
  deps: RuleStoreDeps,
  { rule, actor }: { readonly rule: NewAlarmRule; readonly actor: Actor },
): Promise<AlarmRuleVersion> {
  const draft: AlarmRule = { ...rule, version: 1, status: 'draft' };
  compileRule(draft);
  try {
    return await commit(deps, rule.id, (tx) => insertVersion(deps, tx, { rule: draft, actor }));
  } catch (error) {
    if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
    throw ruleExists(rule.id, error);
  }
}

/** Saves the next version as a draft: the active one goes on until the new one is activated. */
export function addVersion(
  deps: RuleStoreDeps,
  { ruleId, change, actor }: { ruleId: string; change: AlarmRuleChange; actor: Actor },
): Promise<AlarmRuleVersion> {
  return commit(deps, ruleId, async (tx) => {
    const [newest] = await lockRule(tx, ruleId);
    if (newest.is_shipped) throw shipped(ruleId);
    const rule: AlarmRule = { ...change, id: ruleId, version: newest.version + 1, status: 'draft' };
    compileRule(rule);
    return insertVersion(deps, tx, { rule, actor });
  });
}

/** Makes that version, or the newest, the one that is evaluated. Again changes nothing. */
export function activateRule(
  deps: RuleStoreDeps,
  { ruleId, version, actor }: { ruleId: string; version: number | undefined; actor: Actor },
): Promise<AlarmRuleVersion> {
  return commit(deps, ruleId, async (tx) => {
    const rows = await lockRule(tx, ruleId);
    const wanted = version === undefined ? rows[0] : rows.find((row) => row.version === version);
    if (wanted === undefined) throw notFound('rule_version', `${version} of ${ruleId}`);
    if (wanted.status === 'active') return toVersion(wanted);
    compileRule(toVersion(wanted).rule);
    const active = rows.find((row) => row.status === 'active');
    if (active !== undefined) await setStatus(tx, active, 'retired');
    await setStatus(tx, wanted, 'active');
    await recordChange(deps, tx, {
      actor,
      action: 'rule.activate',
      ruleId,
      active: { from: active?.version ?? null, to: wanted.version },
    });
    return toVersion({ ...wanted, status: 'active' });
  });
}

/** Takes a rule out of evaluation: its alarms end. Again changes nothing. */
export function deactivateRule(
  deps: RuleStoreDeps,
  { ruleId, actor }: { readonly ruleId: string; readonly actor: Actor },
): Promise<AlarmRuleVersion> {
  return commit(deps, ruleId, async (tx) => {
    const rows = await lockRule(tx, ruleId);
    const active = rows.find((row) => row.status === 'active');
    if (active === undefined) return toVersion(rows[0]);
    await setStatus(tx, active, 'retired');
    await recordChange(deps, tx, {
      actor,
      action: 'rule.deactivate',
      ruleId,
      active: { from: active.version, to: null },
    });
    return toVersion({ ...active, status: 'retired' });
  });
}

/** Runs the change with its `rule.changed` in one transaction. */
async function commit<T>(deps: RuleStoreDeps, ruleId: string, act: (tx: Tx) => Promise<T>): Promise<T> {
  const result = await deps.db.transaction().execute(async (tx) => {
    const done = await act(tx);
    await deps.outbox.publish(tx, [{ type: 'rule.changed', data: { ruleId } }]);
    return done;
  });
  deps.outbox.wake();
  return result;
}

async function insertVersion(
  { clock, audit }: RuleStoreDeps,
  tx: Tx,
  { rule, actor }: { readonly rule: AlarmRule; readonly actor: Actor },
): Promise<AlarmRuleVersion> {
  const row = {
    rule_id: rule.id,
    version: rule.version,
    status: rule.status,
    is_shipped: false,
    created_by: actorId(actor),
  };
  const created_at = new Date(clock.nowMs());
  await tx
    .withTables<RuleTables>()
    .insertInto('alarm_rule')
    .values({ ...row, definition: JSON.stringify(rule), created_at })
    .execute();
  await audit.record(tx, {
    actor,
    action: rule.version === 1 ? 'rule.add' : 'rule.change',
    entity: 'rule',
    entityId: rule.id,
    fields: { version: { to: rule.version } },
  });
  return toVersion({ ...row, definition: rule, created_at: created_at.getTime() });
}

async function setStatus(tx: Tx, row: RuleRow, status: RuleRow['status']): Promise<void> {
  await tx
    .withTables<RuleTables>()
    .updateTable('alarm_rule')
    .set({ status })
    .where('rule_id', '=', row.rule_id)
    .where('version', '=', row.version)
    .execute();
}

function recordChange(
  { audit }: RuleStoreDeps,
  tx: Tx,
  change: {
    readonly actor: Actor;
    readonly action: string;
    readonly ruleId: string;
    readonly active: { readonly from: number | null; readonly to: number | null };
  },
): Promise<void> {
  const { actor, action, ruleId, active } = change;
  return audit.record(tx, {
    actor,
    action,
    entity: 'rule',
    entityId: ruleId,
    fields: { activeVersion: active },
  });
}

function shipped(ruleId: string): AftercareError {
  const message = `rule ${ruleId} is shipped: it can be switched off, and a copy under another id edited`;
  return new AftercareError('RULES_RULE_SHIPPED', message, { kind: 'conflict' });
}

function ruleExists(ruleId: string, cause: unknown): AftercareError {
  const message = `a rule ${ruleId} exists: choose another id, or add a version to it`;
  return new AftercareError('RULES_RULE_EXISTS', message, { kind: 'conflict', cause });
}
