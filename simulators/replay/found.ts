import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { ChargingSession } from '#contracts/ocpp.ts';
import { TelemetrySeries } from '#contracts/telemetry.ts';
import { SimulatorError } from '../errors.ts';
import type { ApiClient } from '../provision/api-client.ts';
import type { Expected, ExpectedPoint, ExpectedSession, ExpectedStatus } from './expected.ts';

/** How much of something was sent and how much of it the service has. */
export interface Tally {
  readonly sent: number;
  readonly found: number;
}

export interface StationTally {
  readonly points: Tally;
  readonly statuses: Tally;
  readonly sessions: Tally;
  readonly connectors: Tally;
}

export interface StationQuestion {
  readonly stationId: string;
  readonly expected: Expected;
  /** When it was played. */
  readonly fromMs: number;
  readonly toMs: number;
}

type Series = readonly TelemetrySeries[];

const Telemetry = Compile(Type.Object({ series: Type.Array(TelemetrySeries) }));
const Sessions = Compile(
  Type.Object({ items: Type.Array(ChargingSession), nextCursor: Type.Union([Type.String(), Type.Null()]) }),
);
const Connectors = Compile(
  Type.Object({ items: Type.Array(Type.Object({ component: Type.String(), status: Type.String() })) }),
);
const METRICS = 'power,energy,current,voltage,soc,status';
const PAGE = 200;
const CLOSE = 1e-4;

/** Asks the service for all that is expected of a station and counts what it has. */
export async function tallyStation(api: ApiClient, question: StationQuestion): Promise<StationTally> {
  const { stationId, expected } = question;
  const times = [...expected.points, ...expected.statuses].flatMap(({ atMs }) =>
    atMs === null ? [] : [atMs],
  );
  const fromMs = Math.min(question.fromMs, ...times);
  const toMs = Math.max(question.toMs, ...times) + 1;
  const series = await telemetryOf(
    api,
    `deviceId=${encodeURIComponent(stationId)}&metrics=${METRICS}&from=${fromMs}&to=${toMs}`,
  );
  const sessions = await sessionsOf(api, stationId);
  const connectors = await connectorsOf(api, stationId);
  const wanted = new Set(expected.statuses.map(({ component }) => component));
  return {
    points: {
      sent: expected.points.length,
      found: expected.points.filter((point) => hasPoint(series, point)).length,
    },
    statuses: { sent: expected.statuses.length, found: statusesIn(series, question) },
    sessions: {
      sent: expected.sessions.length,
      found: expected.sessions.filter((session) => sessions.some((kept) => isSame(session, kept))).length,
    },
    connectors: { sent: wanted.size, found: [...wanted].filter((name) => connectors.has(name)).length },
  };
}

async function telemetryOf(api: ApiClient, query: string): Promise<Series> {
  const { body } = await api.request('GET', `/telemetry?${query}`);
  if (!Telemetry.Check(body)) throw surprising('/telemetry');
  return body.series;
}

async function sessionsOf(api: ApiClient, stationId: string): Promise<readonly ChargingSession[]> {
  const all: ChargingSession[] = [];
  let cursor = '';
  do {
    const path = `/charging-sessions?deviceId=${encodeURIComponent(stationId)}&limit=${PAGE}${cursor}`;
    const { body } = await api.request('GET', path);
    if (!Sessions.Check(body)) throw surprising('/charging-sessions');
    all.push(...body.items);
    cursor = body.nextCursor === null ? '' : `&cursor=${encodeURIComponent(body.nextCursor)}`;
  } while (cursor !== '');
  return all;
}

async function connectorsOf(api: ApiClient, stationId: string): Promise<ReadonlySet<string>> {
  const { body } = await api.request('GET', `/devices/${encodeURIComponent(stationId)}/connectors`);
  if (!Connectors.Check(body)) throw surprising('/devices/{id}/connectors');
  return new Set(body.items.map(({ component }) => component));
}

function hasPoint(series: Series, { component, metric, atMs, value }: ExpectedPoint): boolean {
  const kept = valuesOf(series, component, metric).find(([ms]) => ms === atMs)?.[1];
  return kept !== undefined && Math.abs(kept - value) <= CLOSE * Math.max(1, Math.abs(value));
}

function valuesOf(series: Series, component: string, metric: string): readonly (readonly [number, number])[] {
  return series.find((one) => one.component === component && one.metric === metric)?.points ?? [];
}

/** Those with a time of their own at that time; the others in their order among what arrived meanwhile. */
function statusesIn(series: Series, { expected, fromMs, toMs }: StationQuestion): number {
  let found = 0;
  const rest = new Map<string, (readonly [number, number])[]>();
  const arrived = (component: string) => {
    const known = rest.get(component);
    if (known !== undefined) return known;
    const own = valuesOf(series, component, 'status').filter(([ms]) => ms >= fromMs && ms <= toMs);
    rest.set(component, own);
    return own;
  };
  for (const status of expected.statuses) {
    if (
      status.atMs === null ? takeNext(arrived(status.component), status.value) : hasStatus(series, status)
    ) {
      found += 1;
    }
  }
  return found;
}

function hasStatus(series: Series, { component, atMs, value }: ExpectedStatus): boolean {
  return valuesOf(series, component, 'status').some(([ms, kept]) => ms === atMs && kept === value);
}

/** Removes the points up to the next one of this value; false, and nothing removed, when there is none. */
function takeNext(points: (readonly [number, number])[], value: number): boolean {
  const at = points.findIndex(([, kept]) => kept === value);
  if (at < 0) return false;
  points.splice(0, at + 1);
  return true;
}

function isSame(expected: ExpectedSession, kept: ChargingSession): boolean {
  if (kept.transactionId !== expected.transactionId) return false;
  const { start, stops } = expected;
  const isStarted =
    start === null || (timeOf(kept.startedAt) === start.atMs && kept.meterStartWh === start.meterWh);
  const isStopped =
    stops.length === 0 ||
    stops.some(({ atMs, meterWh }) => timeOf(kept.stoppedAt) === atMs && kept.meterStopWh === meterWh);
  return isStarted && isStopped && kept.isUnknown === (start === null);
}

function timeOf(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}

function surprising(path: string): SimulatorError {
  return new SimulatorError(
    'SIMULATOR_API_REPLY_INVALID',
    `the API answered GET ${path} with something else: use the same version of service and replay`,
  );
}
