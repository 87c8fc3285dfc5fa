import { type Static, Type } from 'typebox';
import { CONNECTOR_STATUSES } from './metrics.ts';

/**
 * A call of a station as the durable log keeps it: `[action, payload, answered]` in JSON. `answered` holds what we
 * promised in the reply and must find again: the transaction id of a StartTransaction (OCPP 1.6, 4.8), and the
 * connector of the transaction that a StopTransaction names, where we know it.
 */
export const LoggedCall = Type.Tuple([
  Type.String({ minLength: 1, maxLength: 64 }),
  Type.Unknown(),
  Type.Object({ transactionId: Type.Optional(Type.Integer()), connectorId: Type.Optional(Type.Integer()) }),
]);
export type LoggedCall = Static<typeof LoggedCall>;

/** `connector-1` … for a connector, `""` for the station as a whole (OCPP connector 0). */
export function connectorComponent(connectorId: number): string {
  return connectorId === 0 ? '' : `connector-${connectorId}`;
}

/** The connector's number, 0 for the whole; null for a component that is none. */
export function connectorOf(component: string): number | null {
  if (component === '') return 0;
  const [, digits] = /^connector-(\d{1,3})$/.exec(component) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** What a station signs in with: Basic auth with its id as user name. The password is shown once. */
export const OcppCredentials = Type.Object({
  url: Type.String({ description: 'ws://host:port/ocpp/{stationId}' }),
  password: Type.String({ description: '40 hex digits; the text and its 20 bytes are both accepted' }),
});

/** A charging session as kept: one transaction of one connector. Energy in Wh. */
export const ChargingSession = Type.Object(
  {
    deviceId: Type.String(),
    component: Type.String(),
    transactionId: Type.Integer(),
    startedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'null: only its end was reported',
    }),
    stoppedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    meterStartWh: Type.Union([Type.Number(), Type.Null()]),
    meterStopWh: Type.Union([Type.Number(), Type.Null()]),
    stopReason: Type.Union([Type.String(), Type.Null()]),
    isUnknown: Type.Boolean({ description: 'a stop for a transaction that we never started' }),
  },
  { $id: 'ChargingSession', additionalProperties: false },
);
export type ChargingSession = Static<typeof ChargingSession>;

const CONNECTOR_FIELDS = {
  component: Type.String({ description: 'connector-1 …; empty: the station as a whole' }),
  status: Type.Enum(CONNECTOR_STATUSES),
  errorCode: Type.Union([Type.String(), Type.Null()], { description: 'the fault that came with it' }),
  at: Type.String({ format: 'date-time' }),
};

/** What a pile last told of one of its connectors. */
export const Connector = Type.Object(CONNECTOR_FIELDS);

/** The same, in a list of several piles. */
export const PileConnector = Type.Object({ deviceId: Type.String(), ...CONNECTOR_FIELDS });
export type PileConnector = Static<typeof PileConnector>;

const TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d\d:?\d\d)?$/i;

/** Epoch ms of an OCPP timestamp, NaN for what is none. Stations that leave the zone out mean UTC (1.6, 3.14). */
export function ocppTimeMs(value: unknown): number {
  const [, day, clock, zone] = (typeof value === 'string' ? TIME.exec(value.trim()) : null) ?? [];
  if (day === undefined || clock === undefined) return Number.NaN;
  const offset = zone === undefined ? 'Z' : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  return Date.parse(`${day}T${clock.replace(',', '.')}${offset.toUpperCase()}`);
}
