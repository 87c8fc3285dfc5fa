import type { ConnectorStatus } from '#contracts/metrics.ts';

/** What a connector last said about itself. A field is undefined while nothing has been heard. */
export interface ConnectorState {
  readonly status?: ConnectorStatus | undefined;
  /** Of the newest status; it outlives a status that a start or an end has made worthless. */
  readonly statusAtMs?: number | undefined;
  /** The one that has not ended; its id is undefined until it is given. */
  readonly transaction?:
    | { readonly transactionId: number | undefined; readonly startedAtMs: number }
    | undefined;
}

const IN_SESSION: ReadonlySet<ConnectorStatus> = new Set(['charging', 'suspended_ev', 'suspended_evse']);
/** These say nothing about a session under way: a connector may fault, and still charge, in the midst of one. */
const SAYS_NOTHING: ReadonlySet<ConnectorStatus> = new Set(['faulted', 'preparing']);

/**
 * Whether a vehicle charges there. A status from after the start speaks first: an end that was never reported must not
 * count for ever. One from before it says nothing of the session.
 */
export function isInSession({
  status,
  statusAtMs = Number.NEGATIVE_INFINITY,
  transaction,
}: ConnectorState): boolean {
  if (status !== undefined && IN_SESSION.has(status)) return true;
  if (transaction === undefined) return false;
  if (status === undefined || SAYS_NOTHING.has(status)) return true;
  return statusAtMs <= transaction.startedAtMs;
}

/**
 * Whether the component is in or out of service as wanted; of the whole, each connector that could be: a faulted one
 * stays so either way.
 */
export function isAsWanted(
  connectors: ReadonlyMap<string, ConnectorState>,
  { component, isOperative }: { readonly component: string; readonly isOperative: boolean },
): boolean {
  const isWanted = ({ status }: ConnectorState) =>
    status !== undefined && status !== 'faulted' && (status !== 'unavailable') === isOperative;
  if (component !== '') return isWanted(connectors.get(component) ?? {});
  const own = [...connectors].filter(([name]) => name !== '').map(([, connector]) => connector);
  const able = own.filter(({ status }) => status !== 'faulted');
  return able.length > 0 ? able.every(isWanted) : isWanted(connectors.get('') ?? {});
}

/** OCPP 1.6 ChargePointStatus in our spelling; undefined for a word that is none. */
export function connectorStatusOf(status: string): ConnectorStatus | undefined {
  return STATUSES[status];
}

const STATUSES: Readonly<Record<string, ConnectorStatus>> = {
  Available: 'available',
  Preparing: 'preparing',
  Charging: 'charging',
  SuspendedEVSE: 'suspended_evse',
  SuspendedEV: 'suspended_ev',
  Finishing: 'finishing',
  Reserved: 'reserved',
  Unavailable: 'unavailable',
  Faulted: 'faulted',
};
