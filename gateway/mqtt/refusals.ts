import type { Metrics } from '#platform/metrics/metrics.ts';

/** Why a connection, a login, a message or a subscription was turned away. */
export type RefusalReason =
  | 'unknown_identity'
  | 'wrong_password'
  | 'device_disabled'
  | 'other_wire'
  | 'mqtt_version'
  | 'too_many_connections'
  | 'payload_too_large'
  | 'protocol_error'
  | 'keepalive_timeout'
  | 'topic_forbidden'
  | 'topic_unknown'
  | 'subscription_forbidden'
  | 'will_superseded'
  | 'state_too_large'
  | 'state_not_routed'
  | 'slow_consumer'
  | 'kicked';

export type CountRefusal = (reason: RefusalReason) => void;

export function createRefusalCounter(metrics: Metrics): CountRefusal {
  const counter = metrics.counter(
    'aftercare_mqtt_refusals_total',
    'MQTT connections, logins, messages and subscriptions turned away',
    ['reason'],
  );
  return (reason) => counter.inc({ reason });
}
