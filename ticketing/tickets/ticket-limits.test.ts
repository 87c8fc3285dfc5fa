import { expect, test } from 'vitest';
import { addUnit, openTestDesk, raised } from '#test/support/test-desk.ts';

test('a unit that invents codes gets at most 20 tickets; further codes join the newest', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  const codes = Array.from({ length: 25 }, (_, n) => `X${n}`);
  const alarms = codes.map((code) => raised(unit, { faultFamily: `code:${code}`, faultCode: code }));
  await desk.publish(...alarms);
  await desk.settle();
  await desk.publish(raised(unit, { faultFamily: 'code:X24', faultCode: 'X24' }), raised(unit));
  await desk.settle();
  const { items } = (await desk.call('GET /tickets?limit=100')).body;
  expect(items.map(({ faultFamily }: { faultFamily: string }) => faultFamily)).toEqual([
    'high_pressure',
    ...codes
      .slice(0, 20)
      .map((code) => `code:${code}`)
      .reverse(),
  ]);
  const newest = (await desk.call(`GET /tickets/${items[1].id}`)).body;
  expect(newest).toMatchObject({ faultFamily: 'code:X19', reportCount: 7 });
});

test('an ended ticket is neither acknowledged nor given another priority', async () => {
  await using desk = await openTestDesk();
  await desk.publish(raised(await addUnit(desk)));
  await desk.settle();
  const [{ id }] = (await desk.call('GET /tickets')).body.items;
  const acknowledge = () => desk.call(`POST /tickets/${id}/acknowledge`);
  const prioritise = () => desk.call(`POST /tickets/${id}/priority`, { priority: 'P1', reason: 'VIP' });
  expect((await acknowledge()).status).toBe(200);
  expect((await prioritise()).status).toBe(200);
  await desk.call(`POST /tickets/${id}/cancel`, { reason: 'scrapped' });
  for (const act of [acknowledge, prioritise]) {
    expect(await act()).toMatchObject({
      status: 409,
      body: { code: 'TICKET_ILLEGAL_TRANSITION', allowed: [] },
    });
  }
});
