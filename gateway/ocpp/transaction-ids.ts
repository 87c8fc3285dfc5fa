import type { ChargingFacts } from './charging-facts.ts';

/** Ids for new transactions, out of blocks that are reserved ahead: while the database is away charging goes on. */
export interface TransactionIds {
  /** Rejects when none is left and no block is to be had. */
  next(): Promise<number>;
  /** Reserves a block if fewer than half of one are left. */
  refill(): Promise<void>;
}

const BLOCK = 1_000;

export function createTransactionIds({
  facts,
}: {
  readonly facts: Pick<ChargingFacts, 'reserveTransactionIds'>;
}): TransactionIds {
  const ids: number[] = [];
  let filling: Promise<void> | undefined;
  const fill = async () => {
    const first = await facts.reserveTransactionIds(BLOCK);
    for (let id = first; id < first + BLOCK; id += 1) ids.push(id);
  };
  const refill = () => {
    if (ids.length > BLOCK / 2) return Promise.resolve();
    filling ??= fill().finally(() => {
      filling = undefined;
    });
    return filling;
  };
  return {
    refill,
    next: async () => {
      const refilled = refill();
      if (ids.length === 0) await refilled;
      else refilled.catch(() => undefined);
      const id = ids.shift();
      if (id === undefined) throw new Error('no transaction ids left');
      return id;
    },
  };
}
