import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SERVICE_REQUEST_STATUSES, TICKET_STATUSES, WORK_ORDER_STATUSES } from '#contracts/statuses.ts';
import { SERVICE_REQUEST_ACTIONS, SERVICE_REQUEST_MACHINE } from './service-request-machine.ts';
import { allowedActions, move, type StateMachine } from './state-machine.ts';
import { TICKET_ACTIONS, TICKET_MACHINE } from './ticket-machine.ts';
import { WORK_ORDER_ACTIONS, WORK_ORDER_MACHINE } from './work-order-machine.ts';

const ticketFacts = fc.record({
  awaitsReadBack: fc.boolean(),
  resolution: fc.constantFrom(null, 'onsite' as const),
  reason: fc.constantFrom(null, '', 'because'),
  openOrders: fc.nat(2),
  unsignedOrders: fc.nat(1),
  verificationPending: fc.boolean(),
  withinReopenWindow: fc.boolean(),
});

const requestFacts = fc.record({
  missing: fc.constantFrom<string[]>([], ['serial']),
  readBack: fc.boolean(),
  isConsultation: fc.boolean(),
  answer: fc.constantFrom(null, '', 'yes'),
});

const orderFacts = fc.record({
  technicianId: fc.constantFrom(null, 't'),
  hasPlan: fc.boolean(),
  isEmergency: fc.boolean(),
  reason: fc.constantFrom(null, ' ', 'because'),
  etaAtMs: fc.constantFrom(null, 1),
  symptomConfirmed: fc.boolean(),
  appointmentFromMs: fc.constantFrom(null, 1),
  confirmedCause: fc.constantFrom(null, '', 'leak'),
  isPlannedWork: fc.boolean(),
  consent: fc.constantFrom('not_needed' as const, 'needed' as const, 'given' as const, 'refused' as const),
  consentAnswer: fc.constantFrom(null, true, false),
  testPassed: fc.constantFrom(null, true, false),
  signature: fc.constantFrom('signed' as const, 'refused' as const, 'missing' as const),
  reviewerIsAuthor: fc.boolean(),
});

interface Walk {
  readonly machine: StateMachine<string, string, unknown>;
  readonly states: readonly string[];
  readonly actions: readonly string[];
  readonly facts: fc.Arbitrary<unknown>;
}

const walkOf = (walk: unknown): Walk => walk as Walk;

const WALKS: readonly Walk[] = [
  walkOf({ machine: TICKET_MACHINE, states: TICKET_STATUSES, actions: TICKET_ACTIONS, facts: ticketFacts }),
  walkOf({
    machine: SERVICE_REQUEST_MACHINE,
    states: SERVICE_REQUEST_STATUSES,
    actions: SERVICE_REQUEST_ACTIONS,
    facts: requestFacts,
  }),
  walkOf({
    machine: WORK_ORDER_MACHINE,
    states: WORK_ORDER_STATUSES,
    actions: WORK_ORDER_ACTIONS,
    facts: orderFacts,
  }),
];

describe.each(WALKS)('the $machine.noun machine', ({ machine, states, actions, facts }) => {
  test('knows every state, and every action leads to exactly one state', () => {
    expect([...machine.states].sort()).toEqual([...states].sort());
    for (const state of states) {
      const allowed = allowedActions(machine, state);
      expect(new Set(allowed).size).toBe(allowed.length);
    }
  });

  test('makes no illegal transition in 1,000 random walks', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...actions), facts), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, (walk) => {
        let state = machine.states[0] ?? '';
        for (const [action, data] of walk) {
          const legal = machine.transitions.find((t) => t.action === action && t.from.includes(state));
          const result = move(machine, { state, action }, data);
          if (legal === undefined) {
            expect(result).toEqual({ outcome: 'illegal', allowed: allowedActions(machine, state) });
          } else if (result.outcome === 'moved') {
            expect(result.to).toBe(legal.to);
            expect(legal.guards.every((guard) => machine.guards[guard]?.(data) === null)).toBe(true);
            state = result.to;
          } else {
            expect(result.outcome).toBe('guarded');
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test('E5: a repair does not start before its cause is confirmed', () => {
  const facts = fc.sample(orderFacts, 1)[0];
  if (facts === undefined) throw new Error('no sample');
  const result = move(
    WORK_ORDER_MACHINE,
    { state: 'on_site', action: 'start-repair' },
    { ...facts, isPlannedWork: false, confirmedCause: null },
  );
  expect(result).toMatchObject({
    outcome: 'guarded',
    failure: { field: 'confirmedCause', kind: 'conflict' },
  });
});

test('D6: an order without an appointment cannot depart', () => {
  const facts = fc.sample(orderFacts, 1)[0];
  if (facts === undefined) throw new Error('no sample');
  const result = move(WORK_ORDER_MACHINE, { state: 'contacted', action: 'depart' }, facts);
  expect(result).toMatchObject({ outcome: 'illegal' });
});
