import type { DeviceRef } from '#contracts/point-batch.ts';
import type { RawMessage, RawSink } from '#contracts/raw-message.ts';
import type { AlarmRule } from '#contracts/rules.ts';
import type { PendingDevices } from '#gateway/devices/pending.ts';
import type { DeviceRegistry, RegisteredDevice } from '#gateway/devices/registry.ts';
import type { DeviceSessions } from '#gateway/devices/sessions.ts';
import { type MqttGateway, startMqttGateway } from '#gateway/mqtt/mqtt-gateway.ts';
import { type Ingest, startIngest } from '#ingest/index.ts';
import { createSecretHasher, type SecretHasher } from '#platform/auth/secrets.ts';
import { createClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { compileRule } from '#rules/compile/compile-rule.ts';
import { createEngine } from '#rules/core/engine.ts';
import type { Engine } from '#rules/core/engine-types.ts';
import { deviceIds } from '../support/api.ts';
import { answer } from '../support/children.ts';
import {
  type ContenderReady,
  type ContenderResult,
  type ContenderSettings,
  startCpuClock,
} from './contender.ts';
import { loadRules } from './load-rules.ts';

const PASSWORD = 'benchmark';
const LOG_MAX_BYTES = 8_589_934_592;
const MONTH_MS = 30 * 86_400_000;
const TICK_MS = 1_000;
const DRAIN_MS = 60_000;

/** Devices without a database: everything else is the product. */
function createFixedRegistry(ids: readonly string[], secrets: SecretHasher): DeviceRegistry {
  const secretHash = secrets.hash(PASSWORD);
  const devices = ids.map((id, index): RegisteredDevice => {
    const ref: DeviceRef = {
      id,
      index,
      kind: 'ac_unit',
      model: 'split-generic',
      unitId: id,
      siteId: null,
      labels: {},
    };
    return { ref, secretHash, isEnabled: true };
  });
  const byId = new Map(devices.map((device) => [device.ref.id, device]));
  return {
    load: async () => undefined,
    refresh: async () => undefined,
    find: (id) => byId.get(id)?.ref,
    byIndex: (index) => devices[index]?.ref,
    all: () => devices.map(({ ref }) => ref),
    findByUsername: (username) => byId.get(username),
    onRevoked: () => undefined,
  };
}

const sessions: DeviceSessions = {
  connected: () => undefined,
  disconnected: () => undefined,
  recover: async () => [],
  flush: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

const pending: PendingDevices = {
  seen: () => undefined,
  flush: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

/** The same path, told to the device before anything is on disk: what acknowledging after the log costs. */
function acknowledgingFirst(sink: RawSink): RawSink {
  const done = () => undefined;
  return {
    presence: sink.presence,
    accept(message: RawMessage) {
      const { protocol, device, channel, payload, receivedAtMs } = message;
      const { isDuplicateFlagged, packetId, session, qos } = message;
      message.acknowledge();
      sink.accept({
        protocol,
        device,
        channel,
        payload,
        receivedAtMs,
        isDuplicateFlagged,
        packetId,
        session,
        qos,
        acknowledge: done,
      });
    },
  };
}

interface NullSink {
  readonly gateway: MqttGateway;
  readonly ingest: Ingest;
  readonly engine: Engine;
  readonly stored: () => number;
}

function createRules(count: number): Engine {
  const rules = loadRules(count).map((rule): AlarmRule => ({ ...rule, version: 1, status: 'active' }));
  return createEngine(rules.map(compileRule), { maxHeldPerRow: 256 });
}

async function openNullSink(
  { folder, devices, rules }: ContenderSettings,
  wrap: (sink: RawSink) => RawSink,
): Promise<NullSink> {
  const clock = createClock();
  const log = createLog({ level: 'warn', format: 'json' });
  const secrets = createSecretHasher(Buffer.alloc(32, 7), 'device');
  const registry = createFixedRegistry(deviceIds(devices), secrets);
  const engine = createRules(rules);
  let stored = 0;
  let sequence = 0;
  const ingest = await startIngest(
    {
      clock,
      log,
      findDevice: registry.find,
      writePoints: async (batches) => {
        for (const batch of batches) stored += batch.count;
      },
      saveRecords: async () => undefined,
      onBatch(input) {
        engine.process(input);
        sequence = input.sequence;
      },
      rulesSequence: () => sequence,
    },
    { dataDir: folder, maxLogBytes: LOG_MAX_BYTES, maxAgeMs: MONTH_MS, storedSequence: 0, tickMs: TICK_MS },
  );
  const gateway = await startMqttGateway(
    {
      registry,
      secrets,
      sink: wrap(ingest.sink),
      log,
      clock,
      metrics: createMetrics(),
      sessions,
      pending,
      deadLetter: () => undefined,
    },
    { host: '127.0.0.1', port: 0 },
  );
  return { gateway, ingest, engine, stored: () => stored };
}

function failuresOf({ engine, ingest }: NullSink): string[] {
  const { points, late, backfilled, ahead } = engine.stats();
  const { deadLettered, duplicate, shed } = ingest.ledger;
  const odd = { late, backfilled, ahead, deadLettered, duplicate, shed };
  const failures = Object.entries(odd).filter(([, count]) => count > 0);
  return [
    ...failures.map(([what, count]) => `${count} messages ${what}`),
    ...(points === ingest.ledger.received ? [] : [`rules saw ${points} points of ${ingest.ledger.received}`]),
  ];
}

function runContender(wrap: (sink: RawSink) => RawSink): void {
  let opened: NullSink | undefined;
  let cpu = startCpuClock();
  answer(
    {
      async open(settings: ContenderSettings): Promise<ContenderReady> {
        opened = await openNullSink(settings, wrap);
        const devices = deviceIds(settings.devices);
        return {
          port: opened.gateway.port,
          devices: devices.map((id) => ({ id, username: id, password: PASSWORD })),
        };
      },
      begin() {
        cpu = startCpuClock();
      },
      async finish(): Promise<ContenderResult> {
        const started = performance.now();
        await opened?.ingest.stored(AbortSignal.timeout(DRAIN_MS));
        const drainMs = performance.now() - started;
        const failures = opened === undefined ? [] : failuresOf(opened);
        return { out: opened?.stored() ?? 0, cpuUs: cpu(), drainMs, failures };
      },
    },
    async () => {
      await opened?.gateway[Symbol.asyncDispose]();
      await opened?.ingest[Symbol.asyncDispose]();
    },
  );
}

/** Logged, read, evaluated by rules, discarded; acknowledged once it is on disk. */
export function runNullSink(): void {
  runContender((sink) => sink);
}

/** The same, acknowledged on arrival. */
export function runNullSinkAckFirst(): void {
  runContender(acknowledgingFirst);
}
