import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SimulatorError } from '../errors.ts';
import type { Credentials } from '../fleet/connection.ts';
import { createSignal, type Signal } from '../fleet/signal.ts';
import { type Outgoing, plainMessage } from './messages.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { type AnswerCall, connectStation, type Payload, type StationLink } from './station-link.ts';

const Booted = Compile(Type.Object({ status: Type.String(), interval: Type.Number() }));

export type ResetKind = 'Soft' | 'Hard';

/** What an agent needs of the pile it speaks for, and of whoever hands out credentials. */
export interface StationAgentDeps {
  readonly now: () => number;
  readonly credentials: (deviceId: string) => Credentials | null;
  readonly renewCredentials: (deviceId: string) => Promise<boolean>;
  readonly onTrouble: (message: string) => void;
  readonly answer: AnswerCall;
  readonly bootPayload: Payload;
  readonly heartbeatMs: () => number;
  readonly pingMs: () => number;
  /** The server's word on the heartbeat, in seconds. */
  readonly onBoot: (intervalS: number) => void;
  /** The station is about to start again. */
  readonly onRestart: (kind: ResetKind) => void;
  /** The current status of every connector. */
  readonly statuses: () => readonly Outgoing[];
}

export interface StationAgentSettings {
  readonly deviceId: string;
  readonly url: string;
  readonly retryMs: number;
  readonly keptMessages: number;
  /** How long a soft reset takes; a hard one takes twice as long. */
  readonly rebootMs: number;
}

/**
 * A station's side of OCPP 1.6J: boots once a start, tells its statuses, sends one CALL at a time in order. What
 * belongs to a transaction waits while it is offline, and precedes the current statuses when it is back.
 */
export interface StationAgent extends AsyncDisposable {
  send(message: Outgoing): void;
  /** Goes down and starts again; a soft reset sends what waits first. */
  reset(kind: ResetKind): void;
  goOffline(): void;
  goOnline(): void;
  isConnected(): boolean;
  counts(): { sent: number; acknowledged: number; buffered: number; dropped: number };
}

const MAX_RETRY_MS = 30_000;
const LAST_WORDS_MS = 5_000;
const SHORTEST_BOOT_WAIT_MS = 1_000;
/** The answer to a Reset leaves before the station does. */
const ANSWER_MS = 100;

interface AgentState {
  link: StationLink | null;
  isReady: boolean;
  isWanted: boolean;
  isDisposed: boolean;
  isBootNeeded: boolean;
  restart: { readonly kind: ResetKind; readonly untilMs: number } | null;
  attempts: number;
  saidMs: number;
}

interface Agent {
  readonly deps: StationAgentDeps;
  readonly settings: StationAgentSettings;
  readonly state: AgentState;
  readonly outbox: Outbox;
  readonly work: Signal;
  readonly wish: Signal;
}

export function startStationAgent(deps: StationAgentDeps, settings: StationAgentSettings): StationAgent {
  const agent: Agent = {
    deps,
    settings,
    outbox: createOutbox({
      limit: settings.keptMessages,
      retryMs: settings.retryMs,
      onTrouble: deps.onTrouble,
    }),
    work: createSignal(),
    wish: createSignal(),
    state: {
      link: null,
      isReady: false,
      isWanted: true,
      isDisposed: false,
      isBootNeeded: true,
      restart: null,
      attempts: 0,
      saidMs: deps.now(),
    },
  };
  const { state, outbox, work, wish } = agent;
  const running = live(agent);
  return {
    send(message) {
      if (!message.isKept && !message.isTriggered && !state.isReady) return;
      outbox.push(message);
      work.notify();
    },
    reset: (kind) => void goDown(agent, kind),
    goOffline() {
      state.isWanted = false;
      state.link?.cut();
    },
    goOnline() {
      state.isWanted = true;
      state.attempts = 0;
      wish.notify();
    },
    isConnected: () => state.isReady,
    counts: () => outbox.counts(),
    async [Symbol.asyncDispose]() {
      state.isDisposed = true;
      wish.notify();
      await state.link?.leave();
      await running;
    },
  };
}

