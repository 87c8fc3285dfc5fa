import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { EventMap, EventType } from '#contracts/events.ts';
import type { MaintenancePlan } from '#contracts/maintenance.ts';
import type { Prognosis, PrognosisQuestion } from '#contracts/prognosis.ts';
import { createManualClock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { createLog } from '#platform/log.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { createAuditList } from '#test/support/audit-list.ts';
import { openFeatureApp } from '#test/support/feature-app.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { createUnits, unitRoutes } from '../units/index.ts';
import {
  createMaintenanceConsumer,
  type MaintenanceSweepDeps,
  maintenanceRoutes,
  sweepMaintenance,
} from './index.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
const POOR: Prognosis = { state: 'insufficient_data', samples: 2 };

function trendAt(p10AtMs: number): Prognosis {
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

async function openMaintenance() {
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
    register: async (deviceId: string) => {
      const units = createUnits({ audit });
      const { unitId } = await db.transaction().execute((tx) =>
        units.bindDevice(tx, {
          deviceId,
          kind: 'ac_unit',
          model: 'split-generic',
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

test('G1: a registered device gives its unit the plans of its kind, once', async () => {
  await using maintenance = await openMaintenance();
  const unitId = await maintenance.register('ac-1');
  await maintenance.tell('device.registered', { deviceId: 'ac-1', unitId });

  expect(await maintenance.plans()).toMatchObject([
    {
      number: 'MP-000001',
      unitId,
      deviceId: 'ac-1',
      templateId: 'filter-cleaning',
      metric: 'filter_dp',
      limit: 250,
      dueAt: new Date(NOW + 180 * DAY_MS).toISOString(),
      dueReason: { code: 'interval' },
      nextCheckAt: new Date(NOW + 20_000).toISOString(),
      status: 'active',
    },
  ]);
});

test('G1: a wearing filter moves the date forward and opens a work order that says why', async () => {
  await using maintenance = await openMaintenance();
  const unitId = await maintenance.register('ac-1');
  const p10AtMs = NOW + 10 * DAY_MS;
  maintenance.forecast(trendAt(p10AtMs));

  expect(await maintenance.sweepAfter(19_999)).toMatchObject({ checked: 0 });
  expect(await maintenance.sweepAfter(1)).toMatchObject({ checked: 1, opened: 1, forecastsFailed: 0 });

  expect(maintenance.asked).toMatchObject([
    { deviceId: 'ac-1', metric: 'filter_dp', component: '', limit: 250, direction: 'rising', windowDays: 30 },
  ]);
  const plan = await maintenance.plan();
  expect([plan.workOrderId]).toEqual(await maintenance.orders());
  expect(plan).toMatchObject({
    dueAt: new Date(p10AtMs).toISOString(),
    dueReason: { code: 'trend', params: { p10AtMs, p90AtMs: null } },
    prognosis: { state: 'trend', p10At: new Date(p10AtMs).toISOString(), p90At: null },
    version: 2,
  });
  expect(await maintenance.events()).toEqual([
    { type: 'maintenance.due', data: { planId: plan.id, unitId, dueAtMs: p10AtMs } },
  ]);
  expect(maintenance.audit.entries.at(-1)).toMatchObject({ action: 'maintenance_plan.order_opened' });
});

test('a plan with a far trend is watched every six hours and opens nothing', async () => {
  await using maintenance = await openMaintenance();
  await maintenance.register('ac-1');
  maintenance.forecast(trendAt(NOW + 60 * DAY_MS));
  await maintenance.sweepAfter(20_000);

  const plan = await maintenance.plan();
  expect(plan).toMatchObject({ workOrderId: null, dueAt: new Date(NOW + 60 * DAY_MS).toISOString() });
  expect(Date.parse(plan.nextCheckAt)).toBe(maintenance.clock.nowMs() + 6 * 3_600_000);
});

test('a plan poor in data is looked at ever less often', async () => {
  await using maintenance = await openMaintenance();
  await maintenance.register('ac-1');
  const waits: number[] = [];
  for (let look = 0; look < 4; look++) {
    const wait = Date.parse((await maintenance.plan()).nextCheckAt) - maintenance.clock.nowMs();
    waits.push(wait);
    expect(await maintenance.sweepAfter(wait)).toMatchObject({ checked: 1, opened: 0 });
  }
  expect(waits).toEqual([20_000, 40_000, 80_000, 160_000]);
});

test('G2: eight sweeps at once open each order once', async () => {
  await using maintenance = await openMaintenance();
  for (const n of [1, 2, 3, 4, 5]) await maintenance.register(`ac-${n}`);
  maintenance.forecast(trendAt(NOW + DAY_MS));
  maintenance.clock.advance(20_000);

  const sweeps = Array.from({ length: 8 }, () => sweepMaintenance(maintenance.sweepDeps));
  const results = await Promise.all(sweeps);

  expect(results.reduce((sum, result) => sum + result.opened, 0)).toBe(5);
  expect(await maintenance.orders()).toHaveLength(5);
  const plans = await maintenance.plans();
  expect(new Set(plans.map((plan) => plan.workOrderId)).size).toBe(5);
});

test('G2: a plan whose look fails leaves no order and holds up no other; a later sweep opens it once', async () => {
  await using maintenance = await openMaintenance();
  await maintenance.register('ac-1');
  maintenance.forecast(trendAt(NOW + DAY_MS));
  await maintenance.register('ac-2');
  maintenance.clock.advance(20_000);
  let isFirst = true;
  const failing: MaintenanceSweepDeps = {
    ...maintenance.sweepDeps,
    openMaintenanceOrder: async (tx, order) => {
      const opened = await maintenance.sweepDeps.openMaintenanceOrder(tx, order);
      if (!isFirst) return opened;
      isFirst = false;
      throw new RangeError('lost on the way');
    },
  };
  expect(await sweepMaintenance(failing)).toMatchObject({ checked: 2, opened: 1, failed: 1 });
  expect(await maintenance.orders()).toHaveLength(1);

  expect(await maintenance.sweepAfter(300_000)).toMatchObject({ opened: 1, failed: 0 });
  await maintenance.sweepAfter(DAY_MS);
  expect(await maintenance.orders()).toHaveLength(2);
});

test('G2: a finished order begins the plan anew, from history after the work only', async () => {
  await using maintenance = await openMaintenance();
  await maintenance.register('ac-1');
  maintenance.forecast(trendAt(NOW + DAY_MS));
  await maintenance.sweepAfter(20_000);
  const { workOrderId } = await maintenance.plan();

  maintenance.clock.advance(DAY_MS);
  const doneAtMs = maintenance.clock.nowMs();
  await maintenance.endOrder(workOrderId, 'reviewed');
  await maintenance.endOrder(workOrderId, 'archived');

  expect(await maintenance.plan()).toMatchObject({
    workOrderId: null,
    prognosis: null,
    lastDoneAt: new Date(doneAtMs).toISOString(),
    dueAt: new Date(doneAtMs + 180 * DAY_MS).toISOString(),
    dueReason: { code: 'interval' },
  });
  maintenance.forecast(POOR);
  expect(await maintenance.sweepAfter(3 * DAY_MS)).toMatchObject({ checked: 1, opened: 0 });
  expect(maintenance.asked.at(-1)?.windowDays).toBe(3);
});

test('a cancelled order is not opened again for a week, then it is', async () => {
  await using maintenance = await openMaintenance();
  await maintenance.register('ac-1');
  maintenance.forecast(trendAt(NOW + DAY_MS));
  await maintenance.sweepAfter(20_000);
  await maintenance.endOrder((await maintenance.plan()).workOrderId, 'cancelled');

  expect(await maintenance.sweepAfter(DAY_MS)).toMatchObject({ checked: 1, opened: 0 });
  expect(await maintenance.sweepAfter(6 * DAY_MS)).toMatchObject({ opened: 1 });
  expect(await maintenance.orders()).toHaveLength(2);
});

test('G1: with the telemetry store away, the interval still opens its order', async () => {
  await using maintenance = await openMaintenance();
  await maintenance.register('ac-1');
  maintenance.forecast(new RangeError('the store is away'));

  expect(await maintenance.sweepAfter(20_000)).toMatchObject({ checked: 1, opened: 0, forecastsFailed: 1 });
  expect((await maintenance.plan()).dueReason.code).toBe('interval');
  expect(await maintenance.sweepAfter(170 * DAY_MS)).toMatchObject({ opened: 1, forecastsFailed: 1 });
});

test('a unit that is not in service, or a paused plan, opens nothing', async () => {
  await using maintenance = await openMaintenance();
  const unitId = await maintenance.register('ac-1');
  await maintenance.register('ac-2');
  maintenance.forecast(trendAt(NOW + DAY_MS));
  const ifMatch = { headers: { 'if-match': '"1"' } };
  await maintenance.call('PATCH', `/units/${unitId}`, { body: { status: 'retired' }, ...ifMatch });
  const [ofSecond] = await maintenance.plans();
  await maintenance.call('PATCH', `/maintenance-plans/${ofSecond?.id}`, {
    body: { status: 'paused' },
    ...ifMatch,
  });

  expect(await maintenance.sweepAfter(20_000)).toMatchObject({ checked: 1, opened: 0 });
});

test('a date set by a person stands over the trend until it is given back', async () => {
  await using maintenance = await openMaintenance();
  await maintenance.register('ac-1');
  const { id } = await maintenance.plan();
  const edit = (body: object, version: number) =>
    maintenance.call('PATCH', `/maintenance-plans/${id}`, {
      body,
      headers: { 'if-match': `"${version}"` },
      role: 'dispatcher',
    });

  expect((await edit({ dueAt: NOW + 90 * DAY_MS }, 9)).statusCode).toBe(412);
  const set = await edit({ dueAt: NOW + 90 * DAY_MS, leadDays: 7 }, 1);
  expect(set.json()).toMatchObject({ leadDays: 7, dueReason: { code: 'manual' }, version: 2 });
  maintenance.forecast(trendAt(NOW + DAY_MS));
  expect(await maintenance.sweepAfter(20_000)).toMatchObject({ checked: 1, opened: 0 });

  const back = await edit({ dueAt: null }, 2);
  expect(back.json()).toMatchObject({ dueReason: { code: 'trend' }, version: 3 });
  expect(maintenance.audit.entries.at(-1)).toMatchObject({
    action: 'maintenance_plan.changed',
    fields: { dueReason: { from: 'manual', to: 'trend' } },
  });
  expect(await maintenance.sweepAfter(0)).toMatchObject({ opened: 1 });
});

test('a device that moves to another unit is watched there and no longer here', async () => {
  await using maintenance = await openMaintenance();
  const first = await maintenance.register('ac-1');
  const unit = { kind: 'ac_unit', model: 'split-generic' };
  const { id: other } = (await maintenance.call('POST', '/units', { body: unit })).json();
  const plan = { unitId: other, templateId: 'filter-cleaning' };
  const added = await maintenance.call('POST', '/maintenance-plans', { body: plan });
  expect(added.json().deviceId).toBeNull();

  await maintenance.tell('device.changed', { deviceId: 'ac-1', unitId: other });

  const byUnit = new Map((await maintenance.plans()).map((each) => [each.unitId, each.deviceId]));
  expect(byUnit.get(first)).toBeNull();
  expect(byUnit.get(other)).toBe('ac-1');
});

test('a plan is added from a template, once for a unit and component, and found by its date', async () => {
  await using maintenance = await openMaintenance();
  const unitId = await maintenance.register('ac-1');
  const add = (body: object) => maintenance.call('POST', '/maintenance-plans', { body });

  const added = await add({ unitId, templateId: 'filter-cleaning', component: 'idu-2', intervalDays: 30 });
  expect(added.json()).toMatchObject({
    number: 'MP-000002',
    component: 'idu-2',
    deviceId: 'ac-1',
    leadDays: 14,
  });
  const again = await add({ unitId, templateId: 'filter-cleaning' });
  expect(again.json()).toMatchObject({ status: 409, code: 'MAINTENANCE_PLAN_EXISTS' });
  const unknown = await add({ unitId: newId(), templateId: 'filter-cleaning' });
  expect(unknown.json()).toMatchObject({ status: 422, errors: [{ field: 'unitId' }] });
  const noTemplate = await add({ unitId, templateId: 'polish' });
  expect(noTemplate.json()).toMatchObject({ status: 422, errors: [{ field: 'templateId' }] });

  for (const dueBefore of [NOW + 31 * DAY_MS, new Date(NOW + 31 * DAY_MS).toISOString()]) {
    const soon = await maintenance.call('GET', `/maintenance-plans?dueBefore=${dueBefore}`);
    expect(soon.json().items).toMatchObject([{ number: 'MP-000002' }]);
  }
});
