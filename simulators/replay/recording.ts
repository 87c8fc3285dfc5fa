import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SimulatorError, simulatorError } from '../errors.ts';
import type { Payload } from '../piles/station-link.ts';

/** A CALL that a station sent, and what it was answered then. */
export interface RecordedCall {
  readonly action: string;
  readonly payload: Payload;
  /** Transaction id in the recorded answer. */
  readonly transactionId: number | null;
  readonly wasRefused: boolean;
}

export interface RecordedStation {
  readonly id: string;
  readonly protocol: string;
  readonly calls: readonly RecordedCall[];
  /** What it answered to CALLs, by action, in order. */
  readonly answers: ReadonlyMap<string, readonly Payload[]>;
}

const Line = Compile(
  Type.Object({
    id: Type.String({ minLength: 1 }),
    ev: Type.Optional(Type.String()),
    proto: Type.Optional(Type.String()),
    dir: Type.Optional(Type.Enum(['IN', 'OUT'])),
    m: Type.Optional(Type.String()),
  }),
);
const Fields = Type.Record(Type.String(), Type.Unknown());
const FrameSchema = Type.Union([
  Type.Tuple([Type.Literal(2), Type.String(), Type.String(), Fields]),
  Type.Tuple([Type.Literal(3), Type.String(), Fields]),
  Type.Tuple([Type.Literal(4), Type.String(), Type.String(), Type.String(), Type.Unknown()]),
]);
const Frame = Compile(FrameSchema);
const Answer = Compile(Type.Object({ transactionId: Type.Integer() }));
type Frame = Static<typeof FrameSchema>;

interface Draft {
  protocol: string;
  readonly frames: { readonly isFromStation: boolean; readonly frame: Frame }[];
}

/** Reads a recording: a JSON object a line. SIMULATOR_RECORDING_INVALID names the line at fault. */
export function readRecording(path: string): readonly RecordedStation[] {
  const drafts = new Map<string, Draft>();
  linesOf(path).forEach((text, index) => {
    if (text.trim() === '') return;
    const line = parse(text);
    if (!Line.Check(line)) throw invalid(path, `line ${index + 1} is no recorded event`);
    const draft = drafts.get(line.id) ?? { protocol: '', frames: [] };
    drafts.set(line.id, draft);
    if (line.ev === 'connect') draft.protocol = line.proto ?? '';
    if (line.m === undefined) return;
    const frame = parse(line.m);
    if (Frame.Check(frame)) draft.frames.push({ isFromStation: line.dir === 'IN', frame });
  });
  return [...drafts].map(([id, draft]) => stationOf(id, draft));
}

function stationOf(id: string, { protocol, frames }: Draft): RecordedStation {
  const replies = new Map<string, Frame>();
  const asked = new Map<string, string>();
  for (const { isFromStation, frame } of frames) {
    if (isFromStation) continue;
    if (frame[0] === 2) asked.set(frame[1], frame[2]);
    else replies.set(frame[1], frame);
  }
  const said = frames.flatMap(({ isFromStation, frame }) => (isFromStation ? [frame] : []));
  const calls = said.flatMap((frame) =>
    frame[0] === 2 ? [callOf(frame[2], frame[3], replies.get(frame[1]))] : [],
  );
  return { id, protocol, calls, answers: answersIn(said, asked) };
}

function answersIn(
  said: readonly Frame[],
  asked: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly Payload[]> {
  const answers = new Map<string, Payload[]>();
  for (const frame of said) {
    const action = asked.get(frame[1]);
    if (frame[0] !== 3 || action === undefined) continue;
    answers.set(action, [...(answers.get(action) ?? []), frame[2]]);
  }
  return answers;
}

function callOf(action: string, payload: Payload, reply: Frame | undefined): RecordedCall {
  const result = reply?.[0] === 3 ? reply[2] : null;
  return {
    action,
    payload,
    transactionId: Answer.Check(result) ? result.transactionId : null,
    wasRefused: reply?.[0] === 4,
  };
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (cause) {
    throw simulatorError('SIMULATOR_RECORDING_INVALID', `cannot read ${path}: ${reasonOf(cause)}`, cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function invalid(path: string, reason: string): SimulatorError {
  return new SimulatorError('SIMULATOR_RECORDING_INVALID', `${path} is no recording: ${reason}`);
}
