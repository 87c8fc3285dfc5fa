import type { AlarmTransition } from '#contracts/alarms.ts';
import type { DeviceRef, InputBatch } from '#contracts/point-batch.ts';
import type { AlarmRule } from '#contracts/rules.ts';
import type { Audit } from '#platform/audit/audit.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import type { Routes } from '#platform/http/routes.ts';
import type { Logger } from '#platform/log.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { Consumer, Outbox } from '#platform/outbox/outbox.ts';
import { createAlarmWriter } from '../alarms/alarm-writer.ts';
import { alarmRoutes } from '../alarms/http.ts';
import type { TicketsOfAlarms } from '../alarms/list-alarms.ts';
import { SHIPPED_RULES } from '../catalog/shipped-rules.ts';
import type { EngineStats } from '../core/engine-types.ts';
import { ruleRoutes } from '../rule-store/http.ts';
import { importShippedRules } from '../rule-store/import-shipped.ts';
import { createRuleLoader } from './load-rules.ts';
import { createOrphans } from './orphans.ts';
import { restoreEngine } from './restore-engine.ts';
import { createSnapshotSaver } from './snapshot-saver.ts';

export interface RulesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly outbox: Outbox;
  readonly audit: Audit;
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
  readonly ticketsOfAlarms: TicketsOfAlarms;
  /** Enters an acknowledgement into the durable log; it comes back as a signal of a batch. */
  readonly acknowledgeAlarm: (alarmKey: string) => void;
}

export interface RulesConfig {
  readonly nodeId: string;
  readonly snapshotEveryMs?: number;
  /** Shipped rules; those that come with the product unless told. */
  readonly catalog?: readonly AlarmRule[];
}

export interface RulesStats extends EngineStats {
  readonly rules: number;
  readonly activeAlarms: number;
  /** Alarm occurrences not yet in the database. */
  readonly waitingAlarms: number;
  readonly processedSequence: number;
  readonly savedSequence: number;
}

/** Rules at work: batches in, alarms and their events out. */
export interface Rules extends AsyncDisposable {
  /** Takes a log batch, in log order. Never throws, waits for nothing. */
  onBatch(input: InputBatch): void;
  /** The last log sequence whose effects are saved: a restart must replay what follows it. */
  rulesSequence(): number;
  /** Takes up the rules as they now are in the database. */
  reload(): Promise<void>;
  /** Resolves to true once the alarms of all batches so far are committed; false if that will not be. */
  flushed(): Promise<boolean>;
  stats(): RulesStats;
  readonly routes: readonly Routes[];
  readonly consumers: readonly Consumer[];
}

const SNAPSHOT_EVERY_MS = 10_000;

/** Restores the engine and evaluates from there. Disposal writes waiting alarms and a last snapshot. */
export async function startRules(deps: RulesDeps, config: RulesConfig): Promise<Rules> {
  const { db, clock, log, metrics } = deps;
  const { nodeId, snapshotEveryMs = SNAPSHOT_EVERY_MS, catalog = SHIPPED_RULES } = config;
  await importShippedRules(deps, catalog);
  const loadRules = createRuleLoader(deps);
  let rules = await loadRules();
  const restored = await restoreEngine(deps, nodeId, rules);
  const { engine } = restored;
  const writer = createAlarmWriter(deps);
  writer.enqueue(restored.transitions);
  const orphans = createOrphans(restored.orphans, clock.nowMs());
  let sequence = restored.sequence;
  const snapshots = createSnapshotSaver(
    { db, clock, log, engine, writer, processed: () => sequence },
    { nodeId, savedSequence: sequence },
  );
  const timer = setInterval(snapshots.saveIfDue, snapshotEveryMs);
  const failed = metrics.counter('aftercare_rule_batches_failed_total', 'Batches the rule engine failed on');
  metrics.gauge('aftercare_alarms_active', 'Alarms whose condition stands', {
    collect: (gauge) => gauge.set(engine.activeCount()),
  });
  metrics.gauge(
    'aftercare_rule_engine',
    'What the rule engine counted since it began: points, late, backfilled, …',
    {
      labels: ['what'],
      collect: (gauge) => {
        for (const [what, count] of Object.entries(engine.stats())) gauge.set({ what }, count);
      },
    },
  );

  const evaluate = (input: InputBatch): readonly AlarmTransition[] => {
    try {
      return engine.process(input);
    } catch (error) {
      failed.inc();
      log.error({ err: error, sequence: input.sequence }, 'the rule engine failed on a batch');
      return [];
    }
  };
  let reloading: Promise<void> = Promise.resolve();
  const reloadNow = async () => {
    rules = await loadRules();
    writer.enqueue(engine.replaceRules(rules));
    log.info({ rules: rules.length }, 'rules reloaded');
    void snapshots.save();
  };
  const reload = () => {
    const turn = reloading.then(reloadNow);
    reloading = turn.catch(() => undefined);
    return turn;
  };

  return {
    onBatch: (input) => {
      const transitions = evaluate(input);
      sequence = input.sequence;
      writer.enqueue(transitions);
      writer.enqueue(orphans.note(input, transitions));
    },
    rulesSequence: () => snapshots.savedSequence,
    reload,
    flushed: () => writer.flushed(),
    stats: () => ({
      ...engine.stats(),
      rules: rules.length,
      activeAlarms: engine.activeCount(),
      waitingAlarms: writer.waiting(),
      processedSequence: sequence,
      savedSequence: snapshots.savedSequence,
    }),
    routes: [alarmRoutes({ ...deps, writer }), ruleRoutes(deps)],
    consumers: [{ name: 'rules', events: ['rule.changed'], handle: reload }],
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await reloading;
      await writer[Symbol.asyncDispose]();
      await snapshots.save();
    },
  };
}
