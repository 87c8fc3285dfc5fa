import { expect, test } from 'vitest';
import type { CentreMembership } from '#contracts/centres.ts';
import { addUnit, type DeskParts, openTestDesk, raised } from '#test/support/test-desk.ts';
import { centreRoutes } from '../centres/index.ts';
import { technicianRoutes } from './index.ts';

const USER = '019e0000-0000-7000-8000-00000000aaaa';

async function openPeople() {
  const accounts = new Map<string, { technicianId?: string | null; centre?: CentreMembership | null }>();
  const desk = await openTestDesk(({ db, clock, audit, desk: { releaseUncertified } }: DeskParts) => [
    centreRoutes({ db, clock, audit, setCentreOfUser: async () => true }),
    technicianRoutes({
      db,
      clock,
      audit,
      releaseUncertified,
      setTechnicianOfUser: async (_tx, { userId, ...link }) => {
        accounts.set(userId, { ...accounts.get(userId), ...link });
        return true;
      },
    }),
  ]);
  const add = async (body: object, as: string) => {
    const technician = { name: 'Chen', phone: '13700000000', zone: 'east', ...body };
    return desk.call('POST /technicians', technician, as);
  };
  return { desk, accounts, add };
}

test('O3: prepared by the manager, a certificate counts once the general manager has signed it', async () => {
  const { desk, add } = await openPeople();
  await using _open = desk;
  const technician = (await add({ skills: [] }, 'manager')).body;
  const paper = {
    technicianId: technician.id,
    skill: 'refrigeration',
    documentNumber: 'R-77',
    issuer: 'Training school',
    validUntil: '2027-11-21T00:00:00Z',
  };
  const prepared = await desk.call('POST /certificates', paper, 'manager');
  expect(prepared).toMatchObject({
    status: 201,
    body: { number: 'CE-000001', status: 'prepared', basis: 'examined', signedBy: null, issuedAt: null },
  });
  await desk.publish(raised(await addUnit(desk)));
  await desk.settle();
  const orders = async () => (await desk.call('GET /work-orders')).body.items;
  expect(await orders()).toMatchObject([{ status: 'planned', holdReason: 'no_skill' }]);

  const issue = (as: string) => desk.call(`POST /certificates/${prepared.body.id}/issue`, {}, as);
  expect((await issue('manager')).status).toBe(403);
  expect(await issue('gm')).toMatchObject({ status: 200, body: { status: 'issued', signedBy: 'user-gm' } });
  expect(await issue('gm')).toMatchObject({ status: 409, body: { allowed: ['revoke'] } });
  await desk.sweep('dispatch.sweep');
  expect(await orders()).toMatchObject([{ status: 'dispatched', technicianId: technician.id }]);
  expect((await desk.call(`GET /technicians/${technician.id}`, undefined, 'manager')).body.skills).toEqual([
    { skill: 'refrigeration', validUntil: '2027-11-21T00:00:00.000Z' },
  ]);
});

test('O3: nobody signs what they prepared, whatever they may; a revoked one is over', async () => {
  const { desk, add } = await openPeople();
  await using _open = desk;
  const technician = (await add({ skills: [] }, 'manager')).body;
  const paper = { technicianId: technician.id, skill: 'controls', issuer: 'school' };
  const { id } = (await desk.call('POST /certificates', paper, 'admin')).body;
  expect(await desk.call(`POST /certificates/${id}/issue`, {}, 'admin')).toMatchObject({
    status: 409,
    body: { code: 'CERTIFICATE_SELF_SIGNED' },
  });
  expect((await desk.call(`POST /certificates/${id}/revoke`, {}, 'manager')).status).toBe(422);
  const revoked = await desk.call(`POST /certificates/${id}/revoke`, { reason: 'failed' }, 'manager');
  expect(revoked.body).toMatchObject({ status: 'revoked', revokedBecause: 'failed' });
  expect((await desk.call(`POST /certificates/${id}/issue`, {}, 'gm')).status).toBe(409);
  expect((await desk.call(`POST /certificates/${id}/revoke`, { reason: 'again' }, 'manager')).status).toBe(
    409,
  );
});

test.each([
  [{ skill: 'juggling' }, 'skill'],
  [{ skill: 'controls', technicianId: USER }, 'technicianId'],
  [{ skill: 'controls', technicianId: undefined }, 'technicianId'],
  [{ skill: 'controls', technicianId: undefined, centreId: USER }, 'centreId'],
])('a certificate that cannot be is 422 and names the field: %j', async (fault, field) => {
  const { desk, add } = await openPeople();
  await using _open = desk;
  const { id } = (await add({ skills: [] }, 'manager')).body;
  const answer = await desk.call(
    'POST /certificates',
    { technicianId: id, issuer: 'x', ...fault },
    'manager',
  );
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ field }] } });
});

test('O3: skills in the register are attested by whoever may sign; from a manager they wait for that', async () => {
  const { desk, add } = await openPeople();
  await using _open = desk;
  const byManager = (await add({ skills: ['controls'] }, 'manager')).body;
  expect(byManager.skills).toEqual([]);
  const byAdmin = (await add({ skills: ['controls'] }, 'admin')).body;
  expect(byAdmin.skills).toEqual([{ skill: 'controls', validUntil: null }]);
  const list = (await desk.call('GET /certificates', undefined, 'gm')).body.items;
  expect(list).toMatchObject([
    { technicianId: byAdmin.id, basis: 'attested', status: 'issued', signedBy: 'user-admin' },
    { technicianId: byManager.id, basis: 'examined', status: 'prepared', signedBy: null },
  ]);
  expect((await desk.call(`POST /certificates/${list[1].id}/issue`, {}, 'gm')).status).toBe(200);
  await desk.call(`PATCH /technicians/${byManager.id}`, { skills: [] }, 'manager');
  expect((await desk.call(`GET /certificates?technicianId=${byManager.id}`)).body.items).toMatchObject([
    { status: 'revoked', revokedBecause: 'not in the list of skills any more' },
  ]);
});

