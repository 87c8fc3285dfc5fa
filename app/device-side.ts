import type { DeviceRef } from '#contracts/point-batch.ts';
import { deviceRoutes } from '#gateway/devices/device-routes.ts';
import { createPendingDevices } from '#gateway/devices/pending.ts';
import { createDeviceRegistry, type DeviceRegistry } from '#gateway/devices/registry.ts';
import { createDeviceSessions } from '#gateway/devices/sessions.ts';
import { type MqttGateway, startMqttGateway } from '#gateway/mqtt/mqtt-gateway.ts';
import {
  accountRoutes,
  createUnknownMetrics,
  type Ingest,
  openPostgresStore,
  readCheckpoint,
  saveRecords,
  startIngest,
  sweepRecords,
  type TelemetryStore,
  telemetryRoutes,
} from '#ingest/index.ts';
import { createSecretHasher } from '#platform/auth/secrets.ts';
import type { Routes } from '#platform/http/routes.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { type Rules, startRules } from '#rules/index.ts';
import { createUnits } from '#ticketing/units/index.ts';
import type { Ground } from './ground.ts';

/** Connections, the durable log, the telemetry store and rules, wired batch by batch. */
export interface DeviceSide {
  readonly ingest: Ingest;
  readonly rules: Rules;
  readonly registry: DeviceRegistry;
  readonly routes: readonly Routes[];
  defineJobs(jobs: Jobs): void;
  /** Listens for devices: last, when everything behind is ready. */
  listen(): Promise<MqttGateway>;
}

export interface DeviceSideDeps {
  readonly ground: Ground;
  readonly store: TelemetryStore;
  /** Makes the rules' consumers known: what the replay publishes must find every queue. */
  readonly subscribe: (consumers: readonly Consumer[]) => void;
  readonly ticketsOfAlarms: (alarmIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

const DAY_MS = 86_400_000;
const TICK_MS = 1_000;
const ROLLUP_EVERY_MS = 10_000;
const FLUSH_EVERY_MS = 10_000;
const SWEEP_EVERY_MS = 3_600_000;
const STOP_MS = 20_000;

async function openIngest(
  { ground, store, rules }: { ground: Ground; store: TelemetryStore; rules: Rules },
  findDevice: (deviceId: string) => DeviceRef | undefined,
): Promise<{ ingest: Ingest; flushUnknownMetrics: () => Promise<void> }> {
  const { db, clock, config, nodeId } = ground;
  const unknownMetrics = createUnknownMetrics({ db, clock });
  const ingest = await startIngest(
    {
      clock,
      log: ground.log.child({ part: 'ingest' }),
      findDevice,
      writePoints: store.write,
      saveRecords: (batches) => saveRecords(db, { nodeId, atMs: clock.nowMs() }, batches),
      onBatch: rules.onBatch,
      onUnknownMetrics: unknownMetrics.note,
      rulesSequence: rules.rulesSequence,
    },
    {
      dataDir: config.DATA_DIR,
      maxLogBytes: config.LOG_MAX_BYTES,
      maxAgeMs: config.RAW_DAYS * DAY_MS,
      storedSequence: await readCheckpoint(db, nodeId),
      tickMs: clock.wallDelayMs(TICK_MS),
    },
  );
  return { ingest, flushUnknownMetrics: unknownMetrics.flush };
}

function countMessages({ metrics }: Ground, ingest: Ingest): void {
  metrics.gauge('aftercare_messages', 'Where messages went since the start, as in the ledger', {
    labels: ['outcome'],
    collect(gauge) {
      for (const [outcome, count] of Object.entries(ingest.ledger)) gauge.set({ outcome }, count);
    },
  });
  metrics.gauge('aftercare_log_bytes', 'Bytes of the durable log', {
    collect: (gauge) => gauge.set(ingest.logBytes()),
  });
}

function createListener(ground: Ground, { registry, ingest }: { registry: DeviceRegistry; ingest: Ingest }) {
  const { db, clock, config, nodeId, metrics, lifecycle } = ground;
  const log = ground.log.child({ part: 'gateway' });
  const secrets = createSecretHasher(ground.secretKey, 'device');
  return async (): Promise<MqttGateway> => {
    const sessions = lifecycle.use('device sessions', createDeviceSessions({ db, clock, log }, { nodeId }));
    const pending = lifecycle.use('pending devices', createPendingDevices({ db, clock, log }));
    const gateway = await startMqttGateway(
      {
        registry,
        secrets,
        sink: ingest.sink,
        log,
        pending,
        clock,
        metrics,
        sessions,
        deadLetter: ({ payload, ...refused }) =>
          ingest.refuse({ ...refused, payload: payload ?? Buffer.alloc(0) }),
      },
      { host: config.HOST, port: config.MQTT_PORT },
    );
    return lifecycle.use('mqtt', gateway, STOP_MS);
  };
}

export function openTelemetryStore({ db, storage, clock, config }: Ground): Promise<TelemetryStore> {
  return openPostgresStore({ db, pool: storage.pool, clock }, { rawDays: config.RAW_DAYS });
}

/**
 * Opens rules and the log and replays what was left, so every consumer must be known by now; devices connect
 * only at `listen`.
 */
export async function openDeviceSide(deps: DeviceSideDeps): Promise<DeviceSide> {
  const { ground, store, ticketsOfAlarms } = deps;
  const { db, clock, config, lifecycle, audit, outbox, metrics, nodeId } = ground;
  const registry = createDeviceRegistry({ db });
  await registry.load();
  const findDevice = registry.find;
  const late: { ingest?: Ingest } = {};
  const rules = await startRules(
    {
      db,
      clock,
      log: ground.log.child({ part: 'rules' }),
      metrics,
      outbox,
      audit,
      findDevice,
      ticketsOfAlarms,
      acknowledgeAlarm: (alarmKey) => late.ingest?.acknowledgeAlarm(alarmKey),
    },
    { nodeId },
  );
  lifecycle.use('rules', rules, STOP_MS);
  deps.subscribe(rules.consumers);
  const { ingest, flushUnknownMetrics } = await openIngest({ ground, store, rules }, findDevice);
  late.ingest = ingest;
  lifecycle.use('ingest', ingest, STOP_MS);
  countMessages(ground, ingest);
  const secrets = createSecretHasher(ground.secretKey, 'device');
  const units = createUnits({ audit });
  const deviceUrls = {
    ocpp: (id: string) => `ws://${config.HOST}:${config.OCPP_PORT}/ocpp/${encodeURIComponent(id)}`,
  };
  return {
    ingest,
    rules,
    registry,
    routes: [
      ...rules.routes,
      deviceRoutes({ db, clock, audit, outbox, secrets, units, registry, deviceUrls }),
      (app) => telemetryRoutes(app, { store, clock, findDevice }),
      (app) => accountRoutes(app, { db, ingest, maxLogBytes: config.LOG_MAX_BYTES }),
    ],
    defineJobs(jobs) {
      jobs.every('telemetry.roll_up', ROLLUP_EVERY_MS, () => store.rollUp(ingest.stableUntilMs()));
      jobs.every('telemetry.unknown_metrics', FLUSH_EVERY_MS, flushUnknownMetrics);
      jobs.every('telemetry.sweep', SWEEP_EVERY_MS, () => store.sweep());
      jobs.every('ingest.sweep', SWEEP_EVERY_MS, () => sweepRecords({ db, clock }));
    },
    listen: createListener(ground, { registry, ingest }),
  };
}
