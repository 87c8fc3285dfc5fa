import { setTimeout as delay } from 'node:timers/promises';
import type { LoadCounts, LoadSettings } from './load/generator.ts';
import type {
  ContenderReady,
  ContenderResult,
  ContenderSettings,
  FinishSettings,
} from './servers/contender.ts';
import type { BareResult } from './servers/influxdb-bare.ts';
import { openFolder, type Part, startPart } from './support/children.ts';
import { machineTicks, otherLoadPct } from './support/cpu.ts';
import { type Options, wholeNumber } from './support/options.ts';
import { hasProgram, PROGRAMS } from './support/program.ts';
import { median, type Outcome, say } from './support/report.ts';

const PAIRED = [
  'aedes-bare',
  'null-sink-ack-first',
  'null-sink',
  'influxdb-bare',
  'influxdb',
  'node-red',
] as const;
const ONCE = 'embedded';
/** Posts by itself: no messages, no load generator. */
const BARE_POSTER = 'influxdb-bare';
/** Its broker takes what it cannot: about what it sustains is offered, and the rest of it drained. */
const NODE_RED = 'node-red';
const NODE_RED_PER_SEC = 25_000;
const RULES = 100;
const KEEPALIVE_SECONDS = 30;
const WARM_UP_MS = 1_500;
const MUST = { nullSink: 0.5, nodeRed: 5, influxdb: 0.6, acknowledgeCost: 0.25, embeddedPerSec: 25_000 };

interface Plan {
  readonly seconds: number;
  readonly rounds: number;
  readonly embeddedSeconds: number;
  readonly devices: number;
  readonly window: number;
  /** Messages a second offered to `embedded`; null: as fast as it acknowledges. */
  readonly rate: number | null;
}

/** One contender under load once. */
interface Measurement {
  readonly name: string;
  readonly msgsPerSec: number;
  readonly acknowledgedPerSec: number;
  readonly cpuUsPerMsg: number;
  readonly in: number;
  readonly out: number;
  readonly disconnects: number;
  readonly drainMs: number;
  readonly otherCpuPct: number;
  readonly loadCpuUsPerMsg: number;
  readonly failures: readonly string[];
}

interface Load {
  readonly name: string;
  readonly seconds: number;
  readonly ratePerSec: number | null;
}

/** What of the machine neither the contender nor the load generator had. */
function otherCpuPct(before: ReturnType<typeof machineTicks>, oursUs: number): number {
  const after = machineTicks();
  const oursTicks = oursUs / 10_000;
  const share = (after.busy - before.busy - oursTicks) / Math.max(1, after.total - before.total);
  return Math.max(0, Math.round(100 * share));
}

function check(name: string, counts: LoadCounts, result: ContenderResult): string[] {
  const conditions: readonly (readonly [boolean, string])[] = [
    [counts.acknowledged === counts.sent, `${counts.sent} sent, ${counts.acknowledged} acknowledged`],
    [counts.acknowledged === result.out, `${counts.acknowledged} in, ${result.out} out`],
    [counts.disconnects === 0, `${counts.disconnects} disconnects`],
  ];
  const broken = conditions.filter(([holds]) => !holds).map(([, sentence]) => sentence);
  return [...broken, ...result.failures].map((sentence) => `${name}: ${sentence}`);
}

async function watch(server: Part, { name, seconds }: Load): Promise<void> {
  const everyMs = 30_000;
  if (name !== ONCE) return delay(seconds * 1_000);
  const started = performance.now();
  for (let leftMs = seconds * 1_000; leftMs > 0; leftMs -= everyMs) {
    await delay(Math.min(everyMs, leftMs));
    const { received, stored, spooled } = await server.ask<Record<string, number>>('ledger');
    const atSeconds = Math.round((performance.now() - started) / 1_000);
    say(`${name}: after ${atSeconds} s ${received} received, ${stored} stored, ${spooled} in the log`);
  }
}

/** The bare poster for as long as the others are under load. */
async function measureBare(plan: Plan, { name, seconds }: Load): Promise<Measurement> {
  using folder = await openFolder();
  await using server = startPart(name);
  await server.ask('open', {
    folder: folder.path,
    devices: plan.devices,
    rules: 0,
  } satisfies ContenderSettings);
  await delay(WARM_UP_MS);
  const before = machineTicks();
  await server.ask('begin');
  await delay(seconds * 1_000);
  const { sent, out, elapsedMs, cpuUs } = await server.ask<BareResult>('finish');
  const perSec = Math.round((1_000 * out) / elapsedMs);
  return {
    name,
    msgsPerSec: perSec,
    acknowledgedPerSec: perSec,
    cpuUsPerMsg: Math.round((100 * cpuUs) / out) / 100,
    in: sent,
    out,
    disconnects: 0,
    drainMs: 0,
    otherCpuPct: otherCpuPct(before, cpuUs),
    loadCpuUsPerMsg: 0,
    failures: sent === out ? [] : [`${name}: ${sent} lines sent, ${out} found`],
  };
}

