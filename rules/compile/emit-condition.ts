import type { ASTNode } from '@marcbachmann/cel-js';
import { findMetric, metricIndex } from '#contracts/metrics.ts';
import { conditionError, conditionTooLarge, LARGEST_FUNCTION_CHARS } from './condition-error.ts';
import { emitNumber, metricsNamedIn, readSlot } from './emit-number.ts';
import { literalText, namedSlot, type Reads, windowMs } from './operands.ts';

/** JavaScript that is true when the condition is surely true, and when it is surely false. */
export interface Truth {
  readonly yes: string;
  readonly no: string;
}

/**
 * How limits move: `deadband` by metric, and +1 or -1 for whether a looser comparison helps the whole condition
 * to stay true; 0 where neither can be said.
 */
export interface Loosening {
  readonly deadband: Readonly<Record<string, number>>;
  readonly sense: 1 | 0 | -1;
}

/** Three-valued logic after Kleene: where neither `yes` nor `no` holds, the condition is unknown. */
export function emitTruth(reads: Reads, node: ASTNode, loosening: Loosening): Truth {
  const truth = emitUnbounded(reads, node, loosening);
  requireSize([truth]);
  return truth;
}

/** Each part doubles in a choice or an equality of truths: the size is checked before it can explode. */
function requireSize(parts: readonly Truth[]): void {
  const chars = parts.reduce((sum, { yes, no }) => sum + Math.max(yes.length, no.length), 0);
  if (chars > LARGEST_FUNCTION_CHARS) throw conditionTooLarge();
}

function emitUnbounded(reads: Reads, node: ASTNode, loosening: Loosening): Truth {
  switch (node.op) {
    case '&&':
    case '||':
      return emitConnective(reads, node, loosening);
    case '!_': {
      const sense = (0 - loosening.sense) as Loosening['sense'];
      const inner = emitTruth(reads, node.args, { ...loosening, sense });
      return { yes: inner.no, no: inner.yes };
    }
    case '?:':
      return emitChoice(reads, node, loosening);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return emitOrder(reads, node, loosening);
    case '==':
      return emitEqual(reads, node.args);
    case '!=': {
      const equal = emitEqual(reads, node.args);
      return { yes: equal.no, no: equal.yes };
    }
    case 'in':
      return emitMembership(reads, node);
    default:
      return emitPlainTruth(reads, node);
  }
}

function unsupported(reads: Reads, node: ASTNode, what: string): Error {
  const place = { source: reads.source, offset: node.start };
  return conditionError('RULES_CONDITION_UNSUPPORTED', place, `conditions do not support ${what}`);
}

type Node<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>;

function emitConnective(reads: Reads, node: Node<'&&' | '||'>, loosening: Loosening): Truth {
  const left = emitTruth(reads, node.args[0], loosening);
  const right = emitTruth(reads, node.args[1], loosening);
  return node.op === '&&'
    ? { yes: `(${left.yes} && ${right.yes})`, no: `(${left.no} || ${right.no})` }
    : { yes: `(${left.yes} || ${right.yes})`, no: `(${left.no} && ${right.no})` };
}

function emitChoice(reads: Reads, node: Node<'?:'>, loosening: Loosening): Truth {
  const condition = emitTruth(reads, node.args[0], { ...loosening, sense: 0 });
  const then = emitTruth(reads, node.args[1], loosening);
  const otherwise = emitTruth(reads, node.args[2], loosening);
  const choose = (side: keyof Truth) =>
    `((${condition.yes} && ${then[side]}) || (${condition.no} && ${otherwise[side]}))`;
  return { yes: choose('yes'), no: choose('no') };
}

const OPPOSITE = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' } as const;

function emitOrder(reads: Reads, node: Node<'<' | '<=' | '>' | '>='>, loosening: Loosening): Truth {
  if (isText(reads, node.args[0])) throw unsupported(reads, node, 'an order of texts');
  const named = new Set(node.args.flatMap((side) => metricsNamedIn(reads, side)));
  let margin = 0;
  for (const name of named) {
    reads.compared.add(name);
    margin += loosening.deadband[name] ?? 0;
  }
  margin *= node.op.startsWith('>') ? -loosening.sense : loosening.sense;
  const left = emitNumber(reads, node.args[0]);
  const plain = emitNumber(reads, node.args[1]);
  const right = margin === 0 ? plain : `(${plain} + (${margin}))`;
  return { yes: `(${left} ${node.op} ${right})`, no: `(${left} ${OPPOSITE[node.op]} ${right})` };
}

