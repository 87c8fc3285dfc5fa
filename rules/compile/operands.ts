import type { ASTNode } from '@marcbachmann/cel-js';
import { type DeviceKind, findMetric, type Metric, metricIndex } from '#contracts/metrics.ts';
import type { WindowSpec } from '../core/compiled-rule.ts';
import { conditionError } from './condition-error.ts';

/** What the generated function reads, collected while it is generated. */
export interface Reads {
  readonly kind: DeviceKind;
  readonly source: string;
  readonly maxAgeMs: (slot: number) => number;
  /** Declarations of the variables that the expression uses. */
  readonly declared: Set<string>;
  readonly metrics: Set<number>;
  readonly windows: Map<number, WindowSpec>;
  readonly absences: { metric: number; forMs: number }[];
  readonly faultCodes: Set<string>;
  readonly compared: Set<string>;
  readsOnline: boolean;
}

const LONGEST_WINDOW_MS = 400 * 24 * 3_600_000;

export function createReads({ kind, source, maxAgeMs }: Pick<Reads, 'kind' | 'source' | 'maxAgeMs'>): Reads {
  return {
    kind,
    source,
    maxAgeMs,
    declared: new Set(),
    metrics: new Set(),
    windows: new Map(),
    absences: [],
    faultCodes: new Set(),
    compared: new Set(),
    readsOnline: false,
  };
}

/** A string literal, or an error that tells what it should name. */
export function literalText(reads: Reads, node: ASTNode | undefined, what: string): string {
  if (node?.op === 'value' && typeof node.args === 'string') return node.args;
  const offset = node?.start ?? 0;
  throw conditionError('RULES_CONDITION_TYPE', { source: reads.source, offset }, `${what} must be literal`);
}

/** A number literal, its sign included; undefined for anything else. */
export function literalNumber(node: ASTNode | undefined): number | undefined {
  if (node?.op === '-_') {
    const value = literalNumber(node.args);
    return value === undefined ? undefined : -value;
  }
  if (node?.op !== 'value') return undefined;
  const { args } = node;
  return typeof args === 'bigint' || typeof args === 'number' ? Number(args) : undefined;
}

/** The slot that a function's first argument names. */
export function namedSlot(
  reads: Reads,
  node: ASTNode | undefined,
): { readonly slot: number; readonly metric: Metric } {
  const name = literalText(reads, node, 'the metric');
  const slot = metricIndex(reads.kind, name);
  const metric = findMetric(reads.kind, name);
  if (slot === undefined || metric === undefined) {
    const place = { source: reads.source, offset: node?.start ?? 0 };
    throw conditionError('RULES_CONDITION_UNKNOWN_NAME', place, `no metric is named ${name}`);
  }
  reads.metrics.add(slot);
  return { slot, metric };
}

/** A literal window in ms; `unitMs` is the unit it is written in. */
export function windowMs(reads: Reads, node: ASTNode | undefined, unitMs: number): number {
  const value = literalNumber(node);
  if (value !== undefined && value > 0 && value * unitMs <= LONGEST_WINDOW_MS) return value * unitMs;
  const place = { source: reads.source, offset: node?.start ?? 0 };
  throw conditionError('RULES_CONDITION_WINDOW', place, 'a window is a literal above 0 and at most 400 days');
}
