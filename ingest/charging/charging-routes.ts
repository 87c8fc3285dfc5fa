import { sql } from 'kysely';
import { Type } from 'typebox';
import { DeviceId } from '#contracts/ids.ts';
import type { ConnectorStatus } from '#contracts/metrics.ts';
import { ChargingSession, Connector, PileConnector } from '#contracts/ocpp.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db } from '#platform/db/db.ts';
import { invalidField, notFound } from '#platform/errors.ts';
import { decodeRecordCursor, Page, PageQuery, pageOf } from '#platform/http/page.ts';
import type { HttpInstance } from '#platform/http/routes.ts';

export interface ChargingRouteDeps {
  readonly db: Db;
  readonly findDevice: (deviceId: string) => DeviceRef | undefined;
}

interface SessionRow {
  readonly id: string;
  readonly device_id: string;
  readonly component: string;
  readonly transaction_id: number;
  readonly started_at: number | null;
  readonly stopped_at: number | null;
  readonly meter_start_wh: number | null;
  readonly meter_stop_wh: number | null;
  readonly stop_reason: string | null;
  readonly is_unknown: boolean;
}

interface ConnectorRow {
  readonly device_id: string;
  readonly component: string;
  readonly status: ConnectorStatus;
  readonly error_code: string | null;
  readonly at: number;
}

const MAX_PILES = 200;

const tags = ['charging'];

/** Charging sessions, newest first, and what the connectors of a pile are doing. */
export function chargingRoutes(app: HttpInstance, { db, findDevice }: ChargingRouteDeps): void {
  app.get(
    '/charging-sessions',
    {
      config: { permission: 'devices:read' },
      schema: {
        tags,
        summary: 'Charging sessions, those recorded last first; energy in Wh',
        querystring: Type.Object({
          ...PageQuery,
          deviceId: Type.Optional(Type.String({ maxLength: 64, description: 'of this pile' })),
        }),
        response: { 200: Page(ChargingSession) },
      },
    },
    async ({ query }) => {
      const { limit = 50, deviceId = null } = query;
      const after = decodeRecordCursor(query.cursor) ?? null;
      const { rows } = await sql<SessionRow>`
        select * from charging_session
        where (${deviceId}::text is null or device_id = ${deviceId}) and (${after}::uuid is null or id < ${after}::uuid)
        order by id desc limit ${limit + 1}`.execute(db);
      return pageOf(rows, limit, (row) => ({
        deviceId: row.device_id,
        component: row.component,
        transactionId: row.transaction_id,
        startedAt: isoTimeOrNull(row.started_at),
        stoppedAt: isoTimeOrNull(row.stopped_at),
        meterStartWh: row.meter_start_wh,
        meterStopWh: row.meter_stop_wh,
        stopReason: row.stop_reason,
        isUnknown: row.is_unknown,
      }));
    },
  );

  app.get(
    '/devices/:id/connectors',
    {
      config: { permission: 'devices:read' },
      schema: {
        tags,
        summary: "A pile's connectors as it last told of them",
        params: Type.Object({ id: DeviceId }),
        response: { 200: Type.Object({ items: Type.Array(Connector), nextCursor: Type.Null() }) },
      },
    },
    async ({ params }) => {
      if (findDevice(params.id) === undefined) throw notFound('device', params.id);
      const { rows } = await sql<ConnectorRow>`
        select * from connector_state where device_id = ${params.id} order by component`.execute(db);
      return { items: rows.map(connectorOf), nextCursor: null };
    },
  );

  app.get(
    '/connectors',
    {
      config: { permission: 'devices:read' },
      schema: {
        tags,
        summary: 'Connectors of several piles as they last told of them',
        querystring: Type.Object({
          deviceIds: Type.String({ maxLength: 13_000, description: 'comma-separated, at most 200' }),
        }),
        response: { 200: Type.Object({ items: Type.Array(PileConnector), nextCursor: Type.Null() }) },
      },
    },
    async ({ query }) => {
      const ids = query.deviceIds.split(',').filter((id) => id !== '');
      if (ids.length > MAX_PILES) {
        throw invalidField('CHARGING_TOO_MANY_DEVICES', 'deviceIds', `at most ${MAX_PILES}`);
      }
      const { rows } = await sql<ConnectorRow>`
        select * from connector_state where device_id = any(${ids}) order by device_id, component`.execute(
        db,
      );
      const items = rows.map((row) => ({ deviceId: row.device_id, ...connectorOf(row) }));
      return { items, nextCursor: null };
    },
  );
}

function connectorOf({ component, status, error_code, at }: ConnectorRow) {
  return { component, status, errorCode: error_code, at: isoTime(at) };
}
