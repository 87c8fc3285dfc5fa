import { sql } from 'kysely';
import type { EventMap, EventType } from '#contracts/events.ts';
import type { MaintenancePlan } from '#contracts/maintenance.ts';
import type { DeviceKind } from '#contracts/metrics.ts';
import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import { createManualClock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { createLog } from '#platform/log.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import {
  createMaintenanceConsumer,
  type MaintenanceSweepDeps,
  maintenanceRoutes,
  sweepMaintenance,
} from '#ticketing/maintenance/index.ts';
import { createUnits, unitRoutes } from '#ticketing/units/index.ts';
import { createAuditList } from './audit-list.ts';
import { openFeatureApp } from './feature-app.ts';
import { openTestDatabase } from './test-database.ts';

export const NOW = Date.UTC(2026, 10, 21);
export const DAY_MS = 86_400_000;
export const POOR: Prognosis = { state: 'insufficient_data', samples: 2 };

export function trendAt(p10AtMs: number): Prognosis {
  return {
    state: 'trend',
    currentValue: 230,
    slopePerDay: 2,
    p10AtMs,
    p50AtMs: p10AtMs + 5 * DAY_MS,
    p90AtMs: null,
    samples: 400,
  };
}

/** The maintenance folder on a database of its own, with a forecast and a clock that the test sets. */
export async function openMaintenance() {
  const database = await openTestDatabase();
  const { db } = database;
  const clock = createManualClock(NOW);
  const audit = createAuditList();
  const outbox = createOutbox({ clock }, { consumers: [] });
  const deps = { db, clock, audit };
  const app = await openFeatureApp({ db, clock }, [maintenanceRoutes(deps), unitRoutes(deps)]);
  await sql`create table opened_order (id uuid primary key, plan_id uuid not null)`.execute(db);

  const asked: PrognosisQuestion[] = [];
  let answer: Prognosis | Error = POOR;
  const sweepDeps: MaintenanceSweepDeps = {
    ...deps,
    outbox,
    log: createLog({ level: 'silent', format: 'json' }),
    forecast: async (question) => {
      asked.push(question);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    openMaintenanceOrder: async (tx, { planId }) => {
      const workOrderId = newId();
      await sql`insert into opened_order values (${workOrderId}, ${planId})`.execute(tx);
      return { workOrderId };
    },
  };
  const consumer = createMaintenanceConsumer({ audit, clock });
  const tell = <T extends EventType>(type: T, data: EventMap[T]) =>
    db.transaction().execute((tx) => consumer.handle(tx, [{ id: newId(), type, data, at: clock.nowMs() }]));
  const plans = async (): Promise<MaintenancePlan[]> =>
    (await app.call('GET', '/maintenance-plans')).json().items;

  return {
    ...app,
    db,
    clock,
    audit,
    asked,
    sweepDeps,
    tell,
    plans,
    forecast: (next: Prognosis | Error) => {
      answer = next;
    },
    /** Registers a device with a unit of its own, as the gateway does. */
    register: async (deviceId: string, kind: DeviceKind = 'ac_unit', model = 'split-generic') => {
      const units = createUnits({ audit });
      const { unitId } = await db.transaction().execute((tx) =>
        units.bindDevice(tx, {
          deviceId,
          kind,
          model,
          serial: null,
          siteId: null,
          unitId: null,
          atMs: clock.nowMs(),
        }),
      );
      await tell('device.registered', { deviceId, unitId });
      return unitId;
    },
    plan: async () => {
      const [plan] = await plans();
      if (plan === undefined) throw new RangeError('there is no plan');
      return plan;
    },
    sweepAfter: (ms: number) => {
      clock.advance(ms);
      return sweepMaintenance(sweepDeps);
    },
    /** The plan's order comes to this end. */
    endOrder: (workOrderId: string | null, to: 'reviewed' | 'archived' | 'cancelled') =>
      tell('work_order.changed', {
        workOrderId: String(workOrderId),
        ticketId: null,
        from: 'submitted',
        to,
        technicianId: null,
      }),
    orders: async () =>
      (await sql<{ id: string }>`select id from opened_order order by id`.execute(db)).rows.map((r) => r.id),
    events: async () =>
      (
        await sql<{ type: string; data: object }>`select type, data from outbox_event order by seq`.execute(
          db,
        )
      ).rows,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
