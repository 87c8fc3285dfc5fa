import { setTimeout as delay } from 'node:timers/promises';
import type { LoadDevice } from './load/device.ts';
import type { LoadCounts, LoadSettings } from './load/generator.ts';
import { openAlarmStream } from './support/alarm-stream.ts';
import { createApi, deviceIds, isReady, type LedgerAccount, signIn } from './support/api.ts';
import { ADMIN_PASSWORD, freePort, spawnApp, untilReady } from './support/app-process.ts';
import { endChild, openFolder, type Part, startPart } from './support/children.ts';
import { type InfluxProcess, startInflux } from './support/influx-process.ts';
import { type Options, wholeNumber } from './support/options.ts';
import { type Outcome, percentile, say } from './support/report.ts';
import { waitFor } from './support/wait.ts';

const KEEPALIVE_SECONDS = 30;
const WARM_UP_MS = 5_000;
const FAULT_CODE = 'E1';
/** What a store that is away may add to an alarm. */
const MAX_ADDED_MS = 1_000;
const ALARM_WITHIN_MS = 30_000;
const DRAIN_WITHIN_MS = 300_000;

interface Plan {
  readonly beforeSeconds: number;
  readonly downSeconds: number;
  readonly ratePerSec: number;
  readonly faultsPerSec: number;
  readonly devices: number;
}

/** One fault on a device of its own each time, and when its alarm was told. */
interface Fault {
  readonly isDuring: boolean;
  readonly sentAtMs: number;
  alarmAfterMs: number | null;
}

function readPlan(options: Options): Plan {
  const beforeSeconds = wholeNumber(options, 'before-seconds', { otherwise: 60, min: 5 });
  const downSeconds = wholeNumber(options, 'down-seconds', { otherwise: 120, min: 5 });
  const faultsPerSec = wholeNumber(options, 'faults', { otherwise: 2, min: 1 });
  const faults = (beforeSeconds + downSeconds) * faultsPerSec;
  return {
    beforeSeconds,
    downSeconds,
    faultsPerSec,
    ratePerSec: wholeNumber(options, 'rate', { otherwise: 2_000, min: 1 }),
    devices: wholeNumber(options, 'devices', { otherwise: faults + 10, min: faults }),
  };
}

/** Raises a fault on the next device, again and again, for a span. */
async function raiseFaults(
  { plan, generator, devices }: { plan: Plan; generator: Part; devices: readonly LoadDevice[] },
  faults: Map<string, Fault>,
  span: { seconds: number; isDuring: boolean },
): Promise<void> {
  const started = performance.now();
  const everyMs = 1_000 / plan.faultsPerSec;
  for (let raised = 0; raised < span.seconds * plan.faultsPerSec; raised++) {
    await delay(Math.max(0, started + (raised + 1) * everyMs - performance.now()));
    const index = faults.size;
    const sentAtMs = Date.now();
    faults.set(devices[index]?.id ?? '', { isDuring: span.isDuring, sentAtMs, alarmAfterMs: null });
    const payload = JSON.stringify({ ts: sentAtMs, code: FAULT_CODE, state: 'raised' });
    await generator.ask('fault', { indexes: [index], payload });
  }
}

async function untilStored(ledger: () => Promise<LedgerAccount>): Promise<LedgerAccount> {
  return waitFor(
    'ledger with nothing on its way',
    async () => {
      const account = await ledger();
      return account.spooled === 0 && account.inFlight === 0 ? account : undefined;
    },
    { withinMs: DRAIN_WITHIN_MS, everyMs: 200 },
  );
}

async function findPoints(
  influx: InfluxProcess,
  devices: readonly LoadDevice[],
  acknowledged: readonly Float64Array[],
): Promise<{ found: number; lost: number }> {
  let found = 0;
  let lost = 0;
  for (const [index, { id }] of devices.entries()) {
    const rows = await influx.query(`select "supply_temp" from "ac_unit" where "device_id" = '${id}'`);
    const stored = new Set(rows.map(([ms]) => Number(ms)));
    for (const ts of acknowledged[index] ?? []) {
      if (stored.has(ts)) found += 1;
      else lost += 1;
    }
  }
  return { found, lost };
}

const latencies = (faults: readonly Fault[], isDuring: boolean) =>
  faults
    .filter((fault) => fault.isDuring === isDuring)
    .flatMap(({ alarmAfterMs }) => (alarmAfterMs === null ? [] : [alarmAfterMs]));

interface Run {
  readonly counts: LoadCounts;
  readonly faults: readonly Fault[];
  readonly ledger: LedgerAccount;
  readonly wasReady: boolean;
  readonly found: number;
  readonly lost: number;
  readonly downMs: number;
  readonly drainMs: number;
}

