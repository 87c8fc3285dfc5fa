import type { Db } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import { compileRule } from '../compile/compile-rule.ts';
import type { CompiledRule } from '../core/compiled-rule.ts';
import { activeRules } from '../rule-store/rule-records.ts';
import { guardRule } from './guard-rule.ts';

interface LoadDeps {
  readonly db: Db;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Reads the active rules, compiled. One that does not compile, or throws later, is left out, logged and counted. */
export function createRuleLoader({ db, log, metrics }: LoadDeps): () => Promise<CompiledRule[]> {
  const disabled = metrics.counter('aftercare_rules_disabled_total', 'Rules put out of action by an error', [
    'reason',
  ]);
  return async () => {
    const compiled: CompiledRule[] = [];
    for (const rule of await activeRules(db)) {
      const name = { ruleId: rule.id, version: rule.version };
      const onThrow = (error: unknown) => {
        disabled.inc({ reason: 'threw' });
        log.error({ err: error, ...name, reason: 'threw' }, 'rule disabled until it is changed');
      };
      try {
        compiled.push(guardRule(compileRule(rule), onThrow));
      } catch (error) {
        disabled.inc({ reason: 'not_compiled' });
        log.error({ err: error, ...name, reason: 'not_compiled' }, 'rule disabled until it is changed');
      }
    }
    return compiled;
  };
}
