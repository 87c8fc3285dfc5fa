import { connectorOf } from '#contracts/ocpp.ts';
import type { PileChange, PileState } from '../core/pile.ts';
import { healPile, plugIn, raisePileFault, wearConnector } from '../core/pile-events.ts';
import type { FaultMode, ScenarioEvent } from '../scenario/scenario.ts';
import { isPileFaultMode } from '../scenario/scenario.ts';

export type PileRequest = Omit<ScenarioEvent, 'atS' | 'unit'>;

/** What a scenario's event may move of a pile. */
export interface PileHandles {
  pile(): PileState;
  tell(change: PileChange, nowMs: number): void;
  goOffline(): void;
  /** Away until then. */
  goOfflineUntil(atMs: number): void;
  goOnline(): void;
  setSilent(isSilent: boolean): void;
  restart(): void;
}

type Act = (event: PileRequest, nowMs: number) => void;

const GLITCH_S = 15;
const SECOND_MS = 1_000;
const DEFAULT_VENDOR_CODE = 'CX009';

/** Does what scenarios and the control API ask of a pile; what means nothing to a pile does nothing. */
export function createPileActions(handles: PileHandles): Act {
  const faults: Readonly<Partial<Record<FaultMode, Act>>> = {
    offline: () => handles.goOffline(),
    comm_glitch: (event, nowMs) => handles.goOfflineUntil(nowMs + (event.overS ?? GLITCH_S) * SECOND_MS),
    silent: () => handles.setSilent(true),
    connector_wear(event, nowMs) {
      const pile = wearConnector(handles.pile(), namedConnector(event), { level: event.level ?? 1 });
      handles.tell({ pile, events: [] }, nowMs);
    },
    code: (event, nowMs) => raise({ ...event, mode: 'vendor_code' }, nowMs),
  };
  const raise: Act = (event, nowMs) => {
    if (!isPileFaultMode(event.mode)) return;
    const code = event.mode === 'vendor_code' ? (event.code ?? DEFAULT_VENDOR_CODE) : event.code;
    const connectorId = event.component === undefined ? undefined : namedConnector(event);
    handles.tell(raisePileFault(handles.pile(), event.mode, { connectorId, vendorErrorCode: code }), nowMs);
  };
  const fault: Act = (event, nowMs) => {
    const act = faults[event.mode ?? 'code'] ?? raise;
    act(event, nowMs);
  };
  const actions: Readonly<Partial<Record<ScenarioEvent['do'], Act>>> = {
    fault,
    wear: fault,
    heal(_, nowMs) {
      handles.setSilent(false);
      handles.tell(healPile(handles.pile()), nowMs);
    },
    offline: () => handles.goOffline(),
    online: () => handles.goOnline(),
    restart: () => handles.restart(),
    session: (event, nowMs) => handles.tell(plugIn(handles.pile(), namedConnector(event)), nowMs),
  };
  return (event, nowMs) => actions[event.do]?.(event, nowMs);
}

/** The connector an event names by its component, else the first. */
export function namedConnector({ component }: Pick<PileRequest, 'component'>): number {
  return component === undefined ? 1 : (connectorOf(component) ?? 1);
}