async function goDown(agent: Agent, kind: ResetKind): Promise<void> {
  const { state, settings, deps, outbox, work } = agent;
  if (state.restart !== null) return;
  const downMs = kind === 'Soft' ? settings.rebootMs : 2 * settings.rebootMs;
  const { link } = state;
  state.restart = { kind, untilMs: deps.now() + downMs };
  await work.waitAtMost(ANSWER_MS);
  if (kind === 'Soft') await outbox.drained(LAST_WORDS_MS);
  state.restart = { kind, untilMs: deps.now() + downMs };
  if (kind === 'Soft') await link?.leave();
  else link?.cut();
}

async function live(agent: Agent): Promise<void> {
  const { state, settings, deps, wish } = agent;
  while (!state.isDisposed) {
    if (!state.isWanted) {
      await wish.wait();
      continue;
    }
    if (state.restart !== null) {
      await wish.waitAtMost(Math.max(state.restart.untilMs - deps.now(), 0));
      if (deps.now() < state.restart.untilMs) continue;
      startAgain(agent, state.restart.kind);
    }
    const link = await connect(agent);
    if (link !== null) {
      state.attempts = 0;
      await serve(agent, link);
    }
    if (state.isDisposed || !state.isWanted || state.restart !== null) continue;
    await wish.waitAtMost(Math.min(settings.retryMs * 2 ** state.attempts, MAX_RETRY_MS));
    state.attempts += 1;
  }
}

function startAgain({ state, deps, outbox }: Agent, kind: ResetKind): void {
  state.restart = null;
  state.isBootNeeded = true;
  outbox.keepTransactions();
  deps.onRestart(kind);
}

async function connect({ deps, settings }: Agent): Promise<StationLink | null> {
  const { deviceId, url } = settings;
  try {
    return await connectStation({
      url,
      stationId: deviceId,
      password: deps.credentials(deviceId)?.password ?? null,
      pingIntervalMs: deps.pingMs(),
      checks: 'both',
      answer: deps.answer,
      onViolation: ({ action, reason }) => deps.onTrouble(`${action} breaks the OCPP 1.6 schema: ${reason}`),
    });
  } catch (error) {
    const isRefused = error instanceof SimulatorError && error.code === 'SIMULATOR_REFUSED';
    const isRenewed = isRefused && (await deps.renewCredentials(deviceId));
    if (!isRenewed) deps.onTrouble(reasonOf(error));
    return null;
  }
}

async function serve(agent: Agent, link: StationLink): Promise<void> {
  const { state, outbox, work, deps } = agent;
  if (state.isDisposed) return link.leave();
  if (!state.isWanted) link.cut();
  state.link = link;
  void link.closed.then(() => {
    state.link = null;
    state.isReady = false;
    work.notify();
  });
  try {
    const isFresh = state.isBootNeeded;
    while (state.isBootNeeded && state.link === link) await boot(agent, link);
    if (state.link !== link) return;
    if (isFresh) outbox.pushFirst(deps.statuses());
    else for (const status of deps.statuses()) outbox.push(status);
    state.isReady = true;
    await drain(agent, link);
  } catch (error) {
    const isLost = error instanceof SimulatorError && error.code === 'SIMULATOR_DISCONNECTED';
    if (!isLost) deps.onTrouble(reasonOf(error));
    link.cut();
    await link.closed;
  } finally {
    outbox.keepTransactions();
  }
}

/** One BootNotification; when it is not accepted, waits as long as it was told and sends only what is asked for. */
async function boot(agent: Agent, link: StationLink): Promise<void> {
  const { state, deps, work, outbox } = agent;
  const reply = await link.call('BootNotification', deps.bootPayload);
  state.saidMs = deps.now();
  if (!Booted.Check(reply)) return;
  if (reply.status === 'Accepted') {
    state.isBootNeeded = false;
    deps.onBoot(reply.interval);
    return;
  }
  const untilMs = deps.now() + Math.max(reply.interval * 1_000, SHORTEST_BOOT_WAIT_MS);
  while (state.link === link && deps.now() < untilMs) {
    if (reply.status === 'Pending' && (await outbox.sendTriggered(link))) continue;
    await work.waitAtMost(Math.max(untilMs - deps.now(), 1));
  }
}

async function drain(agent: Agent, link: StationLink): Promise<void> {
  const { state, deps, outbox, work } = agent;
  while (state.link === link) {
    if (await outbox.sendNext(link)) {
      state.saidMs = deps.now();
      continue;
    }
    const quietMs = deps.heartbeatMs() - (deps.now() - state.saidMs);
    if (quietMs <= 0) outbox.push(plainMessage('Heartbeat', {}));
    else await work.waitAtMost(quietMs);
  }
}
