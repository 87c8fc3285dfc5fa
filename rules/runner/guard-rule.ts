import { type CompiledRule, type Condition, UNKNOWN } from '../core/compiled-rule.ts';

/** Keeps a rule that throws from the others: from then on it is unknown, so its alarms stay as they are. */
export function guardRule(rule: CompiledRule, onThrow: (error: unknown) => void): CompiledRule {
  let isDisabled = false;
  const guard =
    (condition: Condition): Condition =>
    (view, row, nowMs) => {
      if (isDisabled) return UNKNOWN;
      try {
        return condition(view, row, nowMs);
      } catch (error) {
        isDisabled = true;
        onThrow(error);
        return UNKNOWN;
      }
    };
  return { ...rule, raise: guard(rule.raise), hold: guard(rule.hold) };
}
