import { Type } from 'typebox';
import { COMMAND_STATUSES, COMMANDS, Command, NewCommand } from '#contracts/commands.ts';
import { DeviceId, RecordId } from '#contracts/ids.ts';
import type { Db } from '#platform/db/db.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import { componentOf } from './command-args.ts';
import { listCommands, readCommand } from './command-list.ts';
import { type QueueByHandDeps, queueByHand } from './queue-by-hand.ts';
import { cancelCommand, type WithdrawDeps } from './withdraw-commands.ts';

interface CommandRouteDeps extends QueueByHandDeps, WithdrawDeps {
  readonly db: Db;
}

const tags = ['commands'];
const read = { permission: 'commands:read' } as const;
const params = Type.Object({ id: DeviceId });
const status = Type.Optional(Type.Enum(COMMAND_STATUSES, { description: 'where it stands' }));

const Definition = Type.Object({
  name: Type.String(),
  kind: Type.String({ description: 'of the devices that know it' }),
  label: Type.Object({ 'zh-CN': Type.String(), en: Type.String() }),
  args: Type.Record(Type.String(), Type.Unknown(), { description: 'JSON schema of its arguments' }),
  timeoutMs: Type.Integer({ description: 'from queueing to the deadline, unless asked otherwise' }),
  endsSession: Type.Boolean({ description: 'refused while a vehicle charges there' }),
});
const Definitions = Type.Object({ items: Type.Array(Definition), nextCursor: Type.Null() });

/** Commands to devices: what there is, what was asked and what became of it. */
export function commandRoutes(deps: CommandRouteDeps): Routes {
  return (app) => {
    ofDevice(app, deps);
    ledger(app, deps);
    cancelRoute(app, deps);
  };
}

function ofDevice(app: HttpInstance, deps: CommandRouteDeps): void {
  const { db, outbox } = deps;

  app.post(
    '/devices/:id/commands',
    {
      config: { permission: 'commands:send' },
      schema: {
        tags,
        summary: 'Tell a device to do something; it waits for the device until its deadline',
        description:
          '404; 409 `COMMAND_DEVICE_DISABLED`; 409 `COMMAND_UNIT_IN_DANGER` and `COMMAND_TECHNICIAN_ON_SITE` for what would set equipment going where it may hurt somebody, unless `override` says why it is safe; 422 `COMMAND_UNKNOWN` and `COMMAND_ARGS_INVALID` name the field; 429 `COMMAND_QUEUE_FULL`: 100 wait already.',
        params,
        body: NewCommand,
        response: { 201: Command },
      },
    },
    async (request, reply) => {
      const { params, body, actor } = request;
      const command = await db.transaction().execute((tx) =>
        queueByHand(deps, tx, {
          ...body,
          deviceId: params.id,
          component: componentOf(body.args ?? {}),
          ticketId: null,
          requestedBy: actor,
        }),
      );
      outbox.wake();
      return reply.code(201).send(command);
    },
  );

  app.get(
    '/devices/:id/commands',
    {
      config: read,
      schema: {
        tags,
        summary: 'Commands of a device, the newest first',
        params,
        querystring: Type.Object({ ...PageQuery, status }),
        response: { 200: Page(Command) },
      },
    },
    (request) => listCommands(db, { ...request.query, deviceId: request.params.id }),
  );
}

function cancelRoute(app: HttpInstance, deps: CommandRouteDeps): void {
  app.post(
    '/commands/:id/cancel',
    {
      config: { permission: 'commands:send' },
      schema: {
        tags,
        summary: 'Withdraw a command that has not gone out: it ends as expired',
        description: '404; 409 `COMMAND_NOT_QUEUED`: it is with its device, or has ended.',
        params: Type.Object({ id: RecordId }),
        response: { 200: Command },
      },
    },
    async ({ params, actor }) => {
      const command = await deps.db
        .transaction()
        .execute((tx) => cancelCommand(deps, tx, { id: params.id, actor }));
      deps.outbox.wake();
      return command;
    },
  );
}

function ledger(app: HttpInstance, { db }: CommandRouteDeps): void {
  app.get(
    '/commands',
    {
      config: read,
      schema: {
        tags,
        summary: 'Commands, the newest first',
        querystring: Type.Object({
          ...PageQuery,
          status,
          deviceId: Type.Optional(DeviceId),
          ticketId: Type.Optional(RecordId),
        }),
        response: { 200: Page(Command) },
      },
    },
    (request) => listCommands(db, request.query),
  );

  app.get(
    '/commands/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'A command',
        params: Type.Object({ id: RecordId }),
        response: { 200: Command },
      },
    },
    (request) => readCommand(db, request.params.id),
  );

  app.get(
    '/device-commands',
    {
      config: read,
      schema: {
        tags,
        summary: 'What devices can be told to do',
        querystring: Type.Object({
          kind: Type.Optional(Type.String({ maxLength: 32, description: 'e.g. charging_pile' })),
        }),
        response: { 200: Definitions },
      },
    },
    (request) => {
      const { kind } = request.query;
      const items = COMMANDS.filter((command) => kind === undefined || command.kind === kind);
      return {
        items: items.map(({ args, ...command }) => ({ ...command, args: { ...args } })),
        nextCursor: null,
      };
    },
  );
}
