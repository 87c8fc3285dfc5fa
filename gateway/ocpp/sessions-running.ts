import type { ChargingFacts, ReportedStatus } from './charging-facts.ts';
import { type ConnectorState, isInSession } from './core/connector-state.ts';

/**
 * Where vehicles charge now: what stations said here, and before that the facts of the log. What a station said on an
 * earlier connection proves no absence of a vehicle: one may have come while it was away.
 */
export interface SessionsRunning {
  /** A new connection: the station has told nothing on it yet. */
  connected(deviceId: string, atMs: number): void;
  /** The station has restarted: what it told on this connection is from before. */
  restarted(deviceId: string): void;
  /** Once when it is heard of, and again when its id is known. */
  started(deviceId: string, component: string, transaction: StartedTransaction): void;
  stopped(deviceId: string, transactionId: number, atMs: number): void;
  /** A status that is older than the one known changes nothing. */
  reported(deviceId: string, component: string, reported: ReportedStatus): void;
  /** Brings in the facts. Rejects while they are away. */
  load(deviceId: string): Promise<void>;
  /** On that component, or on any where it is the whole; of a station whose facts are loaded. */
  verdict(deviceId: string, component: string): SessionVerdict;
  /** What is known of each connector. Rejects while it cannot be. */
  connectorsOf(deviceId: string): Promise<ReadonlyMap<string, ConnectorState>>;
}

/** `untold`: the station has not said it of each connector on this connection. */
export interface SessionVerdict {
  readonly isRunning: boolean;
  readonly isUntold: boolean;
}

type StartedTransaction = NonNullable<ConnectorState['transaction']>;
type Facts = Pick<ChargingFacts, 'connectorStatuses' | 'openTransactions'>;

interface StationState {
  readonly connectors: Map<string, ConnectorState>;
  /** Ends heard of here: the facts may come later to know of them. */
  readonly ended: Set<number>;
  /** Connectors whose status was told on this connection. */
  readonly told: Set<string>;
  connectedAtMs: number;
  isLoaded: boolean;
  /** It has spoken of more connectors than are remembered. */
  isCrowded: boolean;
}

const MAX_CONNECTORS = 999;
const MAX_ENDED = 64;
/** How far a station's clock may be behind before its current status is taken for one from before the connection. */
const CLOCK_BEHIND_MS = 5_000;

export function createSessionsRunning({ facts }: { readonly facts: Facts }): SessionsRunning {
  const stations = new Map<string, StationState>();
  const stateOf = (deviceId: string): StationState => {
    const state = stations.get(deviceId) ?? createState();
    stations.set(deviceId, state);
    return state;
  };
  const load = (deviceId: string) => complete(facts, deviceId, stateOf(deviceId));
  return {
    connected: (deviceId, atMs) => {
      const state = stateOf(deviceId);
      state.told.clear();
      state.connectedAtMs = atMs;
      state.isLoaded = false;
    },
    restarted: (deviceId) => stateOf(deviceId).told.clear(),
    started: (deviceId, component, transaction) => {
      const state = stateOf(deviceId);
      const { statusAtMs } = state.connectors.get(component) ?? {};
      const isOver = transaction.transactionId !== undefined && state.ended.has(transaction.transactionId);
      put(state, component, { statusAtMs, transaction: isOver ? undefined : transaction });
    },
    stopped: (deviceId, transactionId, atMs) => end(stateOf(deviceId), transactionId, atMs),
    reported: (deviceId, component, reported) => report(stateOf(deviceId), component, reported),
    load,
    verdict: (deviceId, component) => judge(stateOf(deviceId), component),
    connectorsOf: async (deviceId) => {
      const state = stateOf(deviceId);
      if (!state.isLoaded) await load(deviceId);
      return state.connectors;
    },
  };
}

function createState(): StationState {
  return {
    connectors: new Map(),
    ended: new Set(),
    told: new Set(),
    connectedAtMs: Number.NEGATIVE_INFINITY,
    isLoaded: false,
    isCrowded: false,
  };
}

function put(state: StationState, component: string, connector: ConnectorState): void {
  if (state.connectors.has(component) || state.connectors.size < MAX_CONNECTORS) {
    state.connectors.set(component, connector);
  } else {
    state.isCrowded = true;
  }
}

function report(state: StationState, component: string, { status, atMs }: ReportedStatus): void {
  const connector = state.connectors.get(component) ?? {};
  if (connector.statusAtMs !== undefined && atMs < connector.statusAtMs) return;
  put(state, component, { ...connector, status, statusAtMs: atMs });
  if (atMs >= state.connectedAtMs - CLOCK_BEHIND_MS) state.told.add(component);
}

/** What was said before the end is worth nothing after it; what was said later stands. */
function end(state: StationState, transactionId: number, atMs: number): void {
  for (const [component, connector] of state.connectors) {
    if (connector.transaction?.transactionId !== transactionId) continue;
    const { status, statusAtMs = Number.NEGATIVE_INFINITY } = connector;
    put(state, component, { ...(statusAtMs > atMs && { status }), statusAtMs: connector.statusAtMs });
  }
  const [oldest] = state.ended;
  if (oldest !== undefined && state.ended.size >= MAX_ENDED) state.ended.delete(oldest);
  state.ended.add(transactionId);
}

function judge({ connectors, told, isCrowded }: StationState, component: string): SessionVerdict {
  if (component !== '') {
    const isRunning = isInSession(connectors.get(component) ?? {});
    return { isRunning, isUntold: isCrowded || !told.has(component) };
  }
  const own = [...connectors.keys()].filter((name) => name !== '');
  return {
    isRunning: [...connectors.values()].some(isInSession),
    isUntold: isCrowded || own.length === 0 || own.some((name) => !told.has(name)),
  };
}

/** The facts lag behind: what was heard here is newer, except of a station that was elsewhere meanwhile. */
async function complete(facts: Facts, deviceId: string, state: StationState): Promise<void> {
  const [statuses, open] = await Promise.all([
    facts.connectorStatuses(deviceId),
    facts.openTransactions(deviceId),
  ]);
  for (const component of new Set([...statuses.keys(), ...open.keys()])) {
    const heard = state.connectors.get(component) ?? {};
    const reported = statuses.get(component);
    const isNewer = reported !== undefined && reported.atMs > (heard.statusAtMs ?? Number.NEGATIVE_INFINITY);
    const isNews = isNewer && !state.told.has(component);
    const begun = open.get(component);
    const isOpen = begun !== undefined && !state.ended.has(begun.transactionId);
    const isLater =
      isOpen && begun.startedAtMs > (heard.transaction?.startedAtMs ?? Number.NEGATIVE_INFINITY);
    put(state, component, {
      ...heard,
      ...(isNews && { status: reported.status, statusAtMs: reported.atMs }),
      ...(isLater && { transaction: begun }),
    });
  }
  state.isLoaded = true;
}