function emitEqual(reads: Reads, [left, right]: readonly [ASTNode, ASTNode]): Truth {
  if (isText(reads, left)) {
    return left.op === 'value' ? emitTextEqual(reads, right, left) : emitTextEqual(reads, left, right);
  }
  if (isTruth(reads, left)) {
    const fixed = { deadband: {}, sense: 0 } as const;
    const a = emitTruth(reads, left, fixed);
    const b = emitTruth(reads, right, fixed);
    return {
      yes: `((${a.yes} && ${b.yes}) || (${a.no} && ${b.no}))`,
      no: `((${a.yes} && ${b.no}) || (${a.no} && ${b.yes}))`,
    };
  }
  const a = emitNumber(reads, left);
  const b = emitNumber(reads, right);
  return { yes: `(${a} === ${b})`, no: `(${a} < ${b} || ${a} > ${b})` };
}

function emitTextEqual(reads: Reads, subject: ASTNode, literal: ASTNode): Truth {
  const text = literalText(reads, literal, 'one side of a comparison of texts');
  if (subject.op === 'id' && subject.args !== 'model') return emitEnumEqual(reads, subject, text);
  const quoted = JSON.stringify(text);
  const value = emitText(reads, subject);
  return { yes: `(${value} === ${quoted})`, no: `((${value} ?? ${quoted}) !== ${quoted})` };
}

function emitEnumEqual(reads: Reads, subject: Node<'id'>, text: string): Truth {
  const values = findMetric(reads.kind, subject.args)?.values ?? [];
  const position = values.indexOf(text);
  if (position < 0) {
    const place = { source: reads.source, offset: subject.start };
    const message = `${subject.args} is never "${text}"; it is one of ${values.join(', ')}`;
    throw conditionError('RULES_CONDITION_TYPE', place, message);
  }
  const slot = readSlot(reads, metricIndex(reads.kind, subject.args) ?? 0);
  return { yes: `(${slot} === ${position})`, no: `(${slot} < ${position} || ${slot} > ${position})` };
}

function emitText(reads: Reads, node: ASTNode): string {
  if (node.op === 'id') return 'c.model(row)';
  if (node.op !== 'call') throw unsupported(reads, node, 'text made of other texts');
  return `c.attribute(row, ${JSON.stringify(literalText(reads, node.args[1][0], 'the attribute'))})`;
}

function emitMembership(reads: Reads, node: Node<'in'>): Truth {
  const [subject, list] = node.args;
  if (list.op !== 'list') throw unsupported(reads, node, 'membership but in a list');
  const members = list.args.map((member) => emitEqual(reads, [subject, member]));
  requireSize(members);
  return {
    yes: `(${members.map(({ yes }) => yes).join(' || ') || 'false'})`,
    no: `(${members.map(({ no }) => no).join(' && ') || 'true'})`,
  };
}

function emitPlainTruth(reads: Reads, node: ASTNode): Truth {
  if (node.op === 'value') return { yes: `${node.args === true}`, no: `${node.args === false}` };
  if (node.op === 'id' && node.args === 'online') {
    reads.readsOnline = true;
    return { yes: '(c.online[row] === 1)', no: '(c.online[row] === 0)' };
  }
  if (node.op === 'id') {
    const slot = readSlot(reads, metricIndex(reads.kind, node.args) ?? 0);
    return { yes: `(${slot} === 1)`, no: `(${slot} === 0)` };
  }
  if (node.op !== 'call') throw unsupported(reads, node, node.op);
  return node.args[0] === 'fault' ? emitFault(reads, node) : emitAbsent(reads, node);
}

function emitFault(reads: Reads, node: Node<'call'>): Truth {
  const code = literalText(reads, node.args[1][0], 'the fault code');
  reads.faultCodes.add(code);
  const active = `c.hasFault(row, ${JSON.stringify(code)})`;
  return { yes: active, no: `!${active}` };
}

function emitAbsent(reads: Reads, node: Node<'call'>): Truth {
  const { slot } = namedSlot(reads, node.args[1][0]);
  const forMs = windowMs(reads, node.args[1][1], 1_000);
  reads.absences.push({ metric: slot, forMs });
  const due = `c.missedSince(row, ${slot}) + ${forMs}`;
  return { yes: `(${due} <= now)`, no: `(${due} > now)` };
}

function isText(reads: Reads, node: ASTNode): boolean {
  if (node.op === 'value') return typeof node.args === 'string';
  if (node.op === 'id') return node.args === 'model' || findMetric(reads.kind, node.args)?.type === 'enum';
  return node.op === 'call' && node.args[0] === 'attr';
}

const TRUTH_OPERATORS = new Set(['&&', '||', '!_', '<', '<=', '>', '>=', '==', '!=', 'in', '?:']);

function isTruth(reads: Reads, node: ASTNode): boolean {
  if (node.op === 'value') return typeof node.args === 'boolean';
  if (node.op === 'id')
    return node.args === 'online' || findMetric(reads.kind, node.args)?.type === 'boolean';
  if (node.op === 'call') return node.args[0] === 'fault' || node.args[0] === 'absent';
  return TRUTH_OPERATORS.has(node.op);
}
