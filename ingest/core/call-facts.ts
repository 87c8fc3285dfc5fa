import { connectorComponent, ocppTimeMs } from '#contracts/ocpp.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { ChargingChange } from './charging-change.ts';
import { observedAt } from './observed-at.ts';
import type { DecodeProblem, ProblemCode } from './problem.ts';

/** Whose call it is, when we got it, and what we promised in the reply. */
export interface CallSource {
  readonly device: DeviceRef;
  readonly receivedAtMs: number;
  /** The oldest device time that is still stored. */
  readonly oldestMs: number;
  readonly answered: { readonly transactionId?: number; readonly connectorId?: number };
  readonly allowsComponent: (device: DeviceRef, component: string) => boolean;
}

export interface CallPoint {
  readonly component: string;
  readonly observedAtMs: number;
  /** By metric index. */
  readonly values: ReadonlyMap<number, number>;
}

type CallFault = { readonly component: string; readonly observedAtMs: number } & (
  | {
      readonly type: 'fault';
      readonly code: string;
      readonly state: 'raised' | 'cleared';
      readonly detail: string | null;
    }
  | { readonly type: 'fault_list'; readonly codes: readonly string[] }
);

interface CallEvent {
  readonly type: 'fault' | 'status' | 'boot' | 'firmware' | 'diagnostics' | 'vendor';
  readonly component: string;
  readonly code: string | null;
  readonly state: string;
  readonly detail: Readonly<Record<string, string | null>>;
  readonly observedAtMs: number;
}

type WithoutDevice<T> = T extends unknown ? Omit<T, 'deviceId'> : never;

/** What one call told. Nothing kept: it is dead-lettered with the first problem. */
export interface CallFacts {
  /** The newest plausible time that the station gave, or null. */
  ownMs: number | null;
  readonly points: CallPoint[];
  readonly faults: CallFault[];
  readonly events: CallEvent[];
  readonly charging: WithoutDevice<ChargingChange>[];
  badValues: number;
  problem: DecodeProblem | null;
  readonly unknownMetrics: string[];
}

export type CallDecoder = (facts: CallFacts, payload: Fields, source: CallSource) => void;

/** A JSON object as it came. */
export type Fields = Readonly<Record<string, unknown>>;

export function createFacts(): CallFacts {
  return {
    ownMs: null,
    points: [],
    faults: [],
    events: [],
    charging: [],
    badValues: 0,
    problem: null,
    unknownMetrics: [],
  };
}

export function noteBad(facts: CallFacts, code: ProblemCode, field: string): void {
  facts.badValues += 1;
  facts.problem ??= { code, field };
}

/** What cutting a text may leave of its last character. */
const CUT_PAIR = /[\ud800-\udbff]$/;

/** The field's text, trimmed and cut; null where it is absent, empty or no text. */
export function textOf(fields: Fields, name: string, maxLength = 255): string | null {
  const value = fields[name];
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (text.length > maxLength) return text.slice(0, maxLength).replace(CUT_PAIR, '');
  return text === '' ? null : text;
}

const MAX_CONNECTOR = 999;

/** The component of the connector that a number names, or null with the problem noted. */
export function componentOf(facts: CallFacts, connectorId: unknown, source: CallSource): string | null {
  const isNumber = typeof connectorId === 'number' && Number.isInteger(connectorId);
  if (!isNumber || connectorId < 0 || connectorId > MAX_CONNECTOR) {
    noteBad(facts, 'INGEST_SHAPE_INVALID', 'connectorId');
    return null;
  }
  const component = connectorComponent(connectorId);
  if (source.allowsComponent(source.device, component)) return component;
  noteBad(facts, 'INGEST_COMPONENT_LIMIT', 'connectorId');
  return null;
}

/** A register's whole watt hours, or null with the problem noted. */
export function wattHoursOf(facts: CallFacts, fields: Fields, name: string): number | null {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  noteBad(facts, 'INGEST_VALUE_TYPE', name);
  return null;
}

/** When it was, by the station's clock where that is given and plausible, else by ours. */
export function timeOf(facts: CallFacts, fields: Fields, source: CallSource): number {
  const { timestamp } = fields;
  if (timestamp === undefined || timestamp === null) return source.receivedAtMs;
  const ownMs = ocppTimeMs(timestamp);
  if (Number.isNaN(ownMs)) noteBad(facts, 'INGEST_VALUE_TYPE', 'timestamp');
  const atMs = observedAt(ownMs, source);
  if (ownMs === atMs) facts.ownMs = Math.max(facts.ownMs ?? 0, ownMs);
  return atMs;
}
