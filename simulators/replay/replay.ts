import { setTimeout as wait } from 'node:timers/promises';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { SimulatorError } from '../errors.ts';
import { type ApiClient, createApiClient } from '../provision/api-client.ts';
import { expectedOf } from './expected.ts';
import { type StationTally, type Tally, tallyStation } from './found.ts';
import { type Played, playStation } from './play-station.ts';
import type { RecordedStation } from './recording.ts';

/** What was played and what of it was found. */
export interface ReplayReport {
  readonly stations: number;
  /** Of other protocols. */
  readonly skipped: number;
  readonly calls: number;
  /** CALLs of the server that were answered. */
  readonly answered: number;
  readonly violations: readonly string[];
  readonly points: Tally;
  readonly statuses: Tally;
  readonly sessions: Tally;
  readonly connectors: Tally;
  /** Messages on every wire that the service cannot account for. */
  readonly imbalance: number;
  readonly isComplete: boolean;
}

export interface ReplayDeps {
  readonly now: () => number;
  readonly api: ApiClient;
  readonly say: (line: string) => void;
}

export interface ReplaySettings {
  readonly stations: readonly RecordedStation[];
  readonly ocppUrl: string;
  /** Of stations that are not registered yet. */
  readonly model: string;
  /** How long what was acknowledged may take to be readable. */
  readonly settleMs: number;
}

const PROTOCOL = 'ocpp1.6';
const POLL_MS = 500;
const Registered = Compile(Type.Object({ ocpp: Type.Object({ password: Type.String() }) }));
const Ledger = Compile(Type.Object({ imbalance: Type.Integer() }));
const LoggedIn = Compile(Type.Object({ token: Type.String() }));

/** Plays all stations at once, then looks until everything is found or `settleMs` have passed. */
export async function replay(deps: ReplayDeps, settings: ReplaySettings): Promise<ReplayReport> {
  const { api, say, now } = deps;
  const stations = settings.stations.filter(({ protocol }) => protocol === PROTOCOL);
  const skipped = settings.stations.length - stations.length;
  const passwords = new Map<string, string>();
  for (const { id } of stations) passwords.set(id, await register(api, id, settings.model));
  say(`${stations.length} stations to play, ${skipped} of other protocols skipped`);
  const passwordOf = (id: string): string | null => passwords.get(id) ?? null;
  const played = await Promise.all(
    stations.map(async (station) => {
      const one = await playStation({ now, passwordOf }, station, settings.ocppUrl);
      say(`${station.id}: ${one.sent.length} calls, ${one.violations.length} violations`);
      return one;
    }),
  );
  const untilMs = now() + settings.settleMs;
  let report = await look(api, played, skipped);
  while (!report.isComplete && now() < untilMs) {
    await wait(POLL_MS);
    report = await look(api, played, skipped);
  }
  return report;
}

/** The password of a station, which is registered unless it is; a known one gets another password. */
async function register(api: ApiClient, id: string, model: string): Promise<string> {
  const body = { id, kind: 'charging_pile', model };
  const created = await api.request('POST', '/devices', { body, accept: [409] });
  const path = `/devices/${encodeURIComponent(id)}/credentials`;
  const reply = created.status === 409 ? await api.request('POST', path) : created;
  if (Registered.Check(reply.body)) return reply.body.ocpp.password;
  throw new SimulatorError(
    'SIMULATOR_API_REPLY_INVALID',
    `the API gave no OCPP password for ${id}: is it registered as something else?`,
  );
}

async function look(api: ApiClient, played: readonly Played[], skipped: number): Promise<ReplayReport> {
  const tallies: StationTally[] = [];
  for (const { stationId, sent, fromMs, toMs } of played) {
    tallies.push(await tallyStation(api, { stationId, expected: expectedOf(sent), fromMs, toMs }));
  }
  const { body } = await api.request('GET', '/ledger');
  const counts = {
    points: total(tallies, 'points'),
    statuses: total(tallies, 'statuses'),
    sessions: total(tallies, 'sessions'),
    connectors: total(tallies, 'connectors'),
  };
  const imbalance = Ledger.Check(body) ? body.imbalance : Number.NaN;
  const violations = played.flatMap((one) => one.violations.map((text) => `${one.stationId}: ${text}`));
  const isFound = Object.values(counts).every(({ sent, found }) => sent === found);
  return {
    stations: played.length,
    skipped,
    calls: played.reduce((sum, { sent }) => sum + sent.length, 0),
    answered: played.reduce((sum, { answered }) => sum + answered, 0),
    violations,
    ...counts,
    imbalance,
    isComplete: isFound && imbalance === 0 && violations.length === 0,
  };
}

function total(tallies: readonly StationTally[], key: keyof StationTally): Tally {
  return tallies.reduce<Tally>(
    (sum, tally) => ({ sent: sum.sent + tally[key].sent, found: sum.found + tally[key].found }),
    { sent: 0, found: 0 },
  );
}

/** A token for a user's name and password. */
export async function logIn(baseUrl: string, login: { username: string; password: string }): Promise<string> {
  const api = createApiClient({ baseUrl, token: '' });
  const { body } = await api.request('POST', '/auth/login', { body: login });
  if (LoggedIn.Check(body)) return body.token;
  throw new SimulatorError(
    'SIMULATOR_API_REPLY_INVALID',
    'the API gave no token: use the same version of both',
  );
}

/** The report in lines for people. */
export function tell(report: ReplayReport): string {
  const { points, statuses, sessions, connectors, violations } = report;
  const line = (name: string, { sent, found }: Tally): string =>
    `  ${name.padEnd(12)}${sent} sent, ${found} found`;
  return [
    `${report.stations} stations played, ${report.skipped} skipped, ${report.calls} calls`,
    line('points', points),
    line('sessions', sessions),
    line('statuses', statuses),
    line('connectors', connectors),
    `  ${'violations'.padEnd(12)}${violations.length}`,
    ...violations.map((text) => `    ${text}`),
    `  ${'imbalance'.padEnd(12)}${report.imbalance}`,
    '',
  ].join('\n');
}
