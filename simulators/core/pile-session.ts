import {
  connectorOf,
  PILE_MODEL,
  type PileDraft,
  type PileSession,
  type SessionPhase,
  type StopReason,
  setConnector,
} from './pile.ts';

const MEAN_PAUSE_S = 1_800;
const SHORTEST_PAUSE_S = 120;
const ID_TAGS = 40;
const USUAL_WEAR = 0.000_02;

/** A vehicle comes: plugged in, authorized. */
export function plug(draft: PileDraft, connectorId: number): void {
  const { random } = draft;
  const isDc = PILE_MODEL[draft.pile.spec.model].phases === 0;
  const key = draft.pile.sessions + 1;
  const soc = 15 + 25 * random.next();
  const session: PileSession = {
    key,
    idTag: `TAG-${String(1 + Math.floor(ID_TAGS * random.next())).padStart(4, '0')}`,
    phase: 'plugged',
    phaseS: 0,
    capacityWh: 55_000 + 30_000 * random.next(),
    vehicleA: isDc ? 150 + 70 * random.next() : 16 + 16 * Math.round(random.next()),
    soc,
    targetSoc: isDc ? 80 : soc + 20 + 25 * random.next(),
  };
  draft.pile = { ...draft.pile, sessions: key };
  setConnector(draft, connectorId, { session });
  draft.events.push({ type: 'authorize', connectorId, idTag: session.idTag });
}

export function enterPhase(draft: PileDraft, connectorId: number, phase: SessionPhase): void {
  const session = connectorOf(draft.pile, connectorId)?.session;
  if (session) setConnector(draft, connectorId, { session: { ...session, phase, phaseS: 0 } });
}

/** Charging begins: from here on it is a transaction. */
export function start(draft: PileDraft, connectorId: number): void {
  const connector = connectorOf(draft.pile, connectorId);
  if (!connector?.session) return;
  const { key, idTag } = connector.session;
  enterPhase(draft, connectorId, 'charging');
  draft.events.push({ type: 'start', connectorId, key, idTag, meterWh: Math.round(connector.registerWh) });
}

/** The transaction ends, if there is one; the vehicle is still plugged in. */
export function stop(draft: PileDraft, connectorId: number, reason: StopReason): void {
  const connector = connectorOf(draft.pile, connectorId);
  if (!connector?.session || !isTransaction(connector.session)) return;
  const { key, idTag } = connector.session;
  const meterWh = Math.round(connector.registerWh);
  draft.events.push({ type: 'stop', connectorId, key, idTag, meterWh, reason });
  setConnector(draft, connectorId, {
    currentA: 0,
    powerW: 0,
    wear: Math.min(connector.wear + connector.wearPerSession + USUAL_WEAR, 1),
  });
  enterPhase(draft, connectorId, 'ended');
}

/** The vehicle goes; the next one comes some time later. */
export function unplug(draft: PileDraft, connectorId: number): void {
  const pauseS = SHORTEST_PAUSE_S - MEAN_PAUSE_S * Math.log(1 - draft.random.next());
  setConnector(draft, connectorId, { session: null, currentA: 0, powerW: 0, untilPlugS: pauseS });
}

/** Ends whatever goes on at a connector at once. */
export function abort(draft: PileDraft, connectorId: number, reason: StopReason): void {
  stop(draft, connectorId, reason);
  if (connectorOf(draft.pile, connectorId)?.session) unplug(draft, connectorId);
}

export function isTransaction(session: PileSession): boolean {
  return session.phase === 'charging' || session.phase === 'full';
}
