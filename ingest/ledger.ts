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

/** What the account is off by: 0, always. */
export function imbalance(ledger: Ledger): number {
  const { received, spooledAtStart, stored, duplicate, deadLettered, shed, spooled, inFlight } = ledger;
  return received + spooledAtStart - stored - duplicate - deadLettered - shed - spooled - inFlight;
}