async function measure(plan: Plan, load: Load): Promise<Measurement> {
  const { name, ratePerSec } = load;
  if (name === BARE_POSTER) return measureBare(plan, load);
  using folder = await openFolder();
  await using server = startPart(name);
  const settings: ContenderSettings = { folder: folder.path, devices: plan.devices, rules: RULES };
  const { port, devices } = await server.ask<ContenderReady>('open', settings);
  await using generator = startPart('generator');
  const { window } = plan;
  await generator.ask<LoadCounts>('connect', {
    port,
    devices,
    window,
    keepaliveSeconds: KEEPALIVE_SECONDS,
    comesBack: false,
    remembers: false,
    ratePerSec,
  } satisfies LoadSettings);
  await delay(WARM_UP_MS);
  const before = machineTicks();
  await server.ask('begin');
  await generator.ask('go');
  await watch(server, load);
  const counts = await generator.ask<LoadCounts>('finish', { withinMs: 60_000 });
  const finish: FinishSettings = { expected: counts.acknowledged };
  const result = await server.ask<ContenderResult>('finish', finish);
  const tookMs = counts.elapsedMs + result.drainMs;
  return {
    name,
    msgsPerSec: Math.round((1_000 * result.out) / tookMs),
    acknowledgedPerSec: Math.round((1_000 * counts.acknowledged) / counts.elapsedMs),
    cpuUsPerMsg: Math.round((100 * result.cpuUs) / result.out) / 100,
    in: counts.acknowledged,
    out: result.out,
    disconnects: counts.disconnects,
    drainMs: Math.round(result.drainMs),
    otherCpuPct: otherCpuPct(before, result.cpuUs + counts.cpuUs),
    loadCpuUsPerMsg: Math.round((100 * counts.cpuUs) / counts.sent) / 100,
    failures: check(name, counts, result),
  };
}

function tell(measurement: Measurement): void {
  const { name, msgsPerSec, cpuUsPerMsg, drainMs, otherCpuPct: others, loadCpuUsPerMsg } = measurement;
  say(
    `${name}: ${msgsPerSec}/s, ${cpuUsPerMsg} µs a message (load generator ${loadCpuUsPerMsg}), ` +
      `drained in ${drainMs} ms, others had ${others} %`,
  );
}

/** Contenders in turn, in rotated order, so that none always follows the same other. */
async function runRounds(plan: Plan, names: readonly string[]): Promise<Map<string, Measurement[]>> {
  const measured = new Map<string, Measurement[]>(names.map((name) => [name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length] ?? '';
      const ratePerSec = name === NODE_RED ? NODE_RED_PER_SEC : null;
      const measurement = await measure(plan, { name, seconds: plan.seconds, ratePerSec });
      tell(measurement);
      measured.get(name)?.push(measurement);
    }
  }
  return measured;
}

const sum = (all: readonly Measurement[], key: 'in' | 'out' | 'disconnects') =>
  all.reduce((total, measurement) => total + measurement[key], 0);

function rowOf(name: string, all: readonly Measurement[]) {
  const middle = (key: 'msgsPerSec' | 'cpuUsPerMsg' | 'acknowledgedPerSec' | 'drainMs' | 'otherCpuPct') =>
    median(all.map((measurement) => measurement[key]));
  return {
    name,
    msgsPerSec: middle('msgsPerSec'),
    cpuUsPerMsg: middle('cpuUsPerMsg'),
    in: sum(all, 'in'),
    out: sum(all, 'out'),
    disconnects: sum(all, 'disconnects'),
    acknowledgedPerSec: middle('acknowledgedPerSec'),
    drainMs: middle('drainMs'),
    otherCpuPct: middle('otherCpuPct'),
  };
}

type Measured = ReadonlyMap<string, readonly Measurement[]>;

/** Median over rounds of one contender beside another of the same round. */
function ratio(
  measured: Measured,
  key: 'msgsPerSec' | 'cpuUsPerMsg',
  [one, other]: readonly [string, string],
) {
  const beside = measured.get(other) ?? [];
  const ratios = (measured.get(one) ?? []).map(
    (measurement, round) => measurement[key] / (beside[round]?.[key] ?? Number.NaN),
  );
  return Math.round(1_000 * median(ratios)) / 1_000;
}