test('working hours need a time zone, of their own or of the centre; spans end after they start', async () => {
  const { desk, add } = await openPeople();
  await using _open = desk;
  const shifts = [{ day: 'mon', from: '08:00', until: '17:00' }];
  const field = (answer: { body: { errors: { field: string }[] } }) => answer.body.errors[0]?.field;
  expect(field(await add({ skills: [], shifts }, 'manager'))).toBe('timeZone');
  expect(field(await add({ skills: [], timeZone: 'Mars/Olympus' }, 'manager'))).toBe('timeZone');
  expect(field(await add({ skills: [], centreId: USER }, 'manager'))).toBe('centreId');
  const backwards = { kind: 'leave', from: 2, until: 1 };
  expect(field(await add({ skills: [], shiftExceptions: [backwards] }, 'manager'))).toBe('shiftExceptions');
  const centre = { name: 'North', kind: 'own', timeZone: 'Asia/Shanghai' };
  const { id: centreId } = (await desk.call('POST /centres', centre, 'manager')).body;
  const leave = { kind: 'leave', from: 0, until: 86_400_000, note: 'wedding' };
  const added = await add(
    { skills: [], shifts, centreId, isOnCall: true, shiftExceptions: [leave] },
    'manager',
  );
  expect(added).toMatchObject({
    status: 201,
    body: {
      centreId,
      shifts,
      isOnCall: true,
      shiftExceptions: [
        { kind: 'leave', from: '1970-01-01T00:00:00.000Z', until: '1970-01-02T00:00:00.000Z' },
      ],
    },
  });
  const gone = await desk.call(`PATCH /technicians/${added.body.id}`, { centreId: null }, 'manager');
  expect([gone.status, field(gone)]).toEqual([422, 'timeZone']);
});

test("R1: a technician's account follows them into a partner's centre and does not leave it by being unlinked", async () => {
  const { desk, accounts, add } = await openPeople();
  await using _open = desk;
  const centre = { name: 'Partner', kind: 'outsourced', timeZone: 'Asia/Shanghai' };
  const { id: centreId } = (await desk.call('POST /centres', centre, 'manager')).body;
  const technician = (await add({ skills: [], userId: USER }, 'manager')).body;
  expect(accounts.get(USER)).toEqual({ technicianId: technician.id, centre: null });
  const change = (body: object) => desk.call(`PATCH /technicians/${technician.id}`, body, 'manager');
  await change({ centreId });
  expect(accounts.get(USER)).toEqual({
    technicianId: technician.id,
    centre: { id: centreId, kind: 'outsourced' },
  });
  await change({ userId: null });
  expect(accounts.get(USER)).toEqual({ technicianId: null, centre: { id: centreId, kind: 'outsourced' } });
});

/** An order that its technician has, and the certificate they have it by. */
async function sent({ desk, add }: Awaited<ReturnType<typeof openPeople>>) {
  const technician = (await add({ skills: ['refrigeration'] }, 'admin')).body;
  await desk.publish(raised(await addUnit(desk)));
  await desk.settle();
  const [order] = (await desk.call('GET /work-orders')).body.items;
  expect(order).toMatchObject({ status: 'dispatched', technicianId: technician.id });
  const { items } = (await desk.call('GET /certificates', undefined, 'gm')).body;
  return {
    technicianId: technician.id,
    path: `/work-orders/${order.id}`,
    revoke: () => desk.call(`POST /certificates/${items[0].id}/revoke`, { reason: 'audit' }, 'manager'),
    unlist: () => desk.call(`PATCH /technicians/${technician.id}`, { skills: ['controls'] }, 'admin'),
  };
}

test.each(['revoke', 'unlist'] as const)(
  'O3: work goes back from whoever has lost the skill, with its reason (%s)',
  async (how) => {
    const people = await openPeople();
    const { desk } = people;
    await using _open = desk;
    const order = await sent(people);
    await desk.call(`POST ${order.path}/accept`, {}, `technician/${order.technicianId}`);
    expect((await order[how]()).status).toBe(200);
    await desk.settle();
    const card = (await desk.call(`GET ${order.path}`)).body;
    expect(card).toMatchObject({
      status: 'planned',
      technicianId: null,
      dispatches: [{ reason: 'certificate_revoked' }],
    });
    expect(card.log.at(-1)).toMatchObject({
      action: 'withdraw',
      by: 'system:ticketing',
      text: 'certificate_revoked',
    });
    expect(await desk.events('work_order.changed')).toContainEqual(
      expect.objectContaining({ from: 'accepted', to: 'planned', technicianId: null }),
    );
  },
);

test('O3: work stays with whoever has another valid certificate for it', async () => {
  const people = await openPeople();
  const { desk } = people;
  await using _open = desk;
  const order = await sent(people);
  const paper = { technicianId: order.technicianId, skill: 'refrigeration', issuer: 'school' };
  const { id } = (await desk.call('POST /certificates', paper, 'manager')).body;
  await desk.call(`POST /certificates/${id}/issue`, {}, 'gm');
  await order.revoke();
  await desk.settle();
  expect((await desk.call(`GET ${order.path}`)).body.status).toBe('dispatched');
  await desk.call(`POST /certificates/${id}/revoke`, { reason: 'audit' }, 'manager');
  await desk.settle();
  expect((await desk.call(`GET ${order.path}`)).body.status).toBe('planned');
});
