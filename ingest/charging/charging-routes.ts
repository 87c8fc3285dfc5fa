import { sql } from 'kysely';
import { Type } from 'typebox';
import { DeviceId } from '#contracts/ids.ts';
import { CONNECTOR_STATUSES } from '#contracts/metrics.ts';
import { ChargingSession } from '#contracts/ocpp.ts';
import type { DeviceRef } from '#contracts/point-batch.ts';
import { IsoTime, isoTime, isoTimeOrNull } from '#contracts/time.ts';
import type { Db } from '#platform/db/db.ts';
import { notFound } from '#platform/errors.ts';
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
  readonly component: string;
  readonly status: (typeof CONNECTOR_STATUSES)[number];
  readonly error_code: string | null;
  readonly at: number;
}

const Connector = Type.Object({
  component: Type.String({ description: 'connector-1 …; empty: the station as a whole' }),
  status: Type.Enum(CONNECTOR_STATUSES),
  errorCode: Type.Union([Type.String(), Type.Null()], { description: 'the fault that came with it' }),
  at: IsoTime,
});

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
        select component, status, error_code, at from connector_state
        where device_id = ${params.id} order by component`.execute(db);
      const items = rows.map(({ component, status, error_code, at }) => ({
        component,
        status,
        errorCode: error_code,
        at: isoTime(at),
      }));
      return { items, nextCursor: null };
    },
  );
}
