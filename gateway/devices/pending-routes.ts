import { Type } from 'typebox';
import { DeviceCredentials, PendingApproval, PendingDevice } from '#contracts/devices.ts';
import { DeviceId } from '#contracts/ids.ts';
import { isoTime } from '#contracts/time.ts';
import { notFound } from '#platform/errors.ts';
import type { HttpInstance } from '#platform/http/routes.ts';
import { commitDevices, type DeviceDeps, registerDevice } from './device-records.ts';
import type { DeviceTables } from './tables.ts';

const tags = ['devices'];
const params = Type.Object({ identity: DeviceId });
const Pending = Type.Object({ items: Type.Array(PendingDevice), nextCursor: Type.Null() });

/** Identities that tried to connect and nobody registered: at most 1,000, so one page holds them all. */
export function pendingRoutes(app: HttpInstance, deps: DeviceDeps): void {
  const pending = deps.db.withTables<DeviceTables>();

  app.get(
    '/devices/pending',
    {
      config: { permission: 'devices:read' },
      schema: { tags, summary: 'Unknown identities that tried to connect', response: { 200: Pending } },
    },
    async () => {
      const rows = await pending
        .selectFrom('pending_device')
        .selectAll()
        .orderBy('last_seen_at', 'desc')
        .execute();
      const items = rows.map((row) => ({
        identity: row.identity,
        protocol: row.protocol,
        firstSeenAt: isoTime(row.first_seen_at),
        lastSeenAt: isoTime(row.last_seen_at),
        attempts: row.attempts,
        remoteAddress: row.remote_address,
      }));
      return { items, nextCursor: null };
    },
  );

  app.post(
    '/devices/pending/:identity/approve',
    {
      config: { permission: 'devices:write' },
      schema: {
        tags,
        summary: 'Register a pending identity as a device; the password is shown this once',
        params,
        body: PendingApproval,
        response: { 201: DeviceCredentials },
      },
    },
    async (request, reply) => {
      const { identity } = request.params;
      const credentials = await commitDevices(deps, [identity], async (tx) => {
        const waiting = await tx
          .withTables<DeviceTables>()
          .selectFrom('pending_device')
          .select('identity')
          .where('identity', '=', identity)
          .forUpdate()
          .executeTakeFirst();
        if (waiting === undefined) throw notFound('pending_device', identity);
        return registerDevice(deps, { tx, actor: request.actor }, { id: identity, ...request.body });
      });
      return reply.code(201).send(credentials);
    },
  );

  app.delete(
    '/devices/pending/:identity',
    {
      config: { permission: 'devices:write' },
      schema: { tags, summary: 'Take an identity off the list', params, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { identity } = request.params;
      await deps.db.transaction().execute(async (tx) => {
        const removed = await tx
          .withTables<DeviceTables>()
          .deleteFrom('pending_device')
          .where('identity', '=', identity)
          .executeTakeFirst();
        if (removed.numDeletedRows === 0n) throw notFound('pending_device', identity);
        await deps.audit.record(tx, {
          actor: request.actor,
          action: 'pending_device.removed',
          entity: 'pending_device',
          entityId: identity,
        });
      });
      return reply.code(204).send(null);
    },
  );
}
