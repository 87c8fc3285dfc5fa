import { expect, test } from 'vitest';
import { DAY_MS, NOW, openMaintenance, trendAt } from '#test/support/test-maintenance.ts';
import { type MaintenanceSweepDeps, sweepMaintenance } from './index.ts';

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
