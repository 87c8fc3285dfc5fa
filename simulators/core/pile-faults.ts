/** How a charging pile can fail. `connector_wear` is of the physics; the others are reported at once. */
export const PILE_FAULT_MODES = [
  'reader_hung',
  'lock_jammed',
  'ground_failure',
  'vendor_code',
  'over_temperature',
  'internal_error',
] as const;
export type PileFaultMode = (typeof PILE_FAULT_MODES)[number];

/** What takes a fault away from afar; `none` is for somebody on site. A hard reset does what a soft one does. */
export type Cure = 'unlock' | 'soft_reset' | 'hard_reset' | 'none';

interface FaultNature {
  readonly errorCode: string;
  readonly info: string;
  /** The connector is out of use; else it is a warning. */
  readonly isBlocking: boolean;
  /** Of the station as a whole unless a connector is named. */
  readonly isOfStation: boolean;
  readonly cure: Cure;
}

export const PILE_FAULTS: Readonly<Record<PileFaultMode, FaultNature>> = {
  reader_hung: {
    errorCode: 'ReaderFailure',
    info: 'reader does not answer',
    isBlocking: false,
    isOfStation: false,
    cure: 'soft_reset',
  },
  lock_jammed: {
    errorCode: 'ConnectorLockFailure',
    info: 'lock did not open',
    isBlocking: true,
    isOfStation: false,
    cure: 'unlock',
  },
  ground_failure: {
    errorCode: 'GroundFailure',
    info: 'residual current',
    isBlocking: true,
    isOfStation: false,
    cure: 'none',
  },
  vendor_code: {
    errorCode: 'OtherError',
    info: 'see vendor code',
    isBlocking: false,
    isOfStation: false,
    cure: 'none',
  },
  over_temperature: {
    errorCode: 'HighTemperature',
    info: 'power reduced',
    isBlocking: false,
    isOfStation: false,
    cure: 'none',
  },
  internal_error: {
    errorCode: 'InternalError',
    info: 'controller fault',
    isBlocking: true,
    isOfStation: true,
    cure: 'hard_reset',
  },
};

/** A fault that is there now; `connectorId` 0 is the station as a whole. */
export interface PileFault {
  readonly mode: PileFaultMode;
  readonly connectorId: number;
  readonly vendorErrorCode: string | null;
}

/** What a StatusNotification says besides the status. */
export interface PileError {
  readonly errorCode: string;
  readonly info?: string;
  readonly vendorId?: string;
  readonly vendorErrorCode?: string;
}

export const NO_ERROR: PileError = { errorCode: 'NoError' };
const VENDOR_ID = 'https://chargex.inl.gov';

/** The error of a connector (0: of the station); a blocking one before a warning. */
export function errorOf(faults: readonly PileFault[], connectorId: number): PileError {
  const own = faults.filter((fault) => fault.connectorId === connectorId);
  const fault = own.find(({ mode }) => PILE_FAULTS[mode].isBlocking) ?? own[0];
  if (fault === undefined) return NO_ERROR;
  const { errorCode, info } = PILE_FAULTS[fault.mode];
  if (fault.vendorErrorCode === null) return { errorCode, info };
  return { errorCode, info, vendorId: VENDOR_ID, vendorErrorCode: fault.vendorErrorCode };
}

export function isBlocked(faults: readonly PileFault[], connectorId: number): boolean {
  return faults.some((fault) => fault.connectorId === connectorId && PILE_FAULTS[fault.mode].isBlocking);
}
