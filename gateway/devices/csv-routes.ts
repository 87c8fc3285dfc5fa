import { Type } from 'typebox';
import { type Device, DeviceCredentials } from '#contracts/devices.ts';
import type { Actor } from '#platform/auth/actor.ts';
import { AftercareError } from '#platform/errors.ts';
import type { HttpInstance } from '#platform/http/routes.ts';
import { fieldsOf, formatDeviceCsv, type LineError, parseDeviceCsv } from './device-csv.ts';
import { listDevices } from './device-list.ts';
import { type DeviceDeps, registerDevice } from './device-records.ts';

const BODY_LIMIT_BYTES = 4_194_304;
const PAGE = 200;

const DryRun = Type.Object({
  devices: Type.Integer({ description: 'lines that would become devices' }),
  errors: Type.Array(Type.Object({ line: Type.Integer(), field: Type.String(), message: Type.String() })),
});

/** Import is all or nothing; `dryRun=true` tells what would happen and changes nothing. */
export function csvRoutes(app: HttpInstance, deps: DeviceDeps): void {
  app.addContentTypeParser(
    'text/csv',
    { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
    (_request, body, done) => done(null, body),
  );

  app.post(
    '/devices/import',
    {
      config: { permission: 'devices:write' },
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        tags: ['devices'],
        summary: 'Register devices from a CSV file; the passwords are shown this once',
        consumes: ['text/csv'],
        querystring: Type.Object({
          dryRun: Type.Optional(Type.Boolean({ description: 'true: only tell what would happen' })),
        }),
        body: Type.String({ description: 'columns id, kind, model, unit, serial, site; others are labels' }),
        response: { 200: DryRun, 201: Type.Object({ devices: Type.Array(DeviceCredentials) }) },
      },
    },
    async (request, reply) => {
      const { body, query, actor } = request;
      const dryRun = query.dryRun === true;
      const { errors, devices } = await importDevices(deps, actor, { text: body, dryRun });
      if (dryRun) return reply.code(200).send({ devices: devices.length, errors });
      if (errors.length > 0) throw linesInvalid(errors);
      return reply.code(201).send({ devices });
    },
  );

  app.get(
    '/devices/export',
    {
      config: { permission: 'devices:read' },
      schema: {
        tags: ['devices'],
        summary: 'All devices as CSV, as an import takes them',
        produces: ['text/csv'],
      },
    },
    async (_request, reply) => {
      const devices: Device[] = [];
      let cursor: string | null = null;
      do {
        const page = await listDevices(deps.db, { limit: PAGE, ...(cursor !== null && { cursor }) });
        devices.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="devices.csv"')
        .send(formatDeviceCsv(devices));
    },
  );
}

async function importDevices(
  deps: DeviceDeps,
  actor: Actor,
  { text, dryRun }: { readonly text: string; readonly dryRun: boolean },
): Promise<{ devices: DeviceCredentials[]; errors: LineError[] }> {
  const { devices: lines, errors } = parseDeviceCsv(text);
  const devices: DeviceCredentials[] = [];
  const transaction = await deps.db.startTransaction().execute();
  try {
    for (const line of lines) {
      const savepoint = await transaction.savepoint('line').execute();
      try {
        devices.push(await registerDevice(deps, { tx: savepoint, actor }, line.device));
        await savepoint.releaseSavepoint('line').execute();
      } catch (error) {
        errors.push(...fieldsOf(error).map((field) => ({ line: line.line, ...field })));
        await savepoint.rollbackToSavepoint('line').execute();
      }
    }
    if (dryRun || errors.length > 0) await transaction.rollback().execute();
    else await transaction.commit().execute();
  } catch (error) {
    await transaction.rollback().execute();
    throw error;
  }
  errors.sort((a, b) => a.line - b.line);
  if (!dryRun && errors.length === 0) {
    deps.outbox.wake();
    await deps.registry.refresh(devices.map((device) => device.id));
  }
  return { devices, errors };
}

function linesInvalid(errors: readonly LineError[]): AftercareError {
  const shown = errors.slice(0, 100);
  return new AftercareError(
    'DEVICE_CSV_INVALID',
    `${errors.length} mistakes, nothing imported; try dryRun=true until there are none`,
    {
      kind: 'invalid',
      fields: shown.map(({ line, field, message }) => ({ field: `line ${line}: ${field}`, message })),
    },
  );
}
