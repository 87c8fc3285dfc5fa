import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { LoadDevice } from './load/device.ts';
import type { LoadCounts, LoadSettings } from './load/generator.ts';
import { type Api, createApi, deviceIds, isReady, type LedgerAccount, signIn } from './support/api.ts';
import {
  ADMIN_PASSWORD,
  type AppPorts,
  connectTo,
  freePort,
  postmasterOf,
  spawnApp,
  untilReady,
} from './support/app-process.ts';
import { endChild, openFolder, type Part, startPart } from './support/children.ts';
import { type Options, wholeNumber } from './support/options.ts';
import { type Outcome, say } from './support/report.ts';
import { waitFor } from './support/wait.ts';

const FAULT_CODE = 'E1';
const FAULTY = [3, 11, 19, 27, 42];
const KEEPALIVE_SECONDS = 30;
const MIN_ACKNOWLEDGED = 20_000;
const MIN_SHARE = 0.9;
const SETTLE_MS = 3_000;

/** What is killed in a round: Node, PostgreSQL, or both at once. */
type Victim = 'node' | 'postgres' | 'both';
const VICTIMS: readonly Victim[] = [
  'node',
  'node',
  'postgres',
  'node',
  'both',
  'node',
  'postgres',
  'node',
  'both',
  'node',
];

interface Run {
  readonly ports: AppPorts;
  readonly generator: Part;
  readonly api: Api;
  readonly failures: string[];
  app: ChildProcess;
  kills: number;
  postgresKills: number;
  killedPostmaster: number;
}

function raiseFaults({ generator }: Run): Promise<void> {
  const payload = JSON.stringify({ ts: Date.now(), code: FAULT_CODE, state: 'raised' });
  return generator.ask('fault', { indexes: FAULTY, payload });
}

async function kill(run: Run, victim: Victim): Promise<void> {
  if (victim !== 'node') {
    run.killedPostmaster = await postmasterOf(run.ports.dataDir);
    process.kill(run.killedPostmaster, 'SIGKILL');
    run.postgresKills += 1;
  }
  if (victim !== 'postgres') {
    const exited = once(run.app, 'exit');
    run.app.kill('SIGKILL');
    await exited;
  }
  run.kills += 1;
}

/** Up again with every client back; gives the account as it then is. */
async function recover(run: Run, victim: Victim): Promise<LedgerAccount> {
  const { ports, generator, api } = run;
  if (victim !== 'postgres') run.app = spawnApp(ports);
  await waitFor('new PostgreSQL', async () => (await postmasterOf(ports.dataDir)) !== run.killedPostmaster);
  await untilReady(run.app, ports.httpPort);
  await generator.ask('connected', { withinMs: 60_000 });
  return waitFor('ledger', () => api.ledger());
}

async function playRound(run: Run, round: number, seconds: number): Promise<void> {
  const victim = VICTIMS[round % VICTIMS.length] ?? 'node';
  await raiseFaults(run);
  await delay(seconds * 1_000 * (0.6 + 0.4 * Math.random()));
  await raiseFaults(run);
  await delay(Math.random() * 40);
  const started = performance.now();
  await kill(run, victim);
  const ledger = await recover(run, victim);
  const counts = await run.generator.ask<LoadCounts>('counts');
  say(
    `round ${round + 1}: killed ${victim}, back after ${Math.round(performance.now() - started)} ms; ` +
      `${counts.sent} sent, ${counts.acknowledged} acknowledged, ${counts.resent} sent again; ` +
      `${ledger.spooledAtStart} spooled at start, ${ledger.duplicate} duplicates, imbalance ${ledger.imbalance}`,
  );
  if (ledger.imbalance !== 0)
    run.failures.push(`round ${round + 1}: the ledger is off by ${ledger.imbalance}`);
}

async function settle({ api, failures }: Run): Promise<void> {
  const ledger = await waitFor(
    'ledger with nothing on its way',
    async () => {
      const account = await api.ledger();
      return account.spooled === 0 && account.inFlight === 0 ? account : undefined;
    },
    { withinMs: 120_000, everyMs: 200 },
  );
  if (ledger.imbalance !== 0) failures.push(`at the end the ledger is off by ${ledger.imbalance}`);
}

const OPEN_TICKETS = `select count(*)::int as count from ticket where status not in ('closed', 'cancelled', 'merged')`;

/** Tickets come a moment after their alarm: waits for as many as there are faults, then for one too many. */
async function openTickets(database: pg.Client, faults: number): Promise<number> {
  const read = async () => (await database.query<{ count: number }>(OPEN_TICKETS)).rows[0]?.count ?? 0;
  await waitFor('ticket for every fault', async () => (await read()) >= faults, { withinMs: 30_000 }).catch(
    () => undefined,
  );
  await delay(SETTLE_MS);
  return read();
}

