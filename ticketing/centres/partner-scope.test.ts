import { expect, test } from 'vitest';
import type { Permission } from '#contracts/permissions.ts';
import { PARTNER_PERMISSIONS, PERMISSIONS, ROLES } from '#contracts/permissions.ts';
import {
  addTechnician,
  addUnit,
  type DeskParts,
  openTestDesk,
  raised,
  type TestDesk,
} from '#test/support/test-desk.ts';
import { customerRoutes, siteRoutes } from '../customers/index.ts';
import { technicianRoutes } from '../people/index.ts';
import { unitRoutes, unitsOfCustomer } from '../units/index.ts';
import { centreRoutes } from './index.ts';

const register = ({ db, clock, audit, desk: { releaseUncertified } }: DeskParts) => [
  centreRoutes({ db, clock, audit, setCentreOfUser: async () => true }),
  technicianRoutes({ db, clock, audit, releaseUncertified, setTechnicianOfUser: async () => true }),
  customerRoutes({ db, clock, audit, unitsOfCustomer }),
  siteRoutes({ db, clock, audit }, { defaultTimeZone: 'Asia/Shanghai' }),
  unitRoutes({ db, clock, audit }),
];

/** A partner in the zone west, certified for refrigeration, with one technician. */
async function addPartner(desk: TestDesk, name: string, zone: string) {
  const centre = { name, kind: 'outsourced', zones: [zone], timeZone: 'Asia/Shanghai' };
  const { id } = (await desk.call('POST /centres', centre, 'manager')).body;
  const paper = { centreId: id, skill: 'refrigeration', issuer: 'Training school' };
  const certificate = (await desk.call('POST /certificates', paper, 'manager')).body;
  await desk.call(`POST /certificates/${certificate.id}/issue`, {}, 'gm');
  const technicianId = await addTechnician(desk, { name, zone, roster: { centreId: id } });
  return { id: id as string, technicianId, as: (role: string) => `${role}@${id}` };
}

async function fault(desk: TestDesk, zone: string) {
  const unit = await addUnit(desk, { zone });
  await desk.publish(raised(unit));
  await desk.settle();
  const { items } = (await desk.call(`GET /work-orders?unitId=${unit.unitId}`)).body;
  return { ...items[0], path: `/work-orders/${items[0].id}`, unitId: unit.unitId };
}

/** A technician of ours in the east, and two partners. */
async function openCentres() {
  const desk = await openTestDesk(register);
  const own = await addTechnician(desk);
  return {
    desk,
    own,
    west: await addPartner(desk, 'West Cooling', 'west'),
    north: await addPartner(desk, 'North Cooling', 'north'),
  };
}

test('D8: own people go first, a partner where they cannot, in its zones only, and only while it is certified', async () => {
  const { desk, own, west } = await openCentres();
  await using _open = desk;
  expect(await fault(desk, 'west')).toMatchObject({ technicianId: own, centreId: null });
  await desk.call(`PATCH /technicians/${own}`, { isActive: false }, 'manager');
  const order = await fault(desk, 'west');
  expect(order).toMatchObject({ technicianId: west.technicianId, centreId: west.id });
  expect(await fault(desk, 'south')).toMatchObject({ status: 'planned', holdReason: 'out_of_zone' });
  const { items } = (await desk.call(`GET /certificates?centreId=${west.id}`, undefined, 'manager')).body;
  await desk.call(`POST /certificates/${items[0].id}/revoke`, { reason: 'audit' }, 'manager');
  const next = await fault(desk, 'west');
  expect(next).toMatchObject({ status: 'planned', holdReason: 'out_of_zone' });
  const candidates = (await desk.call(`GET ${next.path}/candidates`)).body.items;
  expect(candidates).toContainEqual(
    expect.objectContaining({ technicianId: west.technicianId, excluded: 'centre_uncertified' }),
  );
});

