import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addTechnician, addUnit, openTestDesk, raised, type TestDesk } from '#test/support/test-desk.ts';
import { SERVICE_REQUEST_MACHINE } from './core/service-request-machine.ts';
import type { StateMachine } from './core/state-machine.ts';
import { TICKET_MACHINE } from './core/ticket-machine.ts';
import { WORK_ORDER_ACTIONS, WORK_ORDER_MACHINE } from './core/work-order-machine.ts';

const UNITS = 40;

/** Data that lets an action pass its guards, and data that does not. */
const ORDER_DATA: Readonly<Record<string, object>> = {
  contact: { etaAt: 1, symptomConfirmed: true },
  appoint: { from: 1 },
  diagnose: { confirmedCause: 'leak' },
  consent: { agreed: true },
  test: { passed: true },
  sign: { refusedReason: 'away' },
};
const WITH_REASON = ['decline', 'withdraw', 'wait-parts', 'cancel'];

const TICKET_CALLS: readonly (readonly [string, object])[] = [
  ['assess', { category: 'general_troubleshooting', impact: 'low', urgency: 'low', coverage: 'in_warranty' }],
  ['resolve', { resolution: 'remote' }],
  ['close', {}],
  ['cancel', { reason: 'x' }],
  ['acknowledge', {}],
  ['remote-repair', { playbook: 'ac-clear' }],
  ['remote-repair/stop', {}],
  ['callback', { satisfied: false, text: 'x' }],
];
const REQUEST_CALLS: readonly (readonly [string, object])[] = [
  ['confirm', {}],
  ['read-back', {}],
  ['answer', { text: 'so' }],
];

const orderStep = fc
  .tuple(fc.nat(UNITS - 1), fc.constantFrom(...WORK_ORDER_ACTIONS), fc.integer({ min: 0, max: 9 }))
  .map(([unit, action, luck]) => ({ unit, noun: 'order' as const, action, hasData: luck > 0 }));
const ticketStep = fc
  .tuple(fc.nat(UNITS - 1), fc.constantFrom(...TICKET_CALLS))
  .map(([unit, [action, body]]) => ({ unit, noun: 'ticket' as const, action, body }));
const requestStep = fc
  .tuple(fc.nat(UNITS - 1), fc.constantFrom(...REQUEST_CALLS))
  .map(([unit, [action, body]]) => ({ unit, noun: 'request' as const, action, body }));
const step = fc.oneof(
  { arbitrary: orderStep, weight: 8 },
  { arbitrary: ticketStep, weight: 1 },
  { arbitrary: requestStep, weight: 1 },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Subject {
  readonly order: string;
  readonly ticket: string;
  readonly request: string;
}

async function openSubjects(desk: TestDesk): Promise<Subject[]> {
  const technicianId = await addTechnician(desk);
  const units = await Promise.all(Array.from({ length: UNITS }, () => addUnit(desk)));
  await desk.publish(...units.map((unit) => raised(unit)));
  await desk.settle();
  const { items } = (await desk.call('GET /work-orders?limit=200')).body;
  expect(items[0].technicianId).toBe(technicianId);
  return Promise.all(
    items.map(async ({ id, ticketId }: { id: string; ticketId: string }, n: number) => {
      const { body } = await desk.call('POST /service-requests', {
        channel: 'web',
        type: n % 2 === 0 ? 'consultation' : 'complaint',
        customerName: 'x',
        symptom: 'x',
        contact: { name: 'x', phone: '1' },
      });
      return { order: id, ticket: ticketId, request: body.id };
    }),
  );
}

/** Every status change that was audited, in order, by record. */
async function changesOf({ database }: TestDesk, entity: string) {
  const { rows } = await database.pool.query(
    `select entity_id, action, fields->'status'->>'from' as from, fields->'status'->>'to' as to
     from audit_record where entity = $1 and fields->'status'->>'to' is not null order by entity_id, id`,
    [entity],
  );
  return rows as { entity_id: string; action: string; from: string; to: string }[];
}

type AnyMachine = StateMachine<string, string, never>;

test('1,000 random walks, two at a time, leave no illegal transition in the database', async () => {
  await using desk = await openTestDesk();
  const subjects = await openSubjects(desk);
  const call = async (each: Step) => {
    const subject = subjects[each.unit];
    if (subject === undefined) return;
    if (each.noun === 'order') {
      const body = { ...ORDER_DATA[each.action], ...(WITH_REASON.includes(each.action) && { reason: 'x' }) };
      const by = each.action === 'review' ? 'agent' : 'manager';
      const answer = await desk.call(
        `POST /work-orders/${subject.order}/${each.action}`,
        each.hasData ? body : {},
        by,
      );
      expect([200, 404, 409, 422], JSON.stringify(answer.body)).toContain(answer.status);
      return;
    }
    const path = each.noun === 'ticket' ? `tickets/${subject.ticket}` : `service-requests/${subject.request}`;
    const answer = await desk.call(`POST /${path}/${each.action}`, each.body);
    expect([200, 409, 422], JSON.stringify(answer.body)).toContain(answer.status);
  };
  const walks = fc.array(fc.array(step, { minLength: 2, maxLength: 4 }), {
    minLength: 2,
    maxLength: 2,
  });
  await fc.assert(
    fc.asyncProperty(walks, async (pair) => {
      await Promise.all(
        pair.map(async (walk) => {
          for (const each of walk) await call(each);
        }),
      );
      await desk.sweep('repair.remote');
    }),
    { numRuns: 500, endOnFailure: true },
  );
  await desk.settle();

  const machines: readonly [string, AnyMachine, string][] = [
    ['work_order', WORK_ORDER_MACHINE as unknown as AnyMachine, 'work_order'],
    ['ticket', TICKET_MACHINE as unknown as AnyMachine, 'ticket'],
    ['service_request', SERVICE_REQUEST_MACHINE as unknown as AnyMachine, 'service_request'],
  ];
  for (const [entity, machine, table] of machines) {
    const changes = await changesOf(desk, entity);
    expect(changes.length).toBeGreaterThan(10);
    const last = new Map<string, string>();
    for (const { entity_id, action, from, to } of changes) {
      const isLegal = machine.transitions.some(
        (t) => `${entity}.${t.action}` === action && t.from.includes(from) && t.to === to,
      );
      expect(isLegal, `${action}: ${from} to ${to}`).toBe(true);
      expect(last.get(entity_id) ?? from).toBe(from);
      last.set(entity_id, to);
    }
    const { rows } = await desk.database.pool.query(`select id, status from ${table}`);
    for (const { id, status } of rows) expect(last.get(id) ?? status).toBe(status);
  }
}, 120_000);
