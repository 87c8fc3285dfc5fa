import type { ASTNode } from '@marcbachmann/cel-js';
import { findMetric, metricIndex } from '#contracts/metrics.ts';
import { type WindowSpec, windowKey } from '../core/compiled-rule.ts';
import { conditionError } from './condition-error.ts';
import { literalNumber, literalText, namedSlot, type Reads, windowMs } from './operands.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const FAMILY_OF: Readonly<Record<string, WindowSpec['family']>> = {
  avg: 'mean',
  min: 'range',
  max: 'range',
  delta: 'change',
  rate: 'change',
  starts: 'starts',
};
const IN_UNIT_OF_METRIC = new Set(['avg', 'min', 'max', 'delta']);

/** JavaScript for a numeric expression; NaN is unknown. */
export function emitNumber(reads: Reads, node: ASTNode): string {
  const literal = literalNumber(node);
  if (literal !== undefined) return literal < 0 || Object.is(literal, -0) ? `(${literal})` : `${literal}`;
  switch (node.op) {
    case 'id':
      return readSlot(reads, metricIndex(reads.kind, node.args) ?? 0);
    case '-_':
      return node.args.op === '-_' ? emitNumber(reads, node.args.args) : `(-${emitNumber(reads, node.args)})`;
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return emitArithmetic(reads, node);
    case '?:':
      throw unsupported(reads, node, 'a choice between numbers');
    case 'call':
      return emitCall(reads, node);
    default:
      throw unsupported(reads, node, `${node.op} on numbers`);
  }
}

/** Name of the constant that holds the slot's current value, the same for every rule with that maximal age. */
export function readSlot(reads: Reads, slot: number): string {
  const maxAgeMs = reads.maxAgeMs(slot);
  const name = `m${slot}_${maxAgeMs}`;
  const value = 2 * slot;
  reads.declared.add(`const ${name} = now - d[b + ${value + 1}] <= ${maxAgeMs} ? d[b + ${value}] : NaN;`);
  reads.metrics.add(slot);
  return name;
}

function unsupported(reads: Reads, node: ASTNode, what: string): Error {
  const place = { source: reads.source, offset: node.start };
  return conditionError('RULES_CONDITION_UNSUPPORTED', place, `conditions do not support ${what}`);
}

type BinaryNode = Extract<ASTNode, { op: '+' | '-' | '*' | '/' | '%' }>;

function emitArithmetic(reads: Reads, node: BinaryNode): string {
  const [left, right] = node.args;
  if (isWholeNumber(left) && isWholeNumber(right)) {
    throw unsupported(reads, node, 'arithmetic on whole numbers: write 2.0 for 2');
  }
  return `(${emitNumber(reads, left)} ${node.op} ${emitNumber(reads, right)})`;
}

function isWholeNumber(node: ASTNode): boolean {
  return node.op === '-_' ? isWholeNumber(node.args) : node.op === 'value' && typeof node.args === 'bigint';
}

type CallNode = Extract<ASTNode, { op: 'call' }>;

function emitCall(reads: Reads, node: CallNode): string {
  const [name, args] = node.args;
  if (name === 'double' && args[0] !== undefined) return emitNumber(reads, args[0]);
  const { slot, metric } = namedSlot(reads, args[0]);
  if (metric.type !== 'number') {
    const place = { source: reads.source, offset: node.start };
    throw conditionError('RULES_CONDITION_TYPE', place, `${name} needs a number and ${metric.name} is none`);
  }
  if (name === 'hours_to') return emitHoursTo(reads, node);
  const spanMs = windowMs(reads, args[1], SECOND_MS);
  return emitWindow(reads, name, { metric: slot, windowMs: spanMs, family: FAMILY_OF[name] ?? 'mean' });
}

/** One call an evaluation at most: the result is kept in a variable of the generated function. */
function emitWindow(reads: Reads, statistic: string, spec: WindowSpec): string {
  const key = windowKey(spec);
  reads.windows.set(key, spec);
  const current = readSlot(reads, spec.metric);
  const variable = `${statistic}${key}_${reads.maxAgeMs(spec.metric)}`;
  reads.declared.add(`let ${variable};`);
  return `(${variable} ??= ${current} === ${current} ? c.windows.${statistic}(${key}, row, now) : NaN)`;
}

function emitHoursTo(reads: Reads, node: CallNode): string {
  const [, args] = node.args;
  const { slot } = namedSlot(reads, args[0]);
  const limit = literalNumber(args[1]);
  const direction = args[3]?.op === 'value' ? args[3].args : 'rising';
  if (limit === undefined || (direction !== 'rising' && direction !== 'falling')) {
    throw unsupported(reads, node, 'a limit that is not literal, or a direction but "rising" or "falling"');
  }
  const spec = { metric: slot, windowMs: windowMs(reads, args[2], HOUR_MS), family: 'mean' } as const;
  const slope = emitWindow(reads, 'slope', spec);
  const level = emitWindow(reads, 'level', spec);
  return direction === 'rising'
    ? `hoursUntil(${slope}, ${limit} - ${level})`
    : `hoursUntil(-${slope}, ${level} - ${limit})`;
}

/** Metrics in whose unit an expression is, by name: what a deadband can be added to. */
export function metricsNamedIn(reads: Reads, node: ASTNode): string[] {
  switch (node.op) {
    case 'id':
      return findMetric(reads.kind, node.args) === undefined ? [] : [node.args];
    case '-_':
      return metricsNamedIn(reads, node.args);
    case '+':
    case '-':
    case '*':
    case '/':
      return node.args.flatMap((side) => metricsNamedIn(reads, side));
    case 'call':
      return IN_UNIT_OF_METRIC.has(node.args[0]) ? [literalText(reads, node.args[1][0], 'the metric')] : [];
    default:
      return [];
  }
}
