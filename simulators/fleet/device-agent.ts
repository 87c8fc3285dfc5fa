import type { Values } from '../core/sensors.ts';
import { reasonOf, SimulatorError } from '../errors.ts';
import { acknowledgementsOf, type UnitCommand } from './commands.ts';
import { type Connection, type Credentials, connectDevice } from './connection.ts';
import { createOfflineBuffer, type OfflineBuffer } from './offline-buffer.ts';
import { createSignal, type Signal } from './signal.ts';

/** One telemetry point as it goes over the wire. */
export interface WirePoint {
  readonly ts: number;
  readonly component?: string;
  readonly values: Values;
}

export interface WireFault {
  readonly ts: number;
  readonly component: string;
  readonly code: string;
  readonly state: 'raised' | 'cleared';
  readonly detail?: string;
}

export interface AgentCounts {
  readonly sent: number;
  readonly acknowledged: number;
  readonly buffered: number;
  readonly dropped: number;
}

/** What an agent needs of the unit it speaks for, and of whoever hands out credentials. */
export interface AgentDeps {
  readonly now: () => number;
  readonly activeCodes: () => readonly string[];
  readonly execute: (command: UnitCommand) => void;
  readonly credentials: (deviceId: string) => Credentials | null;
  readonly renewCredentials: (deviceId: string) => Promise<boolean>;
  readonly onTrouble: (message: string) => void;
}

export interface AgentSettings {
  readonly deviceId: string;
  readonly url: string;
  readonly firmware: string;
  readonly bufferPoints: number;
  readonly retryMs: number;
}

/**
 * A device's side of the wire: birth and will, telemetry in time order with its own timestamps, faults ahead of
 * telemetry, command acknowledgements, reconnecting. What cannot be sent is kept, up to `bufferPoints`.
 */
export interface DeviceAgent extends AsyncDisposable {
  record(point: WirePoint): void;
  report(fault: WireFault): void;
  goOffline(): void;
  goOnline(): void;
  isConnected(): boolean;
  counts(): AgentCounts;
}

const POINTS_A_MESSAGE = 100;
const FAULTS_KEPT = 256;
const MAX_RETRY_MS = 30_000;

interface AgentState {
  connection: Connection | null;
  isWanted: boolean;
  isDisposed: boolean;
  sessions: number;
  attempts: number;
  sent: number;
  acknowledged: number;
}

interface Agent {
  readonly deps: AgentDeps;
  readonly settings: AgentSettings;
  readonly state: AgentState;
  readonly points: OfflineBuffer<WirePoint>;
  readonly faults: OfflineBuffer<WireFault>;
  /** Something is to be sent, or the connection has ended. */
  readonly work: Signal;
  /** Whether to be connected has changed. */
  readonly wish: Signal;
}

export function startDeviceAgent(deps: AgentDeps, settings: AgentSettings): DeviceAgent {
  const agent: Agent = {
    deps,
    settings,
    points: createOfflineBuffer(settings.bufferPoints),
    faults: createOfflineBuffer(FAULTS_KEPT),
    work: createSignal(),
    wish: createSignal(),
    state: {
      connection: null,
      isWanted: true,
      isDisposed: false,
      sessions: 0,
      attempts: 0,
      sent: 0,
      acknowledged: 0,
    },
  };
  const { state, points, faults, work, wish } = agent;
  const running = live(agent);
  return {
    record(point) {
      points.push(point);
      work.notify();
    },
    report(fault) {
      faults.push(fault);
      work.notify();
    },
    goOffline() {
      state.isWanted = false;
      state.connection?.cut();
    },
    goOnline() {
      state.isWanted = true;
      state.attempts = 0;
      wish.notify();
    },
    isConnected: () => state.connection !== null,
    counts: () => ({
      sent: state.sent,
      acknowledged: state.acknowledged,
      buffered: points.size(),
      dropped: points.dropped() + faults.dropped(),
    }),
    async [Symbol.asyncDispose]() {
      state.isDisposed = true;
      const { connection } = state;
      wish.notify();
      if (connection !== null) await connection.leave();
      await running;
    },
  };
}

async function live(agent: Agent): Promise<void> {
  const { state, settings, wish } = agent;
  while (!state.isDisposed) {
    if (!state.isWanted) {
      await wish.wait();
      continue;
    }
    const connection = await connect(agent);
    if (connection !== null) {
      state.attempts = 0;
      await serve(agent, connection);
    }
    if (state.isDisposed || !state.isWanted) continue;
    await wish.waitAtMost(Math.min(settings.retryMs * 2 ** state.attempts, MAX_RETRY_MS));
    state.attempts += 1;
  }
}

async function connect(agent: Agent): Promise<Connection | null> {
  const { deps, settings, state } = agent;
  state.sessions += 1;
  const session = `${deps.now().toString(36)}-${state.sessions}`;
  let connection: Connection | null = null;
  try {
    connection = await connectDevice({
      url: settings.url,
      deviceId: settings.deviceId,
      session,
      credentials: deps.credentials(settings.deviceId),
      onCommand: (payload) => answer(agent, connection, payload),
    });
    const birth = { online: true, session, fw: settings.firmware, faults: [...deps.activeCodes()] };
    await send(agent, () => connection?.publish('state', birth));
    return connection;
  } catch (error) {
    connection?.cut();
    const isRefused = error instanceof SimulatorError && error.code === 'SIMULATOR_REFUSED';
    const isRenewed = isRefused && (await deps.renewCredentials(settings.deviceId));
    if (!isRenewed) deps.onTrouble(reasonOf(error));
    return null;
  }
}

async function serve(agent: Agent, connection: Connection): Promise<void> {
  const { state, points, faults, work } = agent;
  if (state.isDisposed) return connection.leave();
  if (!state.isWanted) connection.cut();
  state.connection = connection;
  void connection.closed.then(() => {
    state.connection = null;
    work.notify();
  });
  await Promise.all([
    drain(agent, connection, {
      take: () => faults.peek(1),
      publish: ([fault]) => connection.publish('fault', fault),
      release: faults.release,
    }),
    drain(agent, connection, {
      take: () => points.peek(POINTS_A_MESSAGE),
      publish: (batch) => connection.publish('telemetry', batch.length === 1 ? batch[0] : batch),
      release: points.release,
    }),
  ]);
}

interface Outlet<T> {
  readonly take: () => readonly T[];
  readonly publish: (entries: readonly T[]) => Promise<void>;
  readonly release: (entries: readonly T[]) => void;
}

/** Sends in order, one message in flight, for as long as the connection lasts. */
async function drain<T>(agent: Agent, connection: Connection, outlet: Outlet<T>): Promise<void> {
  while (agent.state.connection === connection) {
    const entries = outlet.take();
    if (entries.length === 0) {
      await agent.work.wait();
      continue;
    }
    try {
      await send(agent, () => outlet.publish(entries));
      outlet.release(entries);
    } catch {
      connection.cut();
      await connection.closed;
    }
  }
}

async function send(agent: Agent, publish: () => Promise<void> | undefined): Promise<void> {
  agent.state.sent += 1;
  await publish();
  agent.state.acknowledged += 1;
}

function answer(agent: Agent, connection: Connection | null, payload: string): void {
  const answers = acknowledgementsOf(payload, agent.deps.now());
  if (answers.execute !== null) agent.deps.execute(answers.execute);
  for (const message of answers.messages) {
    send(agent, () => connection?.publish('cmd/ack', message)).catch((error: unknown) =>
      agent.deps.onTrouble(reasonOf(error)),
    );
  }
}