function outcomeOf({ counts, faults, ledger, wasReady, ...run }: Run): Outcome {
  const before = latencies(faults, false);
  const during = latencies(faults, true);
  const alarmP99MsBefore = percentile(before, 99);
  const alarmP99MsDuring = percentile(during, 99);
  const alarms = before.length + during.length;
  const conditions: readonly (readonly [boolean, string])[] = [
    [run.lost === 0, `${run.lost} acknowledged messages are not in InfluxDB`],
    [counts.acknowledged === counts.sent, `${counts.sent} sent, ${counts.acknowledged} acknowledged`],
    [counts.disconnects === 0, `${counts.disconnects} disconnects`],
    [alarms === faults.length, `${faults.length} faults, ${alarms} alarms`],
    [
      alarmP99MsDuring <= alarmP99MsBefore + MAX_ADDED_MS,
      `alarms take ${alarmP99MsDuring} ms while InfluxDB is away, ${alarmP99MsBefore} ms before`,
    ],
    [ledger.imbalance === 0, `the ledger is off by ${ledger.imbalance}`],
    [ledger.deadLettered === 0, `${ledger.deadLettered} dead letters`],
    [wasReady, 'the app was not ready while InfluxDB was away'],
  ];
  return {
    result: {
      downMs: Math.round(run.downMs),
      acknowledged: counts.acknowledged,
      acknowledgedLost: run.lost,
      alarmP99MsBefore,
      alarmP99MsDuring,
      alarmP50MsBefore: percentile(before, 50),
      alarmP50MsDuring: percentile(during, 50),
      found: run.found,
      faults: faults.length,
      alarms,
      notSent: counts.notSent,
      disconnects: counts.disconnects,
      drainMs: Math.round(run.drainMs),
    },
    failures: conditions.filter(([holds]) => !holds).map(([, sentence]) => sentence),
  };
}

/** Stops InfluxDB under load while faults keep raising alarms, then looks for every acknowledged message. */
export async function benchOutage(options: Options): Promise<Outcome> {
  const plan = readPlan(options);
  using folder = await openFolder();
  await using influx = await startInflux(folder.path);
  const { variables } = influx;
  const ports = { dataDir: folder.path, httpPort: await freePort(), mqttPort: await freePort(), variables };
  const app = spawnApp(ports);
  await untilReady(app, ports.httpPort);
  const token = await signIn(ports.httpPort, ADMIN_PASSWORD);
  const api = createApi(ports.httpPort, token);
  const devices = await api.registerDevices(deviceIds(plan.devices));
  await using generator = startPart('generator');
  await generator.ask('connect', {
    port: ports.mqttPort,
    devices,
    window: 100,
    keepaliveSeconds: KEEPALIVE_SECONDS,
    comesBack: true,
    remembers: true,
    ratePerSec: plan.ratePerSec,
  } satisfies LoadSettings);
  const faults = new Map<string, Fault>();
  await using _ = await openAlarmStream({ httpPort: ports.httpPort, token }, (deviceId) => {
    const fault = faults.get(deviceId);
    if (fault?.alarmAfterMs === null) fault.alarmAfterMs = Date.now() - fault.sentAtMs;
  });
  await generator.ask('go');
  await delay(WARM_UP_MS);
  const load = { plan, generator, devices };
  await raiseFaults(load, faults, { seconds: plan.beforeSeconds, isDuring: false });
  const stoppedAt = performance.now();
  await influx.stop();
  say('InfluxDB is stopped');
  await raiseFaults(load, faults, { seconds: plan.downSeconds, isDuring: true });
  const wasReady = await isReady(ports.httpPort);
  const { spooled } = await api.ledger();
  await influx.start();
  const downMs = performance.now() - stoppedAt;
  say(`InfluxDB is back after ${Math.round(downMs)} ms; ${spooled} messages wait in the log`);
  const counts = await generator.ask<LoadCounts>('finish', { withinMs: 60_000 });
  const drainFrom = performance.now();
  const ledger = await untilStored(api.ledger);
  const drainMs = performance.now() - drainFrom;
  await waitFor(
    'alarm of every fault',
    async () => [...faults.values()].every((fault) => fault.alarmAfterMs !== null),
    {
      withinMs: ALARM_WITHIN_MS,
    },
  ).catch(() => undefined);
  const acknowledged = await generator.ask<Float64Array[]>('remembered');
  const { found, lost } = await findPoints(influx, devices, acknowledged);
  await endChild(app);
  return outcomeOf({ counts, faults: [...faults.values()], ledger, wasReady, found, lost, downMs, drainMs });
}
