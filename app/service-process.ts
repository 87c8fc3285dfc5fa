import { sql } from 'kysely';
import type { CentreMembership } from '#contracts/centres.ts';
import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import type { TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';
import type { Tx } from '#platform/db/db.ts';
import type { Routes } from '#platform/http/routes.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { centreRoutes } from '#ticketing/centres/index.ts';
import { customerRoutes, siteRoutes } from '#ticketing/customers/index.ts';
import { createDesk, type Desk } from '#ticketing/desk.ts';
import {
  createMaintenanceConsumer,
  maintenanceRoutes,
  sweepMaintenance,
} from '#ticketing/maintenance/index.ts';
import { type SetTechnicianOfUser, technicianRoutes } from '#ticketing/people/index.ts';
import { unitRoutes, unitsOfCustomer } from '#ticketing/units/index.ts';
import type { Ground } from './ground.ts';

interface TelemetryPorts {
  readonly query: (query: TelemetryQuery) => Promise<TelemetrySeries[]>;
  readonly forecast: (question: PrognosisQuestion) => Promise<Prognosis>;
}

/** Everything from a report to the proof of its repair, wired to what telemetry can tell it. */
export interface ServiceProcess {
  readonly desk: Desk;
  readonly routes: readonly Routes[];
  readonly consumers: readonly Consumer[];
  defineJobs(jobs: Jobs): void;
}

const MINUTE_MS = 60_000;
const MAINTENANCE_SWEEP_MS = 10_000;

/** A unit is under load in every minute that its compressor ran. */
async function loadedMs(
  query: TelemetryPorts['query'],
  { deviceId, fromMs, toMs }: { deviceId: string; fromMs: number; toMs: number },
): Promise<number> {
  const series = await query({
    deviceId,
    kind: 'ac_unit',
    metrics: ['compressor_hz'],
    fromMs,
    toMs,
    everyMs: MINUTE_MS,
    agg: 'max',
  });
  const minutes = new Set(
    series.flatMap(({ points }) => points.filter(([, hz]) => hz > 0).map(([ms]) => ms)),
  );
  return minutes.size * MINUTE_MS;
}

async function setTechnicianOfUser(
  tx: Tx,
  { userId, technicianId, centre }: Parameters<SetTechnicianOfUser>[1],
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update user_account set technician_id = ${technicianId}, version = version + 1 where id = ${userId}`.execute(
    tx,
  );
  if (centre !== undefined) await setCentreOfUser(tx, { userId, centre });
  return numAffectedRows === 1n;
}

async function setCentreOfUser(
  tx: Tx,
  { userId, centre }: { userId: string; centre: CentreMembership | null },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update user_account set centre_id = ${centre?.id ?? null}, centre_kind = ${centre?.kind ?? null},
      version = version + 1
    where id = ${userId}`.execute(tx);
  return numAffectedRows === 1n;
}

export function createServiceProcess(ground: Ground, telemetry: TelemetryPorts): ServiceProcess {
  const { db, audit, clock, outbox, log } = ground;
  const desk = createDesk({
    db,
    outbox,
    audit,
    clock,
    load: { loadedMs: (deviceId, fromMs, toMs) => loadedMs(telemetry.query, { deviceId, fromMs, toMs }) },
  });
  const maintenance = {
    db,
    clock,
    audit,
    outbox,
    log: log.child({ part: 'maintenance' }),
    forecast: telemetry.forecast,
    openMaintenanceOrder: desk.openMaintenanceOrder,
  };
  return {
    desk,
    routes: [
      ...desk.routes,
      customerRoutes({ db, audit, clock, unitsOfCustomer }),
      siteRoutes({ db, audit, clock }, { defaultTimeZone: ground.businessTimeZone }),
      unitRoutes({ db, audit, clock }),
      centreRoutes({ db, audit, clock, setCentreOfUser }),
      technicianRoutes({ db, audit, clock, setTechnicianOfUser }),
      maintenanceRoutes({ db, audit, clock }),
    ],
    consumers: [...desk.consumers, createMaintenanceConsumer({ audit, clock })],
    defineJobs(jobs) {
      desk.defineJobs(jobs);
      jobs.every('maintenance.sweep', MAINTENANCE_SWEEP_MS, async () => {
        await sweepMaintenance(maintenance);
      });
    },
  };
}
