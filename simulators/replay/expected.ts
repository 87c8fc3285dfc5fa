import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CONNECTOR_STATUSES } from '#contracts/metrics.ts';
import { connectorComponent, ocppTimeMs } from '#contracts/ocpp.ts';
import type { SentCall } from './play-station.ts';

export interface ExpectedPoint {
  readonly component: string;
  readonly metric: string;
  readonly atMs: number;
  readonly value: number;
}

export interface ExpectedStatus {
  readonly component: string;
  /** Position in the list of statuses. */
  readonly value: number;
  /** Null: the time of arrival. */
  readonly atMs: number | null;
}

export interface ExpectedSession {
  readonly transactionId: number;
  readonly start: { readonly atMs: number; readonly meterWh: number } | null;
  /** More than one where a station stopped it again: either may have been kept. */
  readonly stops: readonly { readonly atMs: number; readonly meterWh: number }[];
}

/** What must be found of what was sent and taken. */
export interface Expected {
  readonly points: readonly ExpectedPoint[];
  readonly statuses: readonly ExpectedStatus[];
  readonly sessions: readonly ExpectedSession[];
}

/** Measurands that are compared, the metric of each and what one wire unit is in the metric's. */
const METRICS: Readonly<Record<string, readonly [metric: string, units: Readonly<Record<string, number>>]>> =
  {
    'Power.Active.Import': ['power', { W: 1, kW: 1_000 }],
    'Energy.Active.Import.Register': ['energy', { Wh: 0.001, kWh: 1 }],
    'Current.Import': ['current', { A: 1 }],
    Voltage: ['voltage', { V: 1 }],
    SoC: ['soc', { Percent: 1 }],
  };
const DEFAULT_MEASURAND = 'Energy.Active.Import.Register';
const DEFAULT_UNITS: Readonly<Record<string, string>> = {
  'Power.Active.Import': 'W',
  'Energy.Active.Import.Register': 'Wh',
  'Current.Import': 'A',
  Voltage: 'V',
  SoC: 'Percent',
};

const Sampled = Type.Object({
  value: Type.String(),
  measurand: Type.Optional(Type.String()),
  unit: Type.Optional(Type.String()),
  phase: Type.Optional(Type.String()),
  location: Type.Optional(Type.String()),
});
const MeterValue = Type.Object({ timestamp: Type.String(), sampledValue: Type.Array(Sampled) });
const Metered = Compile(Type.Object({ connectorId: Type.Integer(), meterValue: Type.Array(MeterValue) }));
const Status = Compile(
  Type.Object({
    connectorId: Type.Integer(),
    status: Type.String(),
    timestamp: Type.Optional(Type.String()),
  }),
);
const Started = Compile(
  Type.Object({ timestamp: Type.String(), meterStart: Type.Number(), connectorId: Type.Integer() }),
);
const StartAnswer = Compile(Type.Object({ transactionId: Type.Integer() }));
const Stopped = Compile(
  Type.Object({
    timestamp: Type.String(),
    meterStop: Type.Number(),
    transactionId: Type.Integer(),
    transactionData: Type.Optional(Type.Array(MeterValue)),
  }),
);

/** Reads off what was sent what the service must know afterwards; what it refused is not expected. */
export function expectedOf(sent: readonly SentCall[]): Expected {
  const points = new Map<string, ExpectedPoint>();
  const statuses: ExpectedStatus[] = [];
  const sessions = new Map<number, ExpectedSession>();
  const places = new Map<number, number>();
  const addPoints = (connectorId: number, values: readonly unknown[]): void => {
    for (const point of pointsOf(connectorComponent(connectorId), values)) {
      points.set(`${point.component} ${point.metric} ${point.atMs}`, point);
    }
  };
  const readers: Readonly<Record<string, (call: SentCall) => void>> = {
    MeterValues({ payload }) {
      if (Metered.Check(payload)) addPoints(payload.connectorId, payload.meterValue);
    },
    StatusNotification({ payload }) {
      if (!Status.Check(payload)) return;
      const value = (CONNECTOR_STATUSES as readonly string[]).indexOf(snakeCase(payload.status));
      const atMs = payload.timestamp === undefined ? null : ocppTimeMs(payload.timestamp);
      if (value >= 0) statuses.push({ component: connectorComponent(payload.connectorId), value, atMs });
    },
    StartTransaction({ payload, result }) {
      if (!Started.Check(payload) || !StartAnswer.Check(result)) return;
      const start = { atMs: ocppTimeMs(payload.timestamp), meterWh: payload.meterStart };
      sessions.set(result.transactionId, { transactionId: result.transactionId, start, stops: [] });
      places.set(result.transactionId, payload.connectorId);
    },
    StopTransaction({ payload }) {
      if (!Stopped.Check(payload)) return;
      const { transactionId, transactionData = [] } = payload;
      const session = sessions.get(transactionId) ?? { transactionId, start: null, stops: [] };
      const stop = { atMs: ocppTimeMs(payload.timestamp), meterWh: payload.meterStop };
      sessions.set(transactionId, { ...session, stops: [...session.stops, stop] });
      const connectorId = places.get(transactionId);
      if (connectorId !== undefined) addPoints(connectorId, transactionData);
    },
  };
  for (const call of sent) {
    if (call.result !== null) readers[call.action]?.(call);
  }
  return { points: [...points.values()], statuses, sessions: [...sessions.values()] };
}

const compiledMeterValue = Compile(MeterValue);

function pointsOf(component: string, values: readonly unknown[]): readonly ExpectedPoint[] {
  return values.flatMap((value) => {
    if (!compiledMeterValue.Check(value)) return [];
    const atMs = ocppTimeMs(value.timestamp);
    return value.sampledValue.flatMap((sample): ExpectedPoint[] => {
      const measurand = sample.measurand ?? DEFAULT_MEASURAND;
      const [metric, units] = METRICS[measurand] ?? [];
      const scale = units?.[sample.unit ?? DEFAULT_UNITS[measurand] ?? ''];
      const isComparable = sample.phase === undefined && sample.location !== 'Inlet';
      if (metric === undefined || scale === undefined || !isComparable) return [];
      return [{ component, metric, atMs, value: Number(sample.value) * scale }];
    });
  });
}

/** `SuspendedEV` as `suspended_ev`. */
function snakeCase(status: string): string {
  return status.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}
