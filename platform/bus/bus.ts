/**
 * Messages between the nodes of one installation, this one included: at most once, lost while nobody listens.
 * What must not be lost goes through the outbox.
 */
export interface Bus extends AsyncDisposable {
  /** Payloads are JSON. Never throws: a message that cannot be carried is counted and gone. */
  publish(channel: string, payload: unknown): void;
  /** Gives back how to stop. A handler that throws is logged and harms no other. */
  subscribe(channel: string, handler: (payload: unknown) => void): () => void;
}
