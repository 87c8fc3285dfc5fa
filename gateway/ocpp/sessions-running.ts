import type { ConnectorStatus } from '#contracts/metrics.ts';
import type { ChargingFacts } from './charging-facts.ts';
import { type ConnectorState, isInSession } from './core/connector-state.ts';

/** Where vehicles charge now: what stations said since we started, before that the facts of the log. */
export interface SessionsRunning {
  started(deviceId: string, component: string, transactionId: number): void;
  stopped(deviceId: string, transactionId: number): void;
  reported(deviceId: string, component: string, status: ConnectorStatus): void;
  /** On that component, or on any where `component` is the whole. Rejects while it cannot be known. */
  isRunning(deviceId: string, component: string): Promise<boolean>;
  /** What is known of each connector. Rejects while it cannot be. */
  connectorsOf(deviceId: string): Promise<ReadonlyMap<string, ConnectorState>>;
}

interface StationState {
  readonly connectors: Map<string, ConnectorState>;
  /** Ends heard of before their start was known here. */
  readonly ended: Set<number>;
  isComplete: boolean;
}

const MAX_CONNECTORS = 64;
const MAX_ENDED = 64;

export function createSessionsRunning({
  facts,
}: {
  readonly facts: Pick<ChargingFacts, 'connectorStatuses' | 'openTransactions'>;
}): SessionsRunning {
  const stations = new Map<string, StationState>();
  const stateOf = (deviceId: string): StationState => {
    const known = stations.get(deviceId);
    if (known !== undefined) return known;
    const made = { connectors: new Map(), ended: new Set<number>(), isComplete: false };
    stations.set(deviceId, made);
    return made;
  };
  const known = async (deviceId: string) => {
    const state = stateOf(deviceId);
    if (!state.isComplete) await complete(facts, deviceId, state);
    return state.connectors;
  };
  return {
    started: (deviceId, component, transactionId) => put(stateOf(deviceId), component, { transactionId }),
    stopped: (deviceId, transactionId) => {
      const state = stateOf(deviceId);
      for (const [component, connector] of state.connectors) {
        if (connector.transactionId === transactionId) put(state, component, { transactionId: null });
      }
      if (!state.isComplete && state.ended.size < MAX_ENDED) state.ended.add(transactionId);
    },
    reported: (deviceId, component, status) => {
      const state = stateOf(deviceId);
      put(state, component, { ...state.connectors.get(component), status });
    },
    isRunning: async (deviceId, component) => {
      const connectors = await known(deviceId);
      if (component !== '') return isInSession(connectors.get(component) ?? {});
      return [...connectors.values()].some(isInSession);
    },
    connectorsOf: known,
  };
}

function put(state: StationState, component: string, connector: ConnectorState): void {
  if (!state.connectors.has(component) && state.connectors.size >= MAX_CONNECTORS) return;
  state.connectors.set(component, connector);
}

/** What was heard since the start is newer than the facts; a status from before a heard start says nothing of it. */
async function complete(
  facts: Pick<ChargingFacts, 'connectorStatuses' | 'openTransactions'>,
  deviceId: string,
  state: StationState,
): Promise<void> {
  const [statuses, open] = await Promise.all([
    facts.connectorStatuses(deviceId),
    facts.openTransactions(deviceId),
  ]);
  if (state.isComplete) return;
  for (const component of new Set([...statuses.keys(), ...open.keys()])) {
    const heard = state.connectors.get(component) ?? {};
    const status = statuses.get(component);
    const transactionId = open.get(component);
    const isOpen = transactionId !== undefined && !state.ended.has(transactionId);
    const isStatusNews = status !== undefined && heard.transactionId === undefined;
    put(state, component, { ...(isStatusNews && { status }), ...(isOpen && { transactionId }), ...heard });
  }
  state.ended.clear();
  state.isComplete = true;
}
