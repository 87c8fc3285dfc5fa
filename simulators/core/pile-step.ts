import { environmentAt } from './environment.ts';
import {
  type ConnectorState,
  changePile,
  connectorOf,
  PILE_MODEL,
  type PileChange,
  type PileDraft,
  type PileSession,
  type PileState,
  setConnector,
} from './pile.ts';
import { isBlocked } from './pile-faults.ts';
import { enterPhase, plug, start, stop, unplug } from './pile-session.ts';
import { reportStatuses } from './pile-status.ts';

const LONGEST_STEP_S = 10;
const START_S = 4;
const FULL_S = 20;
const UNPLUG_S = 30;
const BUSY_S = 30;
const INTERNAL_TAU_S = 600;
const INTERNAL_RISE_K = 22;
const DERATE_FROM_C = 85;
const DERATE_TO_C = 105;
const LEAST_PART = 0.25;
const FAULT_PART = 0.5;
const HOT_CONTACT = 2;
const GRID_V = 230;
const POWER_FACTOR = 0.99;

/** Moves a pile on by `dtMs` of its own time; the weather is that of `nowMs`. */
export function advancePile(pile: PileState, dtMs: number, nowMs: number): PileChange {
  return changePile(pile, (draft) => {
    let leftS = dtMs / 1_000;
    while (leftS > 0) {
      const dtS = isBusy(draft.pile) ? Math.min(leftS, LONGEST_STEP_S) : leftS;
      stepPile(draft, dtS, nowMs - (leftS - dtS) * 1_000);
      leftS -= dtS;
    }
    reportStatuses(draft);
  });
}

function isBusy({ connectors }: PileState): boolean {
  return connectors.some(({ session, untilPlugS }) => session !== null || untilPlugS < LONGEST_STEP_S);
}

function stepPile(draft: PileDraft, dtS: number, nowMs: number): void {
  const { ambientC } = environmentAt(nowMs, draft.pile.spec.climate);
  draft.pile = { ...draft.pile, ambientC };
  for (const { id } of draft.pile.connectors) {
    stepSession(draft, id, dtS);
    stepPower(draft, id, dtS);
  }
  const powerW = draft.pile.connectors.reduce((sum, connector) => sum + connector.powerW, 0);
  const part = powerW / PILE_MODEL[draft.pile.spec.model].maxW;
  const targetC = ambientC + 3 + INTERNAL_RISE_K * part;
  const internalC = settle(draft.pile.internalC, targetC, dtS / INTERNAL_TAU_S);
  draft.pile = { ...draft.pile, internalC, fanRpm: powerW > 0 ? 1_200 + 2_400 * Math.min(part, 1) : 0 };
}

function stepSession(draft: PileDraft, id: number, dtS: number): void {
  const connector = connectorOf(draft.pile, id);
  if (connector === undefined) return;
  if (connector.session === null) {
    awaitVehicle(draft, connector, dtS);
    return;
  }
  const session = { ...connector.session, phaseS: connector.session.phaseS + dtS };
  setConnector(draft, id, { session });
  moveSession(draft, id, session);
}

function awaitVehicle(draft: PileDraft, connector: ConnectorState, dtS: number): void {
  const untilPlugS = connector.untilPlugS - dtS;
  if (untilPlugS > 0) setConnector(draft, connector.id, { untilPlugS });
  else if (canServe(draft.pile, connector)) plug(draft, connector.id);
  else setConnector(draft, connector.id, { untilPlugS: BUSY_S });
}

/** Whether a vehicle that comes now can charge here: in service, nothing broken, the reader alive. */
export function canServe(pile: PileState, connector: ConnectorState): boolean {
  const isInOrder = !isBlocked(pile.faults, 0) && !isBlocked(pile.faults, connector.id);
  const isReading = !pile.faults.some(
    ({ mode, connectorId }) => mode === 'reader_hung' && (connectorId === 0 || connectorId === connector.id),
  );
  return connector.session === null && pile.isOperative && connector.isOperative && isInOrder && isReading;
}

function moveSession(draft: PileDraft, id: number, { phase, phaseS, soc, targetSoc }: PileSession): void {
  if (phase === 'plugged' && phaseS >= START_S) start(draft, id);
  else if (phase === 'charging' && soc >= targetSoc) enterPhase(draft, id, 'full');
  else if (phase === 'full' && phaseS >= FULL_S) stop(draft, id, 'Local');
  else if (phase === 'ended' && phaseS >= UNPLUG_S) unplug(draft, id);
}

/** Current, energy and heat of a connector: the contact warms by I² times its resistance, with a lag. */
function stepPower(draft: PileDraft, id: number, dtS: number): void {
  const connector = connectorOf(draft.pile, id);
  if (connector === undefined) return;
  const { session } = connector;
  const model = PILE_MODEL[draft.pile.spec.model];
  const isHot = draft.pile.faults.some(
    (fault) => fault.mode === 'over_temperature' && fault.connectorId === id,
  );
  const wantedA = session?.phase === 'charging' ? Math.min(session.vehicleA, model.maxA) : 0;
  const currentA = wantedA * derating(connector.contactC) * (isHot ? FAULT_PART : 1);
  const voltageV = voltage(session, model.phases);
  const powerW = (model.phases === 0 ? 1 : model.phases * POWER_FACTOR) * voltageV * currentA;
  const energyWh = (powerW * dtS) / 3_600;
  const riseK = model.riseKPerA2 * (1 + 2 * connector.wear) * (isHot ? HOT_CONTACT : 1) * currentA ** 2;
  const contactC = settle(connector.contactC, draft.pile.ambientC + riseK, dtS / model.contactTauS);
  setConnector(draft, id, {
    currentA,
    voltageV,
    powerW,
    contactC,
    registerWh: connector.registerWh + energyWh,
    session: session && {
      ...session,
      soc: Math.min(session.soc + (100 * energyWh) / session.capacityWh, 100),
    },
  });
}

function voltage(session: PileSession | null, phases: 0 | 3): number {
  if (phases !== 0) return GRID_V;
  return session?.phase === 'charging' ? 350 + session.soc : 0;
}

/** 1 while the contact is cool, less the hotter it is. */
function derating(contactC: number): number {
  const part = (DERATE_TO_C - contactC) / (DERATE_TO_C - DERATE_FROM_C);
  return Math.min(1, Math.max(LEAST_PART, part));
}

function settle(value: number, target: number, spans: number): number {
  return target + (value - target) * Math.exp(-spans);
}
