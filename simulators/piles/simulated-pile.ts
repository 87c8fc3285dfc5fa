import {
  connectorOf,
  createPile,
  PILE_MODEL,
  type PileChange,
  type PileSpec,
  type PileState,
} from '../core/pile.ts';
import { changeAvailability, plugIn, rebootPile, refuse, stopAll, unlock } from '../core/pile-events.ts';
import { PILE_FAULTS } from '../core/pile-faults.ts';
import { recallPile } from '../core/pile-history.ts';
import { readMeter } from '../core/pile-meter.ts';
import { isTransaction } from '../core/pile-session.ts';
import { currentReport } from '../core/pile-status.ts';
import { advancePile } from '../core/pile-step.ts';
import type { FleetCounts, UnitReport } from '../fleet/fleet.ts';
import type { PastWindow } from '../fleet/simulated-unit.ts';
import type { ScenarioEvent } from '../scenario/scenario.ts';
import { createAnswers, type StationControls } from './answers.ts';
import { messageOf, meterMessage, statusMessage } from './messages.ts';
import { pastMessages } from './past-messages.ts';
import { createPileActions, namedConnector, type PileRequest } from './pile-actions.ts';
import {
  type ResetKind,
  type StationAgentDeps,
  type StationAgentSettings,
  startStationAgent,
} from './station-agent.ts';
import { createStationConfig } from './station-config.ts';
import { createTrigger } from './trigger.ts';

export interface PileDeps
  extends Pick<StationAgentDeps, 'now' | 'credentials' | 'renewCredentials' | 'onTrouble'> {
  /** A password that the server has set is used from the next connection on. */
  readonly keepPassword: (deviceId: string, password: string) => void;
}

export interface PileSettings extends StationAgentSettings {
  readonly spec: PileSpec;
  readonly firmware: string;
  readonly configuration: Readonly<Record<string, string>>;
}

/** One charging pile of the fleet: its physics, its station, and what a scenario can do to it. */
export interface SimulatedPile extends AsyncDisposable {
  readonly id: string;
  /** Moves on by `dtMs` of the pile's own time; messages carry `nowMs`. */
  advance(dtMs: number, nowMs: number): void;
  apply(event: PileRequest, nowMs: number): void;
  /** Lives through the past sessions that it brings along and keeps those after `knownUntilMs` for delivery. */
  recall(event: ScenarioEvent, window: PastWindow): void;
  report(): UnitReport;
  counts(): Omit<FleetCounts, 'units' | 'connected'>;
}

const SECOND_MS = 1_000;
const PAST_STEP_S = 300;
const PAST_SESSIONS_PER_DAY = 6;

