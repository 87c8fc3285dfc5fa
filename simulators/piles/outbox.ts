import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SimulatorError } from '../errors.ts';
import { createSignal } from '../fleet/signal.ts';
import type { Outgoing } from './messages.ts';
import type { Payload, StationLink } from './station-link.ts';

const Started = Compile(Type.Object({ transactionId: Type.Integer() }));

/** Transaction id of a session whose start the server never took. */
const UNKNOWN_TRANSACTION = -1;
const MOST_ATTEMPTS = 3;

export interface Outbox {
  push(message: Outgoing): void;
  pushFirst(messages: readonly Outgoing[]): void;
  /** Sends the oldest message and waits for its answer; false when there is none. Rejects when the link ends. */
  sendNext(link: StationLink): Promise<boolean>;
  /** The same for the oldest message that the server has asked for. */
  sendTriggered(link: StationLink): Promise<boolean>;
  /** Forgets what is not part of a transaction. */
  keepTransactions(): void;
  /** Resolves when nothing waits, at the latest after `limitMs`. */
  drained(limitMs: number): Promise<void>;
  counts(): { sent: number; acknowledged: number; buffered: number; dropped: number };
}

interface OutboxConfig {
  readonly limit: number;
  readonly retryMs: number;
  readonly onTrouble: (message: string) => void;
}

interface Entry {
  readonly message: Outgoing;
  attempts: number;
}

/** What a station has to say, in order. Sessions learn their transaction ids from the answers to their starts. */
export function createOutbox({ limit, retryMs, onTrouble }: OutboxConfig): Outbox {
  let entries: Entry[] = [];
  const transactions = new Map<number, number>();
  const emptied = createSignal();
  const pause = createSignal();
  const counts = { sent: 0, acknowledged: 0, dropped: 0 };

  const remove = (entry: Entry): void => {
    entries = entries.filter((each) => each !== entry);
    if (entries.length === 0) emptied.notify();
  };
  const settle = ({ message }: Entry, result: unknown): void => {
    counts.acknowledged += 1;
    if (message.action === 'StartTransaction' && message.session !== null && Started.Check(result)) {
      transactions.set(message.session, result.transactionId);
    }
    if (message.action === 'StopTransaction' && message.session !== null)
      transactions.delete(message.session);
    message.onAnswer?.(result);
  };
  const refuse = async (entry: Entry, error: unknown): Promise<void> => {
    entry.attempts += 1;
    onTrouble(reasonOf(error));
    if (!entry.message.isKept || entry.attempts >= MOST_ATTEMPTS) {
      counts.dropped += 1;
      remove(entry);
      return;
    }
    await pause.waitAtMost(retryMs * entry.attempts);
  };
  const send = async (entry: Entry | undefined, link: StationLink): Promise<boolean> => {
    if (entry === undefined) return false;
    counts.sent += 1;
    try {
      const result = await link.call(entry.message.action, payloadOf(entry.message, transactions));
      remove(entry);
      settle(entry, result);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await refuse(entry, error);
    }
    return true;
  };

  return {
    push(message) {
      entries.push({ message, attempts: 0 });
      if (entries.length <= limit) return;
      entries.shift();
      counts.dropped += 1;
    },
    pushFirst(messages) {
      entries = [...messages.map((message) => ({ message, attempts: 0 })), ...entries];
    },
    sendNext: (link) => send(entries[0], link),
    sendTriggered: (link) =>
      send(
        entries.find(({ message }) => message.isTriggered),
        link,
      ),
    keepTransactions() {
      entries = entries.filter(({ message }) => message.isKept);
      if (entries.length === 0) emptied.notify();
    },
    drained: (limitMs) => (entries.length === 0 ? Promise.resolve() : emptied.waitAtMost(limitMs)),
    counts: () => ({ ...counts, buffered: entries.filter(({ message }) => message.isKept).length }),
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof SimulatorError && error.code === 'SIMULATOR_CALL_REFUSED';
}

function payloadOf(
  { action, payload, session }: Outgoing,
  transactions: ReadonlyMap<number, number>,
): Payload {
  if (session === null || action === 'StartTransaction') return payload;
  return { ...payload, transactionId: transactions.get(session) ?? UNKNOWN_TRANSACTION };
}
