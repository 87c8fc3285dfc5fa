import {
  changePile,
  connectorOf,
  type PileChange,
  type PileState,
  type StopReason,
  setConnector,
} from './pile.ts';
import { type Cure, PILE_FAULTS, type PileFault, type PileFaultMode } from './pile-faults.ts';
import { abort, isTransaction, plug, stop, unplug } from './pile-session.ts';
import { currentReport, reportStatuses } from './pile-status.ts';
import { canServe } from './pile-step.ts';

/** Lets a fault happen, once; a blocking one ends what goes on at its connector. */
export function raisePileFault(
  pile: PileState,
  mode: PileFaultMode,
  at: { readonly connectorId?: number | undefined; readonly vendorErrorCode?: string | undefined },
): PileChange {
  const { isBlocking, isOfStation } = PILE_FAULTS[mode];
  const connectorId = at.connectorId ?? (isOfStation ? 0 : 1);
  const fault: PileFault = { mode, connectorId, vendorErrorCode: at.vendorErrorCode ?? null };
  return changePile(pile, (draft) => {
    const others = pile.faults.filter((each) => each.mode !== mode || each.connectorId !== connectorId);
    draft.pile = { ...pile, faults: [...others, fault] };
    if (isBlocking) {
      for (const { id } of pile.connectors) {
        if (connectorId === 0 || connectorId === id) abort(draft, id, 'Other');
      }
    }
    reportStatuses(draft);
  });
}

/** The pile as a technician leaves it: nothing broken, new contacts. */
export function healPile(pile: PileState): PileChange {
  return changePile(pile, (draft) => {
    const connectors = pile.connectors.map((each) => ({ ...each, wear: 0, wearPerSession: 0 }));
    draft.pile = { ...pile, faults: [], connectors };
    reportStatuses(draft);
  });
}

/** Ends every transaction and sends the vehicles away. */
export function stopAll(pile: PileState, reason: StopReason): PileChange {
  return changePile(pile, (draft) => {
    for (const { id } of pile.connectors) abort(draft, id, reason);
    reportStatuses(draft);
  });
}

/** What a reset leaves behind; the statuses are to be told anew after it. */
export function rebootPile(pile: PileState, kind: 'Soft' | 'Hard'): PileState {
  const cures: readonly Cure[] = kind === 'Hard' ? ['soft_reset', 'hard_reset'] : ['soft_reset'];
  const faults = pile.faults.filter(({ mode }) => !cures.includes(PILE_FAULTS[mode].cure));
  const left = { ...pile, faults };
  return { ...left, reported: pile.reported.map((_, connectorId) => currentReport(left, connectorId)) };
}

export type UnlockStatus = 'Unlocked' | 'NotSupported';

/** Opens a connector's lock, a jammed one too; ends the transaction there. */
export function unlock(pile: PileState, connectorId: number): PileChange & { status: UnlockStatus } {
  if (connectorOf(pile, connectorId) === undefined) return { pile, events: [], status: 'NotSupported' };
  const change = changePile(pile, (draft) => {
    stop(draft, connectorId, 'UnlockCommand');
    const isCured = (fault: PileFault) =>
      fault.connectorId === connectorId && PILE_FAULTS[fault.mode].cure === 'unlock';
    draft.pile = { ...draft.pile, faults: draft.pile.faults.filter((fault) => !isCured(fault)) };
    reportStatuses(draft);
  });
  return { ...change, status: 'Unlocked' };
}

export type AvailabilityStatus = 'Accepted' | 'Rejected' | 'Scheduled';

/** Takes a connector (0: the station) in or out of service; what charges there now may finish first. */
export function changeAvailability(
  pile: PileState,
  connectorId: number,
  isOperative: boolean,
): PileChange & { status: AvailabilityStatus } {
  const connector = connectorOf(pile, connectorId);
  if (connectorId !== 0 && connector === undefined) return { pile, events: [], status: 'Rejected' };
  const concerned = connector === undefined ? pile.connectors : [connector];
  const isCharging = concerned.some(({ session }) => session !== null && isTransaction(session));
  const change = changePile(pile, (draft) => {
    if (connectorId === 0) draft.pile = { ...pile, isOperative };
    else setConnector(draft, connectorId, { isOperative });
    reportStatuses(draft);
  });
  return { ...change, status: isCharging && !isOperative ? 'Scheduled' : 'Accepted' };
}

/** A vehicle comes to a connector now; nothing happens where it cannot charge. */
export function plugIn(pile: PileState, connectorId: number): PileChange {
  const connector = connectorOf(pile, connectorId);
  if (connector === undefined || !canServe(pile, connector)) return { pile, events: [] };
  return changePile(pile, (draft) => {
    plug(draft, connectorId);
    reportStatuses(draft);
  });
}

/** The tag was refused: the driver goes away before or while charging. */
export function refuse(pile: PileState, connectorId: number): PileChange {
  return changePile(pile, (draft) => {
    stop(draft, connectorId, 'Other');
    if (connectorOf(draft.pile, connectorId)?.session) unplug(draft, connectorId);
    reportStatuses(draft);
  });
}

/** Sets a connector's wear and the pace at which sessions add to it. */
export function wearConnector(
  pile: PileState,
  connectorId: number,
  { level, perSession = 0 }: { readonly level: number; readonly perSession?: number },
): PileState {
  const connectors = pile.connectors.map((each) =>
    each.id === connectorId ? { ...each, wear: level, wearPerSession: perSession } : each,
  );
  return { ...pile, connectors };
}
