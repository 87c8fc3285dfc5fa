import { type OcppStatus, statusPath } from './connector-status.ts';
import {
  type ConnectorState,
  connectorOf,
  type PileDraft,
  type PileState,
  type StatusReport,
} from './pile.ts';
import { errorOf, isBlocked } from './pile-faults.ts';

const OF_PHASE = {
  plugged: 'Preparing',
  charging: 'Charging',
  full: 'SuspendedEV',
  ended: 'Finishing',
} as const;

function statusOf(pile: PileState, connector: ConnectorState): OcppStatus {
  if (isBlocked(pile.faults, connector.id)) return 'Faulted';
  if (connector.session !== null) return OF_PHASE[connector.session.phase];
  return pile.isOperative && connector.isOperative ? 'Available' : 'Unavailable';
}

function stationStatus(pile: PileState): OcppStatus {
  if (isBlocked(pile.faults, 0)) return 'Faulted';
  return pile.isOperative ? 'Available' : 'Unavailable';
}

/** How a connector stands now; 0 is the station. */
export function currentReport(pile: PileState, connectorId: number): StatusReport {
  const connector = connectorOf(pile, connectorId);
  const status = connector === undefined ? stationStatus(pile) : statusOf(pile, connector);
  return { status, error: errorOf(pile.faults, connectorId) };
}

/** Tells every status that is not as last reported, by legal moves only. */
export function reportStatuses(draft: PileDraft): void {
  const reported = draft.pile.reported.map((before, connectorId) => {
    const now = currentReport(draft.pile, connectorId);
    const isOtherError = JSON.stringify(before.error) !== JSON.stringify(now.error);
    const path = statusPath(before.status, now.status);
    const steps = path.length === 0 && isOtherError ? [now.status] : path;
    for (const status of steps) {
      draft.events.push({ type: 'status', connectorId, report: { status, error: now.error } });
    }
    return steps.length === 0 ? before : now;
  });
  draft.pile = { ...draft.pile, reported };
}
