import type { Command, NewCommand } from '#contracts/commands.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { type Actor, actorId } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Tx } from '#platform/db/db.ts';
import { AftercareError, notFound } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import type { Outbox } from '#platform/outbox/outbox.ts';
import type { DeviceTables } from '../devices/tables.ts';
import { requireCommand } from './command-args.ts';
import { type CommandRow, changeOf, commandOf } from './command-rows.ts';
import { keepableText } from './core/keepable.ts';
import { shownArgs } from './core/secret-values.ts';
import type { CommandTables } from './tables.ts';

export interface QueueDeps {
  readonly clock: Clock;
  readonly audit: Audit;
  readonly outbox: Outbox;
}

export interface CommandRequest extends NewCommand {
  /** The same id again gives the command there is. */
  readonly id?: string;
  readonly deviceId: string;
  readonly component: string;
  readonly ticketId: string | null;
  readonly requestedBy: Actor;
}

/** What may wait for one device; about so many, as nobody waits for a lock. */
const MAX_QUEUED = 100;

/**
 * Puts a command in its device's queue, in the caller's transaction; call `outbox.wake` after the commit. 404; 409
 * COMMAND_DEVICE_DISABLED; 422 COMMAND_UNKNOWN, COMMAND_ARGS_INVALID name the field; 429 COMMAND_QUEUE_FULL.
 */
export async function queueCommand(deps: QueueDeps, tx: Tx, request: CommandRequest): Promise<Command> {
  const { deviceId, component, name, args = {}, requestedBy } = request;
  const known = request.id === undefined ? undefined : await findKnown(tx, request.id, request);
  if (known !== undefined) return commandOf(known);
  const device = await requireDevice(tx, deviceId);
  const definition = requireCommand(device.kind, name, args);
  await requireRoom(tx, deviceId);
  const nowMs = deps.clock.nowMs();
  const row = await tx
    .withTables<CommandTables>()
    .insertInto('command')
    .values({
      id: request.id ?? newId(),
      device_id: deviceId,
      unit_id: device.unit_id,
      component,
      name,
      args: JSON.stringify(args),
      status: 'queued',
      requested_by: actorId(requestedBy),
      ticket_id: request.ticketId,
      queued_at: new Date(nowMs),
      deadline: new Date(nowMs + (request.timeoutMs ?? definition.timeoutMs)),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return queueCommand(deps, tx, request);
  await deps.audit.record(tx, {
    actor: requestedBy,
    action: 'command.queued',
    entity: 'command',
    entityId: row.id,
    fields: {
      deviceId: { to: deviceId },
      name: { to: name },
      args: { to: shownArgs(args) },
      ...(request.override !== undefined && { override: { to: keepableText(request.override) } }),
    },
  });
  await deps.outbox.publish(tx, [changeOf(row)]);
  return commandOf(row);
}

async function findKnown(
  tx: Tx,
  id: string,
  { deviceId, name }: CommandRequest,
): Promise<CommandRow | undefined> {
  const row = await tx
    .withTables<CommandTables>()
    .selectFrom('command')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined || (row.device_id === deviceId && row.name === name)) return row;
  throw new AftercareError('COMMAND_ID_TAKEN', `${id} is another command: ${row.name} for ${row.device_id}`, {
    kind: 'conflict',
  });
}

async function requireDevice(tx: Tx, deviceId: string) {
  const device = await tx
    .withTables<DeviceTables>()
    .selectFrom('device')
    .select(['kind', 'unit_id', 'is_enabled'])
    .where('id', '=', deviceId)
    .executeTakeFirst();
  if (device === undefined) throw notFound('device', deviceId);
  if (device.is_enabled) return device;
  throw new AftercareError('COMMAND_DEVICE_DISABLED', `${deviceId} is disabled: enable it first`, {
    kind: 'conflict',
  });
}

async function requireRoom(tx: Tx, deviceId: string): Promise<void> {
  const { waiting } = await tx
    .withTables<CommandTables>()
    .selectFrom('command')
    .select((row) => row.fn.countAll<number>().as('waiting'))
    .where('device_id', '=', deviceId)
    .where('status', '=', 'queued')
    .executeTakeFirstOrThrow();
  if (waiting < MAX_QUEUED) return;
  throw new AftercareError('COMMAND_QUEUE_FULL', `${MAX_QUEUED} commands wait for ${deviceId} already`, {
    kind: 'too_many',
  });
}
