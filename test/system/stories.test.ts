import { expect, test } from 'vitest';
import { startAppProgram } from '#test/support/app-program.ts';
import { eventually } from '#test/support/eventually.ts';
import { openTestFolder } from '#test/support/test-folder.ts';

const TWO_MINUTES_MS = 120_000;

test('a first start with its simulated fleet tells six stories within two minutes', {
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
    const { items: cures } = await api.get('/tickets?deviceId=pile-03');
    expect(cures, 'a fault is cured from afar').toMatchObject([
      { faultFamily: 'reader_fault', resolution: 'remote', workOrderIds: [] },
    ]);
    const { items: electricians } = await api.get('/work-orders?deviceId=pile-08');
    expect(electricians, 'a ground failure gets a person').toMatchObject([
      { kind: 'repair', status: 'dispatched', technicianId: expect.any(String) },
    ]);
    const { items: inspections } = await api.get('/work-orders?deviceId=pile-06');
    expect(inspections, 'a wearing connector becomes planned maintenance').toMatchObject([
      { kind: 'maintenance', status: 'planned', planId: expect.any(String), dueAt: expect.any(String) },
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
      ['pile-03', 'reader_fault', 'verifying'],
      ['pile-08', 'ground_fault', 'in_progress'],
    ]);
  }, TWO_MINUTES_MS);
  expect((await api.get('/commands?deviceId=pile-08')).items, 'and no command').toEqual([]);
  const { items: commands } = await api.get('/commands?deviceId=pile-03');
  const told = commands.map(({ name, status }: { name: string; status: string }) => [name, status]);
  expect(told.sort()).toEqual([
    ['reset', 'done'],
    ['trigger_message', 'done'],
  ]);
  expect(await api.get('/ledger')).toMatchObject({ imbalance: 0, withheld: null });
});