/** Rates are what the budgets speak of; processor time a message moves less on a machine that others use too. */
function ratiosOf(measured: Measured) {
  const toBare = ['null-sink', 'aedes-bare'] as const;
  const toAckFirst = ['null-sink', 'null-sink-ack-first'] as const;
  const toPoster = ['influxdb', 'influxdb-bare'] as const;
  const toNodeRed = ['null-sink', 'node-red'] as const;
  return {
    'influxdb / influxdb-bare': ratio(measured, 'msgsPerSec', toPoster),
    'null-sink / node-red': ratio(measured, 'msgsPerSec', toNodeRed),
    'cpu node-red / null-sink': ratio(measured, 'cpuUsPerMsg', [toNodeRed[1], toNodeRed[0]]),
    'null-sink / aedes-bare': ratio(measured, 'msgsPerSec', toBare),
    'null-sink / null-sink-ack-first': ratio(measured, 'msgsPerSec', toAckFirst),
    'cpu aedes-bare / null-sink': ratio(measured, 'cpuUsPerMsg', [toBare[1], toBare[0]]),
    'cpu null-sink-ack-first / null-sink': ratio(measured, 'cpuUsPerMsg', [toAckFirst[1], toAckFirst[0]]),
  };
}

function readPlan(options: Options): Plan {
  const rate = wholeNumber(options, 'rate', { otherwise: 0, min: 1 });
  return {
    seconds: wholeNumber(options, 'seconds', { otherwise: 8, min: 1 }),
    rounds: wholeNumber(options, 'rounds', { otherwise: 3, min: 1 }),
    embeddedSeconds: wholeNumber(options, 'embedded-seconds', { otherwise: 300, min: 1 }),
    devices: wholeNumber(options, 'devices', { otherwise: 200, min: 100 }),
    window: wholeNumber(options, 'window', { otherwise: 20, min: 1 }),
    rate: rate === 0 ? null : rate,
  };
}

function judge(ratios: Readonly<Record<string, number>>, embeddedPerSec: number | undefined): string[] {
  const share = ratios['null-sink / aedes-bare'] ?? Number.NaN;
  const cost = 1 - (ratios['null-sink / null-sink-ack-first'] ?? Number.NaN);
  const toPoster = ratios['influxdb / influxdb-bare'] ?? Number.NaN;
  const toNodeRed = ratios['null-sink / node-red'] ?? Number.NaN;
  const percent = (part: number) => `${Math.round(100 * part)} %`;
  return [
    ...(share < MUST.nullSink ? [`null-sink runs at ${percent(share)} of aedes-bare`] : []),
    ...(toPoster < MUST.influxdb ? [`influxdb runs at ${percent(toPoster)} of influxdb-bare`] : []),
    ...(toNodeRed < MUST.nodeRed ? [`null-sink runs at ${toNodeRed} times node-red`] : []),
    ...(cost > MUST.acknowledgeCost ? [`acknowledging after the log costs ${percent(cost)}`] : []),
    ...(embeddedPerSec !== undefined && embeddedPerSec < MUST.embeddedPerSec
      ? [`embedded stores ${embeddedPerSec}/s, ${MUST.embeddedPerSec}/s it must`]
      : []),
  ];
}

/** Rows asked for, without those whose servers are not installed here. */
function wantedRows(options: Options): string[] {
  const needs = { [BARE_POSTER]: 'influxd', influxdb: 'influxd', [NODE_RED]: 'mosquitto' } as const;
  const missing = Object.entries(needs).filter(([, program]) => !hasProgram(program));
  for (const [name, program] of missing)
    say(`${name} is left out: apt-get install ${PROGRAMS[program].packageName}`);
  const rows = options.rows?.split(',') ?? [...PAIRED, ONCE];
  return rows.filter((row) => missing.every(([name]) => name !== row));
}

/** From the wire to the end of the path: each contender under the same load. */
export async function benchPipeline(options: Options): Promise<Outcome> {
  const plan = readPlan(options);
  const wanted = wantedRows(options);
  say(`the machine is ${await otherLoadPct()} % busy before we start`);
  const measured = await runRounds(
    plan,
    PAIRED.filter((name) => wanted.includes(name)),
  );
  const rows = [...measured].map(([name, all]) => rowOf(name, all));
  const ratios = ratiosOf(measured);
  say(`ratios ${JSON.stringify(ratios)}`);
  const failures = [...measured.values()].flat().flatMap((measurement) => measurement.failures);
  if (!wanted.includes(ONCE))
    return { result: { rows, ratios }, failures: [...failures, ...judge(ratios, undefined)] };
  const load = { name: ONCE, seconds: plan.embeddedSeconds, ratePerSec: plan.rate };
  const embedded = await measure(plan, load);
  tell(embedded);
  rows.push(rowOf(ONCE, [embedded]));
  return {
    result: { rows, ratios },
    failures: [...failures, ...embedded.failures, ...judge(ratios, embedded.msgsPerSec)],
  };
}
