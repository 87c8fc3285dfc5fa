import type { Actor } from '../auth/actor.ts';
import type { Tx } from '../db/db.ts';

/** What changed, by field: ids and codes as they are; personal values go in as salted hashes (see record). */
export interface AuditEntry {
  readonly actor: Actor;
  readonly action: string;
  readonly entity: string;
  readonly entityId: string;
  readonly fields?: Readonly<Record<string, { readonly from?: unknown; readonly to?: unknown }>>;
  /** Names in `fields` whose values are personal: kept in the erasable side table, hashed in the row. */
  readonly personal?: readonly string[];
}

/** Every mutation leaves a row, written in the mutation's own transaction. */
export interface Audit {
  record(tx: Tx, entry: AuditEntry): Promise<void>;
}
