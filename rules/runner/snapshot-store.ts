import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { Db, Timestamp } from '#platform/db/db.ts';

type SnapshotTables = {
  rule_snapshot: { node_id: string; sequence: number; bytes: Buffer; saved_at: Timestamp };
};

const compress = promisify<Uint8Array, { level: number }, Buffer>(deflate);
const expand = promisify<Uint8Array, Buffer>(inflate);

/** An engine's state as it was after that log sequence. */
export interface SavedSnapshot {
  readonly sequence: number;
  /** Rejects if what is stored is damaged. */
  bytes(): Promise<Uint8Array>;
}

export async function readSnapshot(db: Db, nodeId: string): Promise<SavedSnapshot | null> {
  const row = await db
    .withTables<SnapshotTables>()
    .selectFrom('rule_snapshot')
    .select(['sequence', 'bytes'])
    .where('node_id', '=', nodeId)
    .executeTakeFirst();
  return row === undefined ? null : { sequence: row.sequence, bytes: () => expand(row.bytes) };
}

/** Puts a snapshot in the place of the node's last. Compression runs off the event loop. */
export async function saveSnapshot(
  db: Db,
  nodeId: string,
  snapshot: { readonly sequence: number; readonly bytes: Uint8Array; readonly atMs: number },
): Promise<void> {
  const row = {
    sequence: snapshot.sequence,
    bytes: await compress(snapshot.bytes, { level: 1 }),
    saved_at: new Date(snapshot.atMs),
  };
  await db
    .withTables<SnapshotTables>()
    .insertInto('rule_snapshot')
    .values({ node_id: nodeId, ...row })
    .onConflict((conflict) => conflict.column('node_id').doUpdateSet(row))
    .execute();
}
