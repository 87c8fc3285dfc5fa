import { PROTOCOLS, type Protocol } from '#contracts/raw-message.ts';

/**
 * The account of messages since this process started. At every moment
 * received + spooledAtStart = stored + duplicate + deadLettered + shed + spooled + inFlight.
 *
 * `inFlight` is received and not yet in the log; `spooled` is in the log and not yet in the telemetry store.
 * `badValues` counts values left out of messages that were otherwise kept, by code.
 */
export interface Ledger {
  received: number;
  spooledAtStart: number;
  stored: number;
  duplicate: number;
  deadLettered: number;
  shed: number;
  spooled: number;
  inFlight: number;
  badValues: number;
}

/** What became of the messages of one log batch that came over one wire; `badValues` counts values. */
export interface BatchCounts {
  accepted: number;
  duplicate: number;
  deadLettered: number;
  badValues: number;
}

export type ByProtocol<T> = Readonly<Record<Protocol, T>>;

export function byProtocol<T>(make: (protocol: Protocol) => T): ByProtocol<T> {
  return Object.fromEntries(PROTOCOLS.map((protocol) => [protocol, make(protocol)])) as Record<Protocol, T>;
}

export function createCounts(): ByProtocol<BatchCounts> {
  return byProtocol(() => ({ accepted: 0, duplicate: 0, deadLettered: 0, badValues: 0 }));
}

export function createLedger(): Ledger {
  return {
    received: 0,
    spooledAtStart: 0,
    stored: 0,
    duplicate: 0,
    deadLettered: 0,
    shed: 0,
    spooled: 0,
    inFlight: 0,
    badValues: 0,
  };
}

/** The accounts of all wires as one. */
export function sumLedgers(ledgers: ByProtocol<Ledger>): Ledger {
  const total = createLedger();
  const names = Object.keys(total) as (keyof Ledger)[];
  for (const protocol of PROTOCOLS) for (const name of names) total[name] += ledgers[protocol][name];
  return total;
}

/** What the account is off by: 0, always. */
export function imbalance(ledger: Ledger): number {
  const { received, spooledAtStart, stored, duplicate, deadLettered, shed, spooled, inFlight } = ledger;
  return received + spooledAtStart - stored - duplicate - deadLettered - shed - spooled - inFlight;
}