test('D8: a partner obeys the same machine and the same clocks', async () => {
  const { desk, own, west } = await openCentres();
  await using _open = desk;
  const ours = await fault(desk, 'east');
  expect(ours.technicianId).toBe(own);
  await desk.call(`PATCH /technicians/${own}`, { isActive: false }, 'manager');
  const theirs = await fault(desk, 'west');
  const runs = await Promise.all(
    [
      { path: ours.path, as: `technician/${own}` },
      { path: theirs.path, as: `technician/${west.technicianId}@${west.id}` },
    ].map(async ({ path, as }) => {
      const seen: unknown[] = [];
      for (const [action, body] of [
        ['sign', { name: 'x', strokes: 'M0 0L9 9' }],
        ['accept', {}],
        ['contact', { symptomConfirmed: true }],
        ['contact', { etaAt: 1, symptomConfirmed: true }],
        ['depart', {}],
        ['appoint', { from: 1 }],
        ['depart', {}],
        ['arrive', {}],
        ['start-repair', {}],
        ['diagnose', { confirmedCause: 'leak' }],
        ['start-repair', {}],
        ['test', { passed: true }],
        ['sign', { name: 'Li', strokes: 'M0 0L9 9' }],
        ['submit', {}],
      ] as const) {
        const { status, body: answer } = await desk.call(`POST ${path}/${action}`, body, as);
        seen.push([action, status, answer.status, answer.code]);
      }
      const { clocks, steps } = (await desk.call(`GET ${path}`)).body;
      const kinds = clocks.map((clock: { kind: string; met: boolean }) => [clock.kind, clock.met]);
      return { seen, kinds, steps: Object.keys(steps).toSorted() };
    }),
  );
  expect(runs[1]).toEqual(runs[0]);
  expect(runs[0]?.kinds).toEqual([
    ['T6', true],
    ['T9', null],
  ]);
});

test('R1: a partner sees its own orders, and whom to call only while the work is to be done', async () => {
  const { desk, own, west, north } = await openCentres();
  await using _open = desk;
  const ours = await fault(desk, 'east');
  await desk.call(`PATCH /technicians/${own}`, { isActive: false }, 'manager');
  const theirs = await fault(desk, 'west');
  const others = await fault(desk, 'north');
  const ids = async (as: string, path = '/work-orders') =>
    (await desk.call(`GET ${path}`, undefined, as)).body.items.map(({ id }: { id: string }) => id);

  for (const role of ['dispatcher', 'manager', 'admin', 'technician+manager']) {
    expect([role, await ids(west.as(role))]).toEqual([role, [theirs.id]]);
    for (const { path } of [ours, others]) {
      expect((await desk.call(`GET ${path}`, undefined, west.as(role))).status).toBe(403);
      expect((await desk.call(`GET ${path}/candidates`, undefined, west.as(role))).status).toBe(403);
      expect((await desk.call(`POST ${path}/cancel`, { reason: 'x' }, west.as(role))).status).toBe(403);
      expect((await desk.call(`POST ${path}/accept`, {}, west.as(role))).status).toBe(403);
    }
    expect(await ids(west.as(role), '/technicians')).toEqual([west.technicianId]);
    expect(await ids(west.as(role), '/centres')).toEqual([west.id]);
    expect((await desk.call(`GET /technicians/${own}`, undefined, west.as(role))).status).toBe(404);
    expect((await desk.call(`GET /centres/${north.id}`, undefined, west.as(role))).status).toBe(404);
    const dispatches = (await desk.call('GET /dispatches', undefined, west.as(role))).body.items;
    expect(dispatches).toMatchObject([{ workOrderId: theirs.id, ranking: null }]);
  }
  const candidates = await desk.call(`GET ${theirs.path}/candidates`, undefined, west.as('dispatcher'));
  expect(candidates.body.items).toMatchObject([{ technicianId: west.technicianId }]);
  const foreign = { technicianId: north.technicianId, reason: 'x' };
  expect((await desk.call(`POST ${theirs.path}/reassign`, foreign, west.as('dispatcher'))).status).toBe(422);

  const open = (await desk.call(`GET ${theirs.path}`, undefined, west.as('dispatcher'))).body;
  expect(open).toMatchObject({
    contact: { phone: '+86 138 0000 0001' },
    site: { address: '1 Harbour Road' },
    masked: [],
  });
  await desk.call(`POST ${theirs.path}/cancel`, { reason: 'duplicate' }, 'manager');
  const over = await desk.call(`GET ${theirs.path}`, undefined, west.as('dispatcher'));
  expect(over.body).toMatchObject({ contact: null, customer: { name: '***' }, site: { address: null } });
  expect(over.body.masked).toContain('contact');
  expect(JSON.stringify(over.body)).not.toContain('138 0000 0001');
  expect((await desk.call(`GET ${theirs.path}`, undefined, 'dispatcher')).body.contact).not.toBeNull();
});

