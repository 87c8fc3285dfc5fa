/** The codes of OCPP 1.6 that we answer with ourselves (J-spec 4.2.3). */
export type CallErrorCode =
  | 'NotImplemented'
  | 'InternalError'
  | 'SecurityError'
  | 'FormationViolation'
  | 'PropertyConstraintViolation'
  | 'OccurenceConstraintViolation'
  | 'TypeConstraintViolation';

/** A call that is answered with a CALLERROR. The description goes to the station: no internals, no values of its. */
export class CallError extends Error {
  readonly code: CallErrorCode;
  /** Of the payload, where one is at fault. */
  readonly field: string;

  constructor(code: CallErrorCode, description: string, field = '') {
    super(description.slice(0, MAX_DESCRIPTION));
    this.name = 'CallError';
    this.code = code;
    this.field = field;
  }
}

const MAX_DESCRIPTION = 255;
