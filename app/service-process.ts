import { sql } from 'kysely';
import type { CentreMembership } from '#contracts/centres.ts';
import type { DeviceKind } from '#contracts/metrics.ts';
import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import type { TelemetryQuery, TelemetrySeries } from '#contracts/telemetry.ts';
import type { Commands } from '#gateway/commands/commands.ts';
import { createChargingStore } from '#ingest/index.ts';
import type { Actor } from '#platform/auth/actor.ts';
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
import type { RemoteCommands } from '#ticketing/repair/index.ts';
import { unitRoutes, unitsOfCustomer } from '#ticketing/units/index.ts';
import type { Ground } from './ground.ts';

interface DevicePorts {
  readonly query: (query: TelemetryQuery) => Promise<TelemetrySeries[]>;
  readonly forecast: (question: PrognosisQuestion) => Promise<Prognosis>;
  readonly commands: Pick<Commands, 'queue' | 'withdraw'>;
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

/** A unit is under load in every minute that its compressor ran, a pile in every minute that it charged. */
const AT_WORK: readonly { readonly kind: DeviceKind; readonly metric: string }[] = [
  { kind: 'ac_unit', metric: 'compressor_hz' },
  { kind: 'charging_pile', metric: 'power' },
];

async function loadedMs(
  query: DevicePorts['query'],
  { deviceId, fromMs, toMs }: { deviceId: string; fromMs: number; toMs: number },
): Promise<number> {
  const minutes = new Set<number>();
  for (const { kind, metric } of AT_WORK) {
    const span = { fromMs, toMs, everyMs: MINUTE_MS, agg: 'max' } as const;
    for (const { points } of await query({ deviceId, kind, metrics: [metric], ...span })) {
      for (const [ms, value] of points) if (value > 0) minutes.add(ms);
    }
  }
  return minutes.size * MINUTE_MS;
}

/** What ticketing asks of devices, as the command ledger takes it. */
function remoteCommands(commands: DevicePorts['commands']): RemoteCommands {
  return {
    enqueue: async (tx, { requestedBy, ...command }) => {
      const actor: Actor = requestedBy.startsWith('system:')
        ? { type: 'system', name: requestedBy.slice('system:'.length) }
        : { type: 'user', userId: requestedBy, username: '', roles: [], technicianId: null };
      await commands.queue(tx, { ...command, requestedBy: actor });
    },
    withdraw: (tx, ids) => commands.withdraw(tx, { ids, actor: { type: 'system', name: 'repair' } }),
  };
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

export function createServiceProcess(ground: Ground, devices: DevicePorts): ServiceProcess {
  const { db, audit, clock, outbox, log } = ground;
  const desk = createDesk({
    db,
    outbox,
    audit,
    clock,
    load: { loadedMs: (deviceId, fromMs, toMs) => loadedMs(devices.query, { deviceId, fromMs, toMs }) },
    remoteCommands: remoteCommands(devices.commands),
    charging: createChargingStore({ db }),
  });
  const maintenance = {
    db,
    clock,
    audit,
    outbox,
    log: log.child({ part: 'maintenance' }),
    forecast: devices.forecast,
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
      technicianRoutes({
        db,
        audit,
        clock,
        setTechnicianOfUser,
        releaseUncertified: desk.releaseUncertified,
      }),
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
