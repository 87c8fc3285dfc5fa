import type { Logger } from '#platform/log.ts';
import type { ChargingFacts, TransactionStart } from './charging-facts.ts';
import type { TransactionIds } from './transaction-ids.ts';

/** Gives each start its transaction id: a start that is reported again gets the id that it got before. */
export interface TransactionStarts {
  idOf(start: TransactionStart): Promise<number>;
  /** Where that transaction was started; null: never with us, undefined: it cannot be known now. */
  componentOf(deviceId: string, transactionId: number): Promise<string | null | undefined>;
}

const MAX_REMEMBERED = 20_000;
/** A station that has just plugged in waits no longer for a database that is away. */
const FACTS_WITHIN_MS = 2_000;

export function createTransactionStarts(deps: {
  readonly facts: Pick<ChargingFacts, 'findTransaction' | 'componentOfTransaction'>;
  readonly ids: TransactionIds;
  readonly log: Logger;
}): TransactionStarts {
  const { facts, ids, log } = deps;
  const given = new Map<string, number>();
  const places = new Map<string, string>();
  const remember = (key: string, { deviceId, component }: TransactionStart, id: number) => {
    given.set(key, id);
    places.set(`${deviceId}/${id}`, component);
    if (given.size > MAX_REMEMBERED) given.delete(given.keys().next().value ?? '');
    if (places.size > MAX_REMEMBERED) places.delete(places.keys().next().value ?? '');
  };
  return {
    idOf: async (start) => {
      const key = `${start.deviceId}/${start.component}/${start.startedAtMs}/${start.meterStartWh}`;
      const known = given.get(key);
      if (known !== undefined) return known;
      const found = await inTime(facts.findTransaction(start)).catch((error: unknown) => {
        log.warn({ err: error, deviceId: start.deviceId }, 'transaction not looked up: taken for a new one');
        return null;
      });
      const id = found ?? (await ids.next());
      remember(key, start, id);
      return id;
    },
    componentOf: async (deviceId, transactionId) => {
      const place = places.get(`${deviceId}/${transactionId}`);
      if (place !== undefined) return place;
      return inTime(facts.componentOfTransaction(deviceId, transactionId)).catch(() => undefined);
    },
  };
}

function inTime<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), FACTS_WITHIN_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
