import { FAULT_FAMILIES } from '#contracts/faults.ts';
import { METRICS } from '#contracts/metrics.ts';
import type { AlarmRule } from '#contracts/rules.ts';
import { invalidField } from '#platform/errors.ts';
import { CELLS_PER_ROW, type CompiledRule, type Condition } from '../core/compiled-rule.ts';
import { hoursUntil } from '../core/trend.ts';
import { parseCondition } from './cel-environment.ts';
import { conditionTooLarge, LARGEST_FUNCTION_CHARS } from './condition-error.ts';
import { emitTruth, type Truth } from './emit-condition.ts';
import { createReads, type Reads } from './operands.ts';

const STALE_AFTER_CADENCES = 3;

/**
 * Turns a rule into one function each for raising and for holding, with slots and limits as literals.
 *
 * Throws RULES_CONDITION_SYNTAX, _UNKNOWN_NAME, _UNKNOWN_FUNCTION, _TYPE, _WINDOW, _UNSUPPORTED or _CONSTANT (with
 * line and column), RULES_CONDITION_TOO_LARGE, RULES_DEADBAND_UNUSED or RULES_FAULT_FAMILY_UNKNOWN.
 */
export function compileRule(rule: AlarmRule): CompiledRule {
  try {
    return compile(rule);
  } catch (error) {
    const isTooDeep = error instanceof RangeError;
    throw isTooDeep ? conditionTooLarge() : error;
  }
}

function compile(rule: AlarmRule): CompiledRule {
  if (!FAULT_FAMILIES.has(rule.faultFamily)) {
    throw invalidField('RULES_FAULT_FAMILY_UNKNOWN', 'faultFamily', `no family is named ${rule.faultFamily}`);
  }
  const reads = createReads({
    kind: rule.appliesTo.kind,
    source: rule.condition,
    maxAgeMs: (slot) => maxAgeMs(rule, slot),
  });
  const ast = parseCondition(rule.appliesTo.kind, rule.condition);
  const raise = emitTruth(reads, ast, { deadband: {}, sense: 1 });
  reads.absences.length = 0;
  const hold = emitTruth(reads, ast, { deadband: rule.deadband ?? {}, sense: 1 });
  for (const name of Object.keys(rule.deadband ?? {})) {
    if (reads.compared.has(name)) continue;
    throw invalidField('RULES_DEADBAND_UNUSED', `deadband.${name}`, 'the condition has no limit on it');
  }
  if (reads.metrics.size === 0 && reads.faultCodes.size === 0 && !reads.readsOnline) {
    throw invalidField('RULES_CONDITION_CONSTANT', 'condition', 'nothing that a device reports changes it');
  }
  const metrics = [...reads.metrics];
  return {
    rule,
    metrics,
    maxAgesMs: metrics.map((slot) => maxAgeMs(rule, slot)),
    faultCodes: [...reads.faultCodes],
    readsOnline: reads.readsOnline,
    absences: reads.absences,
    windows: [...reads.windows.values()],
    raise: link(reads, raise),
    hold: link(reads, hold),
    scan: { declarations: [...reads.declared], test: raise.yes },
  };
}

function maxAgeMs(rule: AlarmRule, slot: number): number {
  const cadenceMs = METRICS[rule.appliesTo.kind][slot]?.cadenceMs ?? 0;
  return rule.maxAgeMs ?? STALE_AFTER_CADENCES * cadenceMs;
}

function link(reads: Reads, { yes, no }: Truth): Condition {
  const body = [
    `const d = c.cells, b = row * ${CELLS_PER_ROW};`,
    ...reads.declared,
    `return ${yes} ? 1 : ${no} ? 0 : -1;`,
  ].join('\n');
  if (body.length > LARGEST_FUNCTION_CHARS) throw conditionTooLarge();
  const make = new Function('hoursUntil', `return (c, row, now) => {\n${body}\n};`) as (
    helper: typeof hoursUntil,
  ) => Condition;
  return make(hoursUntil);
}
