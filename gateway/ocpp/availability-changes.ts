import { connectorComponent } from '#contracts/ocpp.ts';
import type { Clock } from '#platform/clock.ts';
import type { CommandEntry } from './command-lines.ts';
import { type ConnectorState, isAsWanted } from './core/connector-state.ts';

/** Changes of availability that wait for the end of a transaction (1.6, 5.2): done when the connectors say so. */
export interface AvailabilityChanges {
  hasWaiting(deviceId: string): boolean;
  /** Before the station is called: what it reports from now on counts. */
  sending(entry: CommandEntry): void;
  /** The station has answered Scheduled. */
  scheduled(entry: CommandEntry): void;
  /** Nothing is to be waited for. */
  ended(entry: CommandEntry): void;
  /** The station has reported a status; `connectors` is what is known of all. */
  reported(deviceId: string, component: string, connectors: ReadonlyMap<string, ConnectorState>): void;
}

interface Waiting {
  readonly entry: CommandEntry;
  readonly component: string;
  readonly isOperative: boolean;
  isScheduled: boolean;
  /** What was reported since the call is as wanted. */
  isReached: boolean;
}

export function createAvailabilityChanges(deps: {
  readonly clock: Clock;
  readonly done: (entry: CommandEntry) => void;
}): AvailabilityChanges {
  const { clock, done } = deps;
  const changes = new Map<string, Waiting[]>();
  const keep = (deviceId: string, isKept: (waiting: Waiting) => boolean) => {
    const now = clock.nowMs();
    const left = (changes.get(deviceId) ?? []).filter(
      (waiting) => waiting.entry.command.deadlineMs >= now && isKept(waiting),
    );
    if (left.length === 0) changes.delete(deviceId);
    else changes.set(deviceId, left);
    return left;
  };
  const settle = (deviceId: string) => {
    const reached = keep(deviceId, () => true).filter((waiting) => waiting.isScheduled && waiting.isReached);
    keep(deviceId, (waiting) => !reached.includes(waiting));
    for (const { entry } of reached) done(entry);
  };
  return {
    hasWaiting: (deviceId) => changes.has(deviceId),
    sending: (entry) => {
      const { deviceId, args } = entry.command;
      const component = connectorComponent(Number(args.connectorId));
      const isOperative = args.type === 'Operative';
      const waiting = { entry, component, isOperative, isScheduled: false, isReached: false };
      changes.set(deviceId, [...keep(deviceId, () => true), waiting]);
    },
    scheduled: (entry) => {
      const { deviceId } = entry.command;
      for (const waiting of changes.get(deviceId) ?? []) {
        if (waiting.entry === entry) waiting.isScheduled = true;
      }
      settle(deviceId);
    },
    ended: (entry) => void keep(entry.command.deviceId, (waiting) => waiting.entry !== entry),
    reported: (deviceId, component, connectors) => {
      for (const waiting of changes.get(deviceId) ?? []) {
        if (waiting.component !== '' && waiting.component !== component) continue;
        waiting.isReached = isAsWanted(connectors, waiting);
      }
      settle(deviceId);
    },
  };
}
