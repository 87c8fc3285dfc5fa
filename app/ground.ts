import type { Audit } from '#platform/audit/audit.ts';
import type { Auth } from '#platform/auth/auth.ts';
import type { Bus } from '#platform/bus/bus.ts';
import type { Clock } from '#platform/clock.ts';
import type { Lifecycle } from '#platform/lifecycle/lifecycle.ts';
import type { Logger } from '#platform/log.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { WakeableOutbox } from '#platform/outbox/postgres-outbox.ts';
import type { Environment } from './config.ts';
import type { Storage } from './storage.ts';

/** What every feature stands on, made once. */
export interface Ground {
  readonly config: Environment;
  readonly db: Storage['db'];
  readonly storage: Storage;
  readonly audit: Audit;
  readonly auth: Auth;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly lifecycle: Lifecycle;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly outbox: WakeableOutbox;
  readonly secretKey: Buffer;
  readonly nodeId: string;
  readonly businessTimeZone: string;
}