export function startSimulatedPile(deps: PileDeps, settings: PileSettings): SimulatedPile {
  const { spec } = settings;
  let pile: PileState = createPile(spec);
  let isSilent = false;
  let backAtMs: number | null = null;
  const meteredMs = new Map<number, number>();

  const config = createStationConfig(
    { NumberOfConnectors: String(pile.connectors.length), ...settings.configuration },
    (password) => deps.keepPassword(spec.id, password),
  );
  const tell = (change: PileChange, nowMs = deps.now()): void => {
    pile = change.pile;
    for (const event of change.events) {
      const message = messageOf(event, nowMs);
      if (event.type === 'status' || event.type === 'stop') agent.send(message);
      else agent.send({ ...message, onAnswer: (result) => heed(event.connectorId, result) });
      if (event.type === 'start') meteredMs.set(event.connectorId, nowMs - firstReadingMs());
    }
  };
  const heed = (connectorId: number, result: unknown): void => {
    if (isRefusedTag(result)) tell(refuse(pile, connectorId));
  };
  const firstReadingMs = (): number => (config.seconds('MeterValueSampleInterval') * SECOND_MS) / 2;
  const read = (connectorId: number, context: Parameters<typeof readMeter>[2], nowMs: number): void => {
    const reading = readMeter(pile, connectorId, context);
    pile = reading.pile;
    const session = connectorOf(pile, connectorId)?.session ?? null;
    const key = session !== null && isTransaction(session) ? session.key : null;
    agent.send(meterMessage(connectorId, key, [{ atMs: nowMs, values: reading.values }]));
  };
  const statusNow = (connectorId: number) =>
    statusMessage(connectorId, currentReport(pile, connectorId), deps.now());
  const controls: StationControls = {
    reset(kind) {
      tell(stopAll(pile, `${kind}Reset`));
      agent.reset(kind);
    },
    unlock(connectorId) {
      const change = unlock(pile, connectorId);
      tell(change);
      return change.status;
    },
    changeAvailability(connectorId, isOperative) {
      const change = changeAvailability(pile, connectorId, isOperative);
      tell(change);
      return change.status;
    },
    trigger: createTrigger({
      bootPayload: bootPayloadOf(settings),
      connectors: pile.connectors.length,
      statusNow,
      read: (connectorId) => {
        const reading = readMeter(pile, connectorId, 'Trigger');
        pile = reading.pile;
        return meterMessage(connectorId, null, [{ atMs: deps.now(), values: reading.values }]);
      },
      send: (message) => agent.send(message),
    }),
    readConfiguration: (keys) => config.read(keys),
    changeConfiguration: (key, value) => config.change(key, value),
    remoteStart(connectorId) {
      const change = plugIn(pile, connectorId);
      tell(change);
      return change.events.length > 0;
    },
  };
  const answer = createAnswers(controls);
  const agent = startStationAgent(
    {
      ...deps,
      answer: (action, payload) => (isSilent ? new Promise(() => undefined) : answer(action, payload)),
      bootPayload: bootPayloadOf(settings),
      heartbeatMs: () => Math.max(config.seconds('HeartbeatInterval'), 1) * SECOND_MS,
      pingMs: () => config.seconds('WebSocketPingInterval') * SECOND_MS,
      onBoot: (intervalS) => {
        if (intervalS > 0) config.change('HeartbeatInterval', String(Math.round(intervalS)));
      },
      onRestart: (kind: ResetKind) => {
        pile = rebootPile(pile, kind);
      },
      statuses: () => pile.reported.map((_, connectorId) => statusNow(connectorId)),
    },
    settings,
  );

  const sample = (nowMs: number): void => {
    for (const { id, session } of pile.connectors) {
      if (session === null || !isTransaction(session)) continue;
      if (isDue(meteredMs, id, { nowMs, everyS: config.seconds('MeterValueSampleInterval') })) {
        read(id, 'Sample.Periodic', nowMs);
      }
    }
    if (isDue(meteredMs, 0, { nowMs, everyS: config.seconds('ClockAlignedDataInterval') })) {
      read(0, 'Sample.Clock', nowMs);
    }
  };
  const act = createPileActions({
    pile: () => pile,
    tell,
    goOffline: () => agent.goOffline(),
    goOfflineUntil(atMs) {
      backAtMs = atMs;
      agent.goOffline();
    },
    goOnline: () => agent.goOnline(),
    setSilent(value) {
      isSilent = value;
    },
    restart: () => controls.reset('Soft'),
  });

  return {
    id: spec.id,
    apply: act,
    advance(dtMs, nowMs) {
      tell(advancePile(pile, dtMs, nowMs), nowMs);
      sample(nowMs);
      if (backAtMs === null || nowMs < backAtMs) return;
      backAtMs = null;
      agent.goOnline();
    },
    recall(event, { fromMs, toMs, knownUntilMs }) {
      const past = recallPile(pile, {
        fromMs,
        toMs,
        stepMs: (event.stepS ?? PAST_STEP_S) * SECOND_MS,
        sessionsPerDay: PAST_SESSIONS_PER_DAY,
        connectorId: namedConnector(event),
        fromLevel: event.fromLevel ?? 0,
        toLevel: event.toLevel ?? 1,
      });
      pile = past.pile;
      for (const message of pastMessages(past.entries, knownUntilMs)) agent.send(message);
    },
    report: () => reportOf(pile, agent),
    counts: () => agent.counts(),
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  };
}

function reportOf(pile: PileState, agent: ReturnType<typeof startStationAgent>): UnitReport {
  const worn = pile.connectors.some(({ wearPerSession }) => wearPerSession > 0);
  return {
    id: pile.spec.id,
    kind: 'charging_pile',
    model: pile.spec.model,
    isConnected: agent.isConnected(),
    faults: pile.faults.map(({ mode, vendorErrorCode }) => vendorErrorCode ?? PILE_FAULTS[mode].errorCode),
    failures: [...pile.faults.map(({ mode }) => mode), ...(worn ? ['connector_wear' as const] : [])],
    buffered: agent.counts().buffered,
  };
}

function isDue(
  doneMs: Map<number, number>,
  id: number,
  { nowMs, everyS }: { readonly nowMs: number; readonly everyS: number },
): boolean {
  const everyMs = everyS * SECOND_MS;
  if (everyMs <= 0 || nowMs - (doneMs.get(id) ?? 0) < everyMs) return false;
  doneMs.set(id, nowMs);
  return true;
}

function isRefusedTag(result: unknown): boolean {
  const info = (result as { idTagInfo?: { status?: unknown } } | null)?.idTagInfo;
  return info?.status !== undefined && info.status !== 'Accepted' && info.status !== 'ConcurrentTx';
}

function bootPayloadOf({ spec, firmware }: PileSettings): Readonly<Record<string, string>> {
  return {
    chargePointVendor: 'Generic',
    chargePointModel: PILE_MODEL[spec.model].vendorModel,
    chargePointSerialNumber: `SIM-${spec.id.toUpperCase()}`.slice(0, 25),
    firmwareVersion: firmware,
  };
}
