/**
 * Work that runs later or again. A job never joins a transaction: write the row first, derive the job's id from
 * it, and keep a sweep that enqueues what was missed. Handlers run at least once.
 */
export interface Jobs extends AsyncDisposable {
  /** Names a handler; all are named before `start`. Payloads are JSON. */
  define<P>(name: string, handler: (payload: P) => Promise<void>): void;
  /** Runs a named handler (payload null) every `everyMs` of the clock, on one node at a time. */
  every(name: string, everyMs: number, handler: () => Promise<void>): void;
  /** Same id: enqueued once while it waits. Ids hold no ":". `atMs` is an instant of the clock. */
  enqueue<P>(name: string, payload: P, options: { id: string; atMs?: number }): Promise<void>;
  /** Removes a job that has not begun. */
  cancel(name: string, id: string): Promise<void>;
  start(): Promise<void>;
}
