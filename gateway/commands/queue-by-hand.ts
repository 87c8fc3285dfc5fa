import type { Command, CommandDefinition } from '#contracts/commands.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import type { DeviceTables } from '../devices/tables.ts';
import { requireCommand } from './command-args.ts';
import { startsEquipment } from './core/starts-equipment.ts';
import { type CommandRequest, type QueueDeps, queueCommand } from './queue-command.ts';

/** What is known of people at a unit. */
export interface UnitHazards {
  /** Holds the unit for the caller's transaction. */
  of(tx: Tx, unitId: string): Promise<{ readonly isInDanger: boolean; readonly isAttended: boolean }>;
}

export interface QueueByHandDeps extends QueueDeps {
  readonly hazards: UnitHazards;
}

/**
 * Queues what a person asks for; as {@link queueCommand}, and 409 COMMAND_UNIT_IN_DANGER,
 * COMMAND_TECHNICIAN_ON_SITE for what would set equipment going there, unless the person overrides it.
 */
export async function queueByHand(deps: QueueByHandDeps, tx: Tx, request: CommandRequest): Promise<Command> {
  const { deviceId, name, args = {}, override } = request;
  const device = await tx
    .withTables<DeviceTables>()
    .selectFrom('device')
    .select(['kind', 'unit_id'])
    .where('id', '=', deviceId)
    .executeTakeFirst();
  if (device === undefined) throw notFound('device', deviceId);
  const definition = requireCommand(device.kind, name, args);
  if (override === undefined && device.unit_id !== null && startsEquipment(definition, args)) {
    requireSafe(definition, await deps.hazards.of(tx, device.unit_id));
  }
  return queueCommand(deps, tx, request);
}

function requireSafe(
  { name }: CommandDefinition,
  { isInDanger, isAttended }: Awaited<ReturnType<UnitHazards['of']>>,
): void {
  if (isInDanger) {
    throw refused(
      'COMMAND_UNIT_IN_DANGER',
      `${name} may hurt somebody: a safety fault of the unit stands or is unfinished. Finish its ticket first`,
    );
  }
  if (isAttended) {
    throw refused(
      'COMMAND_TECHNICIAN_ON_SITE',
      `${name} may hurt somebody: a technician is at the unit or on the way. Call them first`,
    );
  }
}

function refused(code: string, message: string): AftercareError {
  return new AftercareError(code, `${message}, or send it with \`override\`: why it is safe`, {
    kind: 'conflict',
  });
}
