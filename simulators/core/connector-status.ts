/** Status of a connector in OCPP 1.6 (ChargePointStatus). */
export type OcppStatus =
  | 'Available'
  | 'Preparing'
  | 'Charging'
  | 'SuspendedEV'
  | 'SuspendedEVSE'
  | 'Finishing'
  | 'Reserved'
  | 'Unavailable'
  | 'Faulted';

const FROM_FAULTED: readonly OcppStatus[] = [
  'Available',
  'Preparing',
  'Charging',
  'SuspendedEV',
  'SuspendedEVSE',
  'Finishing',
  'Reserved',
  'Unavailable',
];

/** Which status may follow which on a connector. @see OCPP 1.6, 4.9 */
const MOVES: Readonly<Record<OcppStatus, readonly OcppStatus[]>> = {
  Available: ['Preparing', 'Charging', 'SuspendedEV', 'SuspendedEVSE', 'Reserved', 'Unavailable', 'Faulted'],
  Preparing: ['Available', 'Charging', 'SuspendedEV', 'SuspendedEVSE', 'Finishing', 'Faulted'],
  Charging: ['Available', 'SuspendedEV', 'SuspendedEVSE', 'Finishing', 'Unavailable', 'Faulted'],
  SuspendedEV: ['Available', 'Charging', 'SuspendedEVSE', 'Finishing', 'Unavailable', 'Faulted'],
  SuspendedEVSE: ['Available', 'Charging', 'SuspendedEV', 'Finishing', 'Unavailable', 'Faulted'],
  Finishing: ['Available', 'Preparing', 'Unavailable', 'Faulted'],
  Reserved: ['Available', 'Preparing', 'Unavailable', 'Faulted'],
  Unavailable: ['Available', 'Preparing', 'Charging', 'SuspendedEV', 'SuspendedEVSE', 'Faulted'],
  Faulted: FROM_FAULTED,
};

export function isLegalMove(from: OcppStatus, to: OcppStatus): boolean {
  return from === to || MOVES[from].includes(to);
}

/** The statuses to report on the way, the last being `to`; empty when it is there already. */
export function statusPath(from: OcppStatus, to: OcppStatus): readonly OcppStatus[] {
  if (from === to) return [];
  return isLegalMove(from, to) ? [to] : ['Available', to];
}
