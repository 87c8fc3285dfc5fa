import type { AlarmTransition } from '#contracts/alarms.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import type { Db } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import type { AlarmRow } from '../alarms/tables.ts';
import type { CompiledRule } from '../core/compiled-rule.ts';
import { createEngine } from '../core/engine.ts';
import type { Engine } from '../core/engine-types.ts';
import { readOpenAlarms, replayOfFaults } from './open-alarms.ts';
import { readSnapshot, type SavedSnapshot } from './snapshot-store.ts';

/** An engine as it was at `sequence`, and what to do about alarms that it does not know. */
export interface RestoredEngine {
  readonly engine: Engine;
  readonly sequence: number;
  readonly orphans: readonly AlarmRow[];
  readonly transitions: readonly AlarmTransition[];
}

interface RestoreDeps {
  readonly db: Db;
  readonly log: Logger;
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
}

interface Restoring {
  readonly deps: RestoreDeps;
  readonly rules: readonly CompiledRule[];
  readonly open: readonly AlarmRow[];
}

/** Points that a device's row holds back for rules with `reorderMs`, at most. */
const ENGINE_OPTIONS = { maxHeldPerRow: 256 };

/**
 * The engine as its node left it. Without a snapshot the log is whole, so it starts empty at 0. With one that is
 * damaged it starts from the open alarms: fault codes stand, delays begin anew, and alarms of conditions are
 * orphans until their condition has held again.
 */
export async function restoreEngine(
  deps: RestoreDeps,
  nodeId: string,
  rules: readonly CompiledRule[],
): Promise<RestoredEngine> {
  const snapshot = await readSnapshot(deps.db, nodeId);
  const restoring = { deps, rules, open: await readOpenAlarms(deps.db) };
  if (snapshot === null) {
    const engine = createEngine(rules, ENGINE_OPTIONS);
    return { engine, sequence: 0, orphans: unwatched(restoring, []), transitions: [] };
  }
  try {
    return await fromSnapshot(restoring, snapshot);
  } catch (error) {
    deps.log.error(
      { err: error, sequence: snapshot.sequence, openAlarms: restoring.open.length },
      'rule state is damaged: rules start from the open alarms, delays begin anew',
    );
    return fromOpenAlarms(restoring, snapshot.sequence);
  }
}

async function fromSnapshot(restoring: Restoring, snapshot: SavedSnapshot): Promise<RestoredEngine> {
  const { deps, rules } = restoring;
  const engine = createEngine(rules, ENGINE_OPTIONS);
  const { orphaned, ...restored } = engine.restore(await snapshot.bytes(), deps.findDevice);
  deps.log.info({ ...restored, sequence: snapshot.sequence }, 'rule state restored');
  return {
    engine,
    sequence: snapshot.sequence,
    orphans: unwatched(restoring, orphaned),
    transitions: [],
  };
}

function fromOpenAlarms({ deps, rules, open }: Restoring, sequence: number): RestoredEngine {
  const engine = createEngine(rules, ENGINE_OPTIONS);
  const transitions = engine.process(replayOfFaults(open, deps.findDevice));
  const known = new Set(transitions.map(({ occurrence }) => occurrence));
  const orphans = open.filter(({ occurrence }) => !known.has(occurrence));
  return { engine, sequence, orphans, transitions };
}

/** Open alarms that the snapshot had to leave behind, and those of rule versions that are not evaluated. */
function unwatched({ rules, open }: Restoring, orphaned: readonly string[]): AlarmRow[] {
  const left = new Set(orphaned);
  const evaluated = new Set(rules.map(({ rule }) => `${rule.id}|${rule.version}`));
  return open.filter(
    (row) =>
      left.has(row.occurrence) ||
      (row.rule_id !== null && !evaluated.has(`${row.rule_id}|${row.rule_version}`)),
  );
}
