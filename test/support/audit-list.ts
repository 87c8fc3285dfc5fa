import type { Audit, AuditEntry } from '#platform/audit/audit.ts';

/** An audit that keeps its entries in memory, for tests of what a change leaves behind. */
export interface AuditList extends Audit {
  readonly entries: AuditEntry[];
}

export function createAuditList(): AuditList {
  const entries: AuditEntry[] = [];
  return {
    entries,
    record: async (_tx, entry) => {
      entries.push(entry);
    },
  };
}
