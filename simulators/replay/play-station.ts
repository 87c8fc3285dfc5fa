import { setTimeout as wait } from 'node:timers/promises';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SimulatorError } from '../errors.ts';
import { violationIn } from '../piles/schemas.ts';
import { connectStation, type Payload, type StationLink } from '../piles/station-link.ts';
import type { RecordedCall, RecordedStation } from './recording.ts';

/** A CALL as it was sent, under the transaction id of now; `result` null: answered with a CALLERROR. */
export interface SentCall {
  readonly action: string;
  readonly payload: Payload;
  readonly result: unknown;
}

export interface Played {
  readonly stationId: string;
  readonly sent: readonly SentCall[];
  /** Messages of the server that break the schemas, and CALLERRORs that nothing of ours asked for. */
  readonly violations: readonly string[];
  readonly answered: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PlayDeps {
  readonly now: () => number;
  readonly passwordOf: (stationId: string) => string | null;
}

const PING_MS = 60_000;
/** Two statuses of one connector in one millisecond would be one point. */
const APART_MS = 2;
const Started = Compile(Type.Object({ transactionId: Type.Integer() }));

/** Results of a station whose recording has none that fit. */
const USUAL: Readonly<Record<string, Payload>> = {
  Reset: { status: 'Accepted' },
  TriggerMessage: { status: 'Accepted' },
  UnlockConnector: { status: 'Unlocked' },
  ChangeAvailability: { status: 'Accepted' },
  ChangeConfiguration: { status: 'NotSupported' },
  GetConfiguration: { configurationKey: [], unknownKey: [] },
  ClearCache: { status: 'Accepted' },
  RemoteStartTransaction: { status: 'Rejected' },
  RemoteStopTransaction: { status: 'Rejected' },
  DataTransfer: { status: 'UnknownVendorId' },
};

/** Plays what a station said, in order, each CALL after the answer to the one before. */
export async function playStation(
  { now, passwordOf }: PlayDeps,
  station: RecordedStation,
  url: string,
): Promise<Played> {
  const violations: string[] = [];
  const answers = createRecordedAnswers(station.answers);
  const fromMs = now();
  const link = await connectStation({
    url,
    stationId: station.id,
    password: passwordOf(station.id),
    pingIntervalMs: PING_MS,
    checks: 'theirs',
    answer: answers.answer,
    onViolation: ({ action, reason }) => violations.push(`${action}: ${reason}`),
  });
  const transactions = new Map<number, number>();
  const sent: SentCall[] = [];
  for (const call of station.calls) {
    const payload = renumbered(call.payload, transactions);
    const result = await send(link, { ...call, payload }, violations);
    if (call.transactionId !== null && Started.Check(result)) {
      transactions.set(call.transactionId, result.transactionId);
    }
    sent.push({ action: call.action, payload, result });
    if (call.action === 'StatusNotification') await wait(APART_MS);
  }
  await link.leave();
  return { stationId: station.id, sent, violations, answered: answers.count(), fromMs, toMs: now() };
}

async function send(link: StationLink, call: RecordedCall, violations: string[]): Promise<unknown> {
  try {
    return await link.call(call.action, call.payload);
  } catch (error) {
    if (!(error instanceof SimulatorError) || error.code !== 'SIMULATOR_CALL_REFUSED') throw error;
    const isDeserved = call.wasRefused || violationIn(call.action, 'req', call.payload) !== null;
    if (!isDeserved) violations.push(reasonOf(error));
    return null;
  }
}

/** A transaction that the recording never started keeps its number. */
function renumbered(payload: Payload, transactions: ReadonlyMap<number, number>): Payload {
  const { transactionId } = payload;
  const known = typeof transactionId === 'number' ? transactions.get(transactionId) : undefined;
  return known === undefined ? payload : { ...payload, transactionId: known };
}

function createRecordedAnswers(recorded: ReadonlyMap<string, readonly Payload[]>) {
  const used = new Map<string, number>();
  let count = 0;
  return {
    count: () => count,
    async answer(action: string): Promise<Payload> {
      const own = recorded.get(action) ?? [];
      const index = used.get(action) ?? 0;
      used.set(action, index + 1);
      const result = own[Math.min(index, own.length - 1)] ?? USUAL[action];
      if (result === undefined) {
        const unknown = new SimulatorError('SIMULATOR_CALL_UNKNOWN', `not known to this station: ${action}`);
        throw Object.assign(unknown, { rpcErrorCode: 'NotImplemented' });
      }
      count += 1;
      return result;
    },
  };
}
