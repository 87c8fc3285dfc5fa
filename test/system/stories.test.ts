import { expect, test } from 'vitest';
import { startAppProgram } from '#test/support/app-program.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestFolder } from '#test/support/test-folder.ts';

const TWO_MINUTES_MS = 120_000;

test('a first start with its simulated fleet tells three stories within two minutes', {
  timeout: 2 * TWO_MINUTES_MS,
}, async () => {
  await using folder = await openTestFolder();
  await using program = await startAppProgram({ dataDir: folder.path, env: { SIMULATE: '1' } });
  const { api } = program;

  await eventually(async () => {
    const { items: repairs } = await api.get('/work-orders?deviceId=ac-03');
    expect(repairs, 'a fault becomes a dispatched work order').toMatchObject([
      {
        kind: 'repair',
        status: 'dispatched',
        technicianId: expect.any(String),
        ticketId: expect.any(String),
      },
    ]);
    const { items: plans } = await api.get('/work-orders?deviceId=ac-07');
    expect(plans, 'a wearing part becomes planned maintenance').toMatchObject([
      { kind: 'maintenance', status: 'planned', planId: expect.any(String), dueAt: expect.any(String) },
    ]);
    const { items: alarms } = await api.get('/alarms?deviceId=ac-12');
    expect(alarms, 'a unit goes offline').toMatchObject([
      { ruleId: 'ac-offline', faultFamily: 'offline', state: 'unacknowledged' },
    ]);
    const { items: tickets } = await api.get('/tickets?limit=100');
    const told = tickets.map((each: { deviceId: string; faultFamily: string; status: string }) => [
      each.deviceId,
      each.faultFamily,
      each.status,
    ]);
    expect(told.sort(), 'and nothing else').toEqual([
      ['ac-03', 'high_pressure', 'in_progress'],
      ['ac-12', 'offline', 'in_progress'],
    ]);
  }, TWO_MINUTES_MS);
  expect(await api.get('/ledger')).toMatchObject({ imbalance: 0, withheld: null });
});