test('R1: what is taken from a partner is gone for it', async () => {
  const { desk, own, west } = await openCentres();
  await using _open = desk;
  await desk.call(`PATCH /technicians/${own}`, { isActive: false }, 'manager');
  const { path } = await fault(desk, 'west');
  await desk.call(`PATCH /technicians/${own}`, { isActive: true }, 'manager');
  const back = await desk.call(
    `POST ${path}/reassign`,
    { technicianId: own, reason: 'warranty' },
    'dispatcher',
  );
  expect(back).toMatchObject({ status: 200, body: { centreId: null } });
  expect((await desk.call(`GET ${path}`, undefined, west.as('manager'))).status).toBe(403);
});

const READS: readonly (readonly [path: string, permission: Permission])[] = [
  ['/work-orders', 'work_orders:read'],
  ['/dispatches', 'work_orders:dispatch'],
  ['/technicians', 'people:read'],
  ['/certificates', 'people:read'],
  ['/centres', 'centres:read'],
  ['/tickets', 'tickets:read'],
  ['/service-requests', 'requests:read'],
  ['/customers', 'customers:read'],
  ['/sites', 'customers:read'],
  ['/units', 'customers:read'],
];

test('D8, R1: role by centre by resource, nobody reaches more than they should', async () => {
  const { desk, west } = await openCentres();
  await using _open = desk;
  for (const role of ROLES) {
    const held = (permission: Permission) =>
      role === 'admin' || (PERMISSIONS[permission] as readonly string[]).includes(role);
    for (const [path, permission] of READS) {
      const own = held(permission) ? 200 : 403;
      const partner = PARTNER_PERMISSIONS.has(permission) ? own : 403;
      const statuses = [
        (await desk.call(`GET ${path}`, undefined, role)).status,
        (await desk.call(`GET ${path}`, undefined, west.as(role))).status,
      ];
      expect([role, path, ...statuses]).toEqual([role, path, own, partner]);
    }
  }
  const writes = [
    ['POST /technicians', { name: 'x', phone: '1390000', skills: [] }],
    ['POST /certificates', { centreId: west.id, skill: 'general', issuer: 'x' }],
    ['POST /centres', { name: 'x', kind: 'own', timeZone: 'UTC' }],
    [`PATCH /centres/${west.id}`, { zones: [] }],
    ['PUT /dispatch-policy', { incompleteData: 'warn', answerWithinMinutes: 1 }],
    ['POST /work-orders', { ticketId: west.id }],
  ] as const;
  for (const [request, body] of writes) {
    expect([request, (await desk.call(request, body, west.as('admin'))).status]).toEqual([request, 403]);
  }
});

test('D8: a partner hands its work back and cannot cancel it; without a certificate it has none', async () => {
  const { desk, own, west } = await openCentres();
  await using _open = desk;
  await desk.call(`PATCH /technicians/${own}`, { isActive: false }, 'manager');
  const { path } = await fault(desk, 'west');
  for (const role of ['dispatcher', 'manager', 'admin']) {
    expect(await desk.call(`POST ${path}/cancel`, { reason: 'x' }, west.as(role))).toMatchObject({
      status: 403,
      body: { code: 'WORK_ORDER_CANCEL_NOT_YOURS' },
    });
  }
  const card = (await desk.call(`GET ${path}`, undefined, west.as('dispatcher'))).body;
  expect(card.allowedActions).toContain('withdraw');
  expect(card.allowedActions).not.toContain('cancel');
  const { items } = (await desk.call(`GET /certificates?centreId=${west.id}`, undefined, 'manager')).body;
  await desk.call(`POST /certificates/${items[0].id}/revoke`, { reason: 'audit' }, 'manager');
  await desk.settle();
  expect((await desk.call(`GET ${path}`)).body).toMatchObject({ status: 'planned', centreId: null });
});
