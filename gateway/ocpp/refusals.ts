import type { Metrics } from '#platform/metrics/metrics.ts';

/** Why a connection, a login or a frame was turned away. */
export type RefusalReason =
  | 'malformed_path'
  | 'unknown_path'
  | 'malformed_handshake'
  | 'handshake_timeout'
  | 'unknown_identity'
  | 'wrong_password'
  | 'device_disabled'
  | 'no_subprotocol'
  | 'foreign_subprotocol'
  | 'too_many_connections'
  | 'payload_too_large'
  | 'protocol_error'
  | 'malformed_frame'
  | 'unknown_message_type'
  | 'unexpected_answer'
  | 'silent'
  | 'superseded'
  | 'slow_consumer'
  | 'log_refused'
  | 'kicked';

/** What became of a call of a station. */
export type CallOutcome = 'answered' | 'invalid' | 'unsupported' | 'pending' | 'failed';

export interface Counters {
  refused(reason: RefusalReason): void;
  /** `action` is one that we know, or `other`. */
  called(action: string, outcome: CallOutcome): void;
  unknownTransaction(): void;
}

export function createCounters(metrics: Metrics): Counters {
  const refusals = metrics.counter(
    'aftercare_ocpp_refusals_total',
    'OCPP connections, logins and frames turned away',
    ['reason'],
  );
  const calls = metrics.counter('aftercare_ocpp_calls_total', 'Calls of charging stations', [
    'action',
    'outcome',
  ]);
  const unknown = metrics.counter(
    'aftercare_ocpp_unknown_transactions_total',
    'Ends of transactions that we never started; answered and recorded',
  );
  return {
    refused: (reason) => refusals.inc({ reason }),
    called: (action, outcome) => calls.inc({ action, outcome }),
    unknownTransaction: () => unknown.inc(),
  };
}
