import type { DeviceRef } from '#contracts/point-batch.ts';
import { type Commands, createCommands } from '#gateway/commands/commands.ts';
import { deviceRoutes } from '#gateway/devices/device-routes.ts';
import { createDeviceRegistry, type DeviceRegistry } from '#gateway/devices/registry.ts';
import {
  accountRoutes,
  chargingRoutes,
  commandAnswersOf,
  createLiveValues,
  createUnknownMetrics,
  type Ingest,
  liveRoutes,
  openInfluxStore,
  openPostgresStore,
  type RefusedPoint,
  readCheckpoint,
  saveRecords,
  startIngest,
  sweepRecords,
  type TelemetryStore,
  telemetryRoutes,
} from '#ingest/index.ts';
import { createSecretHasher } from '#platform/auth/secrets.ts';
import { AftercareError } from '#platform/errors.ts';
import type { Routes } from '#platform/http/routes.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { type Rules, startRules } from '#rules/index.ts';
import { holdHazardsOf } from '#ticketing/repair/index.ts';
import { createUnits } from '#ticketing/units/index.ts';
import type { Ground } from './ground.ts';
import { openWires, stationUrl, type Wires } from './wires.ts';

/** Connections, the durable log, the telemetry store and rules, wired batch by batch. */
export interface DeviceSide {
  readonly ingest: Ingest;
  readonly rules: Rules;
  readonly registry: DeviceRegistry;
  readonly commands: Commands;
  readonly routes: readonly Routes[];
  defineJobs(jobs: Jobs): void;
  /** Listens for devices: last, when everything behind is ready. */
  listen(): Promise<Wires>;
}

export interface DeviceSideDeps {
  readonly ground: Ground;
  readonly store: TelemetryStore;
  readonly refused: RefusedPoints;
  readonly commands: Commands;
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
  {
    ground,
    store,
    rules,
    commands,
    live,
  }: DeviceSideDeps & { rules: Rules; live: ReturnType<typeof createLiveValues> },
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
      saveRecords: async (batches) => {
        await commands.recordAnswers(commandAnswersOf(batches));
        await saveRecords(db, { nodeId, atMs: clock.nowMs() }, batches);
      },
      onBatch(input) {
        rules.onBatch(input);
        live.onPoints(input.points);
      },
      onCommandAnswers: (answers) => {
        commands
          .recordAnswers(answers)
          .catch((error) => ground.log.warn({ err: error }, 'answers to commands wait for the store writer'));
      },
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

/** A store that is away was told of by its writer: work that comes again waits for it in silence. */
async function unlessAway(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof AftercareError) || error.code !== 'TELEMETRY_STORE_AWAY') throw error;
  });
}

function countMessages({ metrics, clock }: Ground, ingest: Ingest): void {
  metrics.gauge('aftercare_messages', 'Where messages went since the start, as in the ledger', {
    labels: ['outcome'],
    collect(gauge) {
      for (const [outcome, count] of Object.entries(ingest.ledger)) gauge.set({ outcome }, count);
    },
  });
  metrics.gauge('aftercare_store_lag_seconds', 'Age of the oldest message that the telemetry store lacks', {
    collect: (gauge) => gauge.set(Math.max(0, clock.nowMs() - ingest.stableUntilMs()) / 1_000),
  });
  metrics.gauge('aftercare_log_bytes', 'Bytes of the durable log', {
    collect: (gauge) => gauge.set(ingest.logBytes()),
  });
}

/** Points that the telemetry store will never take become dead letters once there is an ingest to keep them. */
export interface RefusedPoints {
  tell(points: readonly RefusedPoint[]): void;
  keep: (points: readonly RefusedPoint[]) => void;
}

export function createRefusedPoints(): RefusedPoints {
  const refused: RefusedPoints = { keep: () => undefined, tell: (points) => refused.keep(points) };
  return refused;
}

/** InfluxDB where there is one, else PostgreSQL. */
export function openTelemetryStore(ground: Ground, refused: RefusedPoints): Promise<TelemetryStore> {
  const { db, storage, clock, config, log, metrics } = ground;
  const rawDays = config.RAW_DAYS;
  if (config.INFLUX_URL === undefined)
    return openPostgresStore({ db, pool: storage.pool, clock }, { rawDays });
  return openInfluxStore(
    { db, clock, log: log.child({ part: 'telemetry' }), metrics, onRefused: refused.tell },
    {
      url: config.INFLUX_URL,
      token: config.INFLUX_TOKEN ?? '',
      org: config.INFLUX_ORG,
      bucket: config.INFLUX_BUCKET,
      rawDays,
    },
  );
}

/** The ledger of commands to devices; sends nothing until devices can connect. */
export function createCommandLedger({ db, clock, audit, outbox, log, metrics, bus }: Ground): Commands {
  const hazards = { of: holdHazardsOf };
  return createCommands({
    db,
    clock,
    audit,
    outbox,
    log: log.child({ part: 'commands' }),
    metrics,
    bus,
    hazards,
  });
}

/**
 * Opens rules and the log and replays what was left, so every consumer must be known by now; devices connect
 * only at `listen`.
 */
export async function openDeviceSide(deps: DeviceSideDeps): Promise<DeviceSide> {
  const { ground, store, commands, refused, ticketsOfAlarms } = deps;
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
  deps.subscribe([...rules.consumers, ...commands.consumers]);
  const live = createLiveValues({ bus: ground.bus, log: ground.log.child({ part: 'live' }), findDevice });
  lifecycle.use('live values', live);
  const { ingest, flushUnknownMetrics } = await openIngest({ ...deps, rules, live }, findDevice);
  late.ingest = ingest;
  refused.keep = ingest.refusePoints;
  lifecycle.use('ingest', ingest, STOP_MS);
  countMessages(ground, ingest);
  const secrets = createSecretHasher(ground.secretKey, 'device');
  const units = createUnits({ audit });
  const station = { port: config.OCPP_PORT };
  const deviceUrls = {
    ocpp: (stationId: string) => stationUrl(config, { stationId, port: station.port }),
  };
  return {
    ingest,
    rules,
    registry,
    commands,
    routes: [
      commands.routes,
      (app) => chargingRoutes(app, { db, findDevice }),
      (app) => liveRoutes(app, { live, auth: ground.auth, clock }),
      ...rules.routes,
      deviceRoutes({ db, clock, audit, outbox, secrets, units, registry, deviceUrls }),
      (app) => telemetryRoutes(app, { store, clock, findDevice }),
      (app) => accountRoutes(app, { db, ingest, maxLogBytes: config.LOG_MAX_BYTES }),
    ],
    defineJobs(jobs) {
      jobs.every('telemetry.roll_up', ROLLUP_EVERY_MS, () =>
        unlessAway(store.rollUp(ingest.stableUntilMs())),
      );
      jobs.every('telemetry.unknown_metrics', FLUSH_EVERY_MS, flushUnknownMetrics);
      jobs.every('telemetry.sweep', SWEEP_EVERY_MS, () => store.sweep());
      jobs.every('ingest.sweep', SWEEP_EVERY_MS, () => sweepRecords({ db, clock }));
    },
    listen: async () => {
      const wires = await openWires(ground, { registry, ingest });
      station.port = wires.ocppPort;
      lifecycle.use('commands', commands.startRunner(wires.carriers, { nodeId }));
      return wires;
    },
  };
}
