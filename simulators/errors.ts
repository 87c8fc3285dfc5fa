/** What stops the simulator or one of its requests; the message says what to do next. */
export class SimulatorError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SimulatorError';
    this.code = code;
  }
}

/** A {@link SimulatorError} in place of what was caught. */
export function simulatorError(code: string, message: string, cause: unknown): SimulatorError {
  return new SimulatorError(code, message, { cause });
}

/** The innermost reason that an error carries, in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error.cause !== undefined && error.message === 'fetch failed') return reasonOf(error.cause);
  return error.message;
}
