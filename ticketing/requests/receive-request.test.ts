import { expect, test } from 'vitest';
import { CHANNELS_OF_PEOPLE } from '#contracts/service-requests.ts';
import { addTechnician, addUnit, openTestDesk, raised } from '#test/support/test-desk.ts';

const CONTACT = { name: 'Ms Li', phone: '138 0000 0001' };

test('A1: six channels arrive in one list with one shape and one next state', async () => {
  await using desk = await openTestDesk();
  for (const channel of CHANNELS_OF_PEOPLE) {
    const answer = await desk.call('POST /service-requests', {
      channel,
      symptom: 'warm air',
      contact: CONTACT,
    });
    expect(answer).toMatchObject({ status: 201, body: { status: 'received' } });
  }
  const { items } = (await desk.call('GET /service-requests')).body;
  expect(items.map(({ channel }: { channel: string }) => channel).sort()).toEqual(
    [...CHANNELS_OF_PEOPLE].sort(),
  );
  expect(new Set(items.map((item: object) => Object.keys(item).join())).size).toBe(1);
});

test('A3, A4: confirming names every missing field, then asks for the read-back, then succeeds', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  const { body } = await desk.call('POST /service-requests', {
    channel: 'phone',
    deviceId: unit.deviceId,
    symptom: 'warm air',
  });
  const path = `/service-requests/${body.id}`;
  expect(body).toMatchObject({
    customerName: 'Harbour Hotel',
    place: '1 Harbour Road',
    serial: unit.serial,
    identityVerified: false,
    missing: ['contact.name', 'contact.phone', 'occurredAt'],
  });
  const incomplete = await desk.call(`POST ${path}/confirm`);
  expect(incomplete.status).toBe(422);
  expect(incomplete.body.errors.map(({ field }: { field: string }) => field)).toEqual(body.missing);

  await desk.call(`PATCH ${path}`, { contact: CONTACT, occurredAt: '2026-11-21T07:00:00Z' });
  expect(await desk.call(`POST ${path}/confirm`)).toMatchObject({
    status: 409,
    body: { code: 'SERVICE_REQUEST_READ_BACK_MISSING' },
  });
  await desk.call(`POST ${path}/read-back`);
  expect(await desk.call(`POST ${path}/confirm`)).toMatchObject({
    status: 200,
    body: { status: 'confirmed', missing: [] },
  });
  expect((await desk.call(`PATCH ${path}`, { notes: 'late' })).status).toBe(409);
});

test('A4, C2: a call is assessed only after the read-back, with all four fields, and becomes work', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk);
  const unit = await addUnit(desk);
  const { body } = await desk.call('POST /service-requests', {
    channel: 'phone',
    unitId: unit.unitId,
    symptom: 'warm air',
    contact: CONTACT,
    occurredAt: 1,
  });
  expect(body.identityVerified).toBe(true);
  const assess = `POST /tickets/${body.ticketId}/assess`;
  const four = {
    category: 'general_troubleshooting',
    impact: 'medium',
    urgency: 'medium',
    coverage: 'in_warranty',
  };
  expect(await desk.call(assess, four)).toMatchObject({
    status: 409,
    body: { code: 'TICKET_READ_BACK_MISSING' },
  });
  await desk.call(`POST /service-requests/${body.id}/read-back`);
  await desk.call(`POST /service-requests/${body.id}/confirm`);
  for (const field of Object.keys(four)) {
    const answer = await desk.call(assess, { ...four, [field]: undefined });
    expect([answer.status, answer.body.errors[0].field]).toEqual([422, field]);
  }
  expect(await desk.call(assess, four)).toMatchObject({
    status: 200,
    body: { status: 'assessed', priority: 'P3', assessedBy: 'user-admin' },
  });
  await desk.settle();
  const ticket = (await desk.call(`GET /tickets/${body.ticketId}`)).body;
  expect(ticket).toMatchObject({ status: 'in_progress', workOrderIds: [expect.any(String)] });
});

test('A6: a consultation is answered in one call and makes no work', async () => {
  await using desk = await openTestDesk();
  const { body } = await desk.call('POST /service-requests', {
    channel: 'chat',
    type: 'consultation',
    symptom: 'how to set the timer',
    contact: CONTACT,
    answer: 'Hold the clock key.',
  });
  expect(body).toMatchObject({ status: 'answered', answer: 'Hold the clock key.' });
  const ticket = (await desk.call(`GET /tickets/${body.ticketId}`)).body;
  expect(ticket).toMatchObject({ status: 'closed', resolution: 'answered', workOrderIds: [] });
  const fault = await desk.call('POST /service-requests', {
    channel: 'chat',
    symptom: 'x',
    contact: CONTACT,
  });
  expect(await desk.call(`POST /service-requests/${fault.body.id}/answer`, { text: 'y' })).toMatchObject({
    status: 409,
  });
});

test('a call about a fault that the unit reported joins its ticket; both reports stay', async () => {
  await using desk = await openTestDesk();
  await addTechnician(desk);
  const unit = await addUnit(desk);
  await desk.publish(raised(unit));
  await desk.settle();
  const said = { channel: 'phone', deviceId: unit.deviceId, symptom: 'warm air', contact: CONTACT };
  const joined = (await desk.call('POST /service-requests', said)).body;
  const other = (await desk.call('POST /service-requests', { ...said, faultFamily: 'drain' })).body;
  const [drain, ticket] = (await desk.call('GET /tickets')).body.items;
  expect(joined.ticketId).toBe(ticket.id);
  expect(other.ticketId).toBe(drain.id);
  const { reports } = (await desk.call(`GET /tickets/${ticket.id}`)).body;
  expect(reports).toMatchObject([
    { kind: 'alarm', source: 'device' },
    { kind: 'request', ref: joined.id, source: 'phone' },
  ]);
});

test('a draft has no ticket until it is confirmed, and an unknown device is refused', async () => {
  await using desk = await openTestDesk();
  const unit = await addUnit(desk);
  const { body } = await desk.call('POST /service-requests', {
    channel: 'email',
    type: 'complaint',
    draft: true,
    unitId: unit.unitId,
    symptom: 'late',
    contact: CONTACT,
  });
  expect(body).toMatchObject({ status: 'draft', ticketId: null });
  await desk.call(`POST /service-requests/${body.id}/read-back`);
  const confirmed = (await desk.call(`POST /service-requests/${body.id}/confirm`)).body;
  expect(confirmed).toMatchObject({ status: 'confirmed', ticketId: expect.any(String) });
  const unknown = await desk.call('POST /service-requests', { channel: 'web', deviceId: 'nobody' });
  expect([unknown.status, unknown.body.errors[0].field]).toEqual([422, 'deviceId']);
});