async function findRows(
  database: pg.Client,
  devices: readonly LoadDevice[],
  acknowledged: readonly Float64Array[],
): Promise<{ found: number; lost: number }> {
  let found = 0;
  let lost = 0;
  for (const [index, { id }] of devices.entries()) {
    const { rows } = await database.query<{ ms: string }>(
      `select (extract(epoch from ts) * 1000)::bigint as ms from telemetry_ac_unit where device_id = $1`,
      [id],
    );
    const stored = new Set(rows.map(({ ms }) => Number(ms)));
    for (const ts of acknowledged[index] ?? []) {
      if (stored.has(ts)) found += 1;
      else lost += 1;
    }
  }
  return { found, lost };
}

async function countDeadLetters(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ count: number }>('select count(*)::int as count from dead_letter');
  return rows[0]?.count ?? 0;
}

async function openRun(dataDir: string, { devices, rate }: { devices: number; rate: number }) {
  const ports = { dataDir, httpPort: await freePort(), mqttPort: await freePort() };
  const app = spawnApp(ports);
  await untilReady(app, ports.httpPort);
  const api = createApi(ports.httpPort, await signIn(ports.httpPort, ADMIN_PASSWORD));
  const registered = await api.registerDevices(deviceIds(devices));
  const generator = startPart('generator');
  const settings: LoadSettings = {
    port: ports.mqttPort,
    devices: registered,
    window: 100,
    keepaliveSeconds: KEEPALIVE_SECONDS,
    comesBack: true,
    remembers: true,
    ratePerSec: rate,
  };
  await generator.ask('connect', settings);
  const run: Run = {
    ports,
    generator,
    api,
    app,
    failures: [],
    kills: 0,
    postgresKills: 0,
    killedPostmaster: 0,
  };
  return { run, registered };
}

interface Verdict {
  readonly counts: LoadCounts;
  readonly lost: number;
  readonly openTickets: number;
  readonly deadLetters: number;
}

function judge({ counts, lost, openTickets: tickets, deadLetters }: Verdict): string[] {
  const { sent, acknowledged } = counts;
  const conditions: readonly (readonly [boolean, string])[] = [
    [lost === 0, `${lost} acknowledged messages are not in the store`],
    [acknowledged >= MIN_ACKNOWLEDGED, `only ${acknowledged} acknowledged, ${MIN_ACKNOWLEDGED} must be`],
    [acknowledged >= MIN_SHARE * sent, `only ${acknowledged} of ${sent} acknowledged`],
    [counts.waiting === 0, `${counts.waiting} messages were never acknowledged`],
    [tickets === FAULTY.length, `${tickets} open tickets for ${FAULTY.length} faults`],
    [deadLetters === 0, `${deadLetters} dead letters`],
  ];
  return conditions.filter(([holds]) => !holds).map(([, sentence]) => sentence);
}

/** Kills the app or its PostgreSQL again and again under load, and looks for every acknowledged message. */
export async function benchCrash(options: Options): Promise<Outcome> {
  const rounds = wholeNumber(options, 'rounds', { otherwise: 10, min: 1 });
  const seconds = wholeNumber(options, 'seconds', { otherwise: 6, min: 1 });
  const devices = wholeNumber(options, 'devices', { otherwise: 50, min: 50 });
  const rate = wholeNumber(options, 'rate', { otherwise: 2_000, min: 1 });
  using folder = await openFolder();
  const { run, registered } = await openRun(folder.path, { devices, rate });
  const { generator, ports } = run;
  await generator.ask('go');
  for (let round = 0; round < rounds; round++) await playRound(run, round, seconds);
  await delay(1_000);
  const counts = await generator.ask<LoadCounts>('finish', { withinMs: 30_000 });
  await waitFor('ready app', () => isReady(ports.httpPort));
  await settle(run);
  const database = await connectTo(ports.dataDir);
  const tickets = await openTickets(database, FAULTY.length);
  const acknowledged = await generator.ask<Float64Array[]>('remembered');
  const { found, lost } = await findRows(database, registered, acknowledged);
  const deadLetters = await countDeadLetters(database);
  await database.end();
  await generator[Symbol.asyncDispose]();
  await endChild(run.app);
  return {
    result: {
      kills: run.kills,
      sent: counts.sent,
      acknowledged: counts.acknowledged,
      acknowledgedLost: lost,
      found,
      faults: FAULTY.length,
      openTickets: tickets,
      postgresKills: run.postgresKills,
      sentAgain: counts.resent,
      notSent: counts.notSent,
      reconnects: counts.disconnects,
      faultMessages: counts.faultsAcknowledged,
      deadLetters,
    },
    failures: [...run.failures, ...judge({ counts, lost, openTickets: tickets, deadLetters })],
  };
}
