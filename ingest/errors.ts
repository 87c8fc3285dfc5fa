import { AftercareError } from '#platform/errors.ts';

/** The log has reached its bound: nothing more is acknowledged until the writer has drained some of it. */
export function logFull(maxBytes: number): AftercareError {
  return new AftercareError(
    'INGEST_LOG_FULL',
    `the durable log holds its bound of ${maxBytes} bytes: acknowledgements wait until the telemetry store has caught up`,
    { kind: 'unavailable' },
  );
}

export function logUnwritable(folder: string, cause: unknown): AftercareError {
  return new AftercareError(
    'INGEST_LOG_UNWRITABLE',
    `cannot write the durable log in ${folder} (${String(cause)}): make the folder writable for this user, or set DATA_DIR`,
    { kind: 'unavailable', cause },
  );
}

/** The disk took only a part: it is full. */
export function shortWrite(written: number, size: number): AftercareError {
  return new AftercareError(
    'INGEST_LOG_SHORT_WRITE',
    `the disk took ${written} of ${size} bytes: it is full`,
  );
}
