import { Type } from 'typebox';
import { Device, DeviceChange, DeviceCredentials, NewDevice } from '#contracts/devices.ts';
import { DeviceId } from '#contracts/ids.ts';
import { etag, requireIfMatch } from '#platform/http/etag.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { HttpInstance, Routes } from '#platform/http/routes.ts';
import { csvRoutes } from './csv-routes.ts';
import { listDevices, readDevice } from './device-list.ts';
import {
  changeDevice,
  commitDevices,
  type DeviceDeps,
  lockDevice,
  registerDevice,
  removeDevice,
  rotateCredentials,
} from './device-records.ts';
import { modelRoutes } from './model-routes.ts';
import { pendingRoutes } from './pending-routes.ts';

const tags = ['devices'];
const read = { permission: 'devices:read' } as const;
const write = { permission: 'devices:write' } as const;
const params = Type.Object({ id: DeviceId });

const ListQuery = Type.Object({
  ...PageQuery,
  kind: Type.Optional(Type.String({ maxLength: 32, description: 'e.g. ac_unit' })),
  model: Type.Optional(Type.String({ maxLength: 64, description: 'id of a device model' })),
  isConnected: Type.Optional(Type.Boolean({ description: 'whether it is connected now' })),
  q: Type.Optional(Type.String({ maxLength: 64, description: 'part of an id or of a label' })),
});

/** Devices, their credentials, their import and export, and those that wait to be approved. */
export function deviceRoutes(deps: DeviceDeps): Routes {
  return (app) => {
    registration(app, deps);
    single(app, deps);
    pendingRoutes(app, deps);
    csvRoutes(app, deps);
    modelRoutes(app);
  };
}

function registration(app: HttpInstance, deps: DeviceDeps): void {
  app.post(
    '/devices',
    {
      config: write,
      schema: {
        tags,
        summary: 'Register a device; the password is shown this once',
        description:
          '422 `DEVICE_MODEL_UNKNOWN` lists the models there are, as GET /device-models does; 409 `DEVICE_EXISTS`: the id is taken.',
        body: NewDevice,
        response: { 201: DeviceCredentials },
      },
    },
    async (request, reply) => {
      const { body, actor } = request;
      const credentials = await commitDevices(deps, [body.id], (tx) =>
        registerDevice(deps, { tx, actor }, body),
      );
      return reply.code(201).send(credentials);
    },
  );

  app.get(
    '/devices',
    {
      config: read,
      schema: { tags, summary: 'Devices', querystring: ListQuery, response: { 200: Page(Device) } },
    },
    (request) => listDevices(deps.db, request.query),
  );
}

function single(app: HttpInstance, deps: DeviceDeps): void {
  app.get(
    '/devices/:id',
    { config: read, schema: { tags, summary: 'A device', params, response: { 200: Device } } },
    async (request, reply) => {
      const device = await readDevice(deps.db, request.params.id);
      return reply.header('etag', etag(device.version)).send(device);
    },
  );

  app.patch(
    '/devices/:id',
    {
      config: write,
      schema: { tags, summary: 'Change a device', params, body: DeviceChange, response: { 200: Device } },
    },
    async (request, reply) => {
      const { params, body, actor } = request;
      await commitDevices(deps, [params.id], async (tx) => {
        const row = await lockDevice(tx, params.id);
        requireIfMatch(request, row.version);
        await changeDevice(deps, { tx, actor }, { row, change: body });
      });
      const device = await readDevice(deps.db, params.id);
      return reply.header('etag', etag(device.version)).send(device);
    },
  );

  app.delete(
    '/devices/:id',
    {
      config: write,
      schema: { tags, summary: 'Remove a device; its unit stays', params, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { params, actor } = request;
      await commitDevices(deps, [params.id], async (tx) =>
        removeDevice(deps, { tx, actor }, await lockDevice(tx, params.id)),
      );
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/devices/:id/credentials',
    {
      config: write,
      schema: {
        tags,
        summary: 'Issue a new password; the old one stops and the device is disconnected',
        params,
        response: { 201: DeviceCredentials },
      },
    },
    async (request, reply) => {
      const { params, actor } = request;
      const credentials = await commitDevices(deps, [params.id], async (tx) =>
        rotateCredentials(deps, { tx, actor }, await lockDevice(tx, params.id)),
      );
      return reply.code(201).send(credentials);
    },
  );
}
