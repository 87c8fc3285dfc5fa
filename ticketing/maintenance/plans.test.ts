import { expect, test } from 'vitest';
import { newId } from '#platform/ids.ts';
import { DAY_MS, NOW, openMaintenance, POOR, trendAt } from '#test/support/test-maintenance.ts';

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

test.each([
  [
    'dc-pile-generic',
    [
      ['connector-1', 1],
      ['connector-2', 1],
    ],
  ],
  ['ac-pile-generic', [['connector-1', 20]]],
  ['a model of somebody else', [['connector-1', 20]]],
])(
  'G1: a charging pile, %s, gets an inspection of each connector with the limit of its model',
  async (model, expected) => {
    await using maintenance = await openMaintenance();
    await maintenance.register('pile-1', 'charging_pile', model);

    const plans = await maintenance.plans();
    expect(plans.map(({ component, limit }) => [component, limit]).sort()).toEqual(expected);
    for (const plan of plans) {
      expect(plan).toMatchObject({ templateId: 'connector-inspection', metric: 'connector_rise' });
    }
    await maintenance.sweepAfter(20_000);
    expect(maintenance.asked[0]).toMatchObject({
      kind: 'charging_pile',
      metric: 'connector_rise',
      direction: 'rising',
    });
  },
);

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
