import { createHash } from 'node:crypto';
import { type Static, type TSchema, Type } from 'typebox';
import type { Permission } from '#contracts/permissions.ts';
import { Instant, instantMs } from '#contracts/time.ts';
import { PartLine } from '#contracts/work-orders.ts';
import type { WorkOrderAction } from '../core/work-order-machine.ts';
import type { WorkOrderChange, WorkOrderRow } from './tables.ts';

/** What an action brings: its data, who acts and when it happened. */
interface Given<B> {
  readonly order: WorkOrderRow;
  readonly body: B;
  readonly by: string;
  readonly atMs: number;
}

/** An action on a work order: who may, its data, and what the data changes. Guards judge the changed order. */
export interface OrderAction {
  readonly permission: Permission;
  readonly body: TSchema;
  change(given: Given<unknown>): WorkOrderChange;
}

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }));
const COMMON = {
  occurredAt: Type.Optional(Instant),
  text: text(4000),
  parts: Type.Optional(Type.Array(PartLine, { maxItems: 100 })),
};

function action<P extends Record<string, TSchema>>(
  permission: Permission,
  properties: P,
  change: (
    given: Given<Static<ReturnType<typeof Type.Object<P & typeof COMMON>>>>,
  ) => WorkOrderChange = () => ({}),
): OrderAction {
  return {
    permission,
    body: Type.Object({ ...COMMON, ...properties }, { additionalProperties: false }),
    change: (given) => change(given as never),
  };
}

const json = JSON.stringify;
const orNull = (value: string | undefined) => value ?? null;
const REASON = { reason: text(500) };
const perform = 'work_orders:perform';
const manage = 'work_orders:dispatch';

const Money = Type.Object(
  {
    amount: Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,2})?$' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  },
  { additionalProperties: false },
);

/** Back to planned: nothing agreed with that technician holds any more. */
const RELEASED: WorkOrderChange = {
  technician_id: null,
  eta_at: null,
  appointment: null,
  symptom_confirmed: false,
};

/** Every action that HTTP offers at `/work-orders/{id}/{action}`. */
export const ORDER_ACTIONS: Readonly<Record<Exclude<WorkOrderAction, 'fail-test'>, OrderAction>> = {
  assign: action(
    manage,
    { technicianId: Type.Optional(Type.String({ format: 'uuid' })) },
    ({ body, order }) => ({
      ...(order.technician_id === (body.technicianId ?? null) ? {} : RELEASED),
      technician_id: orNull(body.technicianId),
      hold_reason: null,
    }),
  ),
  accept: action(perform, {}),
  decline: action(perform, REASON, ({ order }) => ({
    ...RELEASED,
    decline_count: order.decline_count + 1,
    prefer_technician_id: null,
  })),
  withdraw: action(manage, REASON, () => ({ ...RELEASED, prefer_technician_id: null })),
  contact: action(
    perform,
    { etaAt: Type.Optional(Instant), symptomConfirmed: Type.Optional(Type.Boolean()) },
    ({ body }) => ({
      eta_at: body.etaAt === undefined ? null : new Date(instantMs(body.etaAt)),
      symptom_confirmed: body.symptomConfirmed ?? false,
    }),
  ),
  appoint: action(
    perform,
    { from: Type.Optional(Instant), until: Type.Optional(Instant), confirmedBy: text(100) },
    ({ body }) => {
      if (body.from === undefined) return { appointment: null };
      const fromMs = instantMs(body.from);
      const untilMs = body.until === undefined ? fromMs : Math.max(fromMs, instantMs(body.until));
      return { appointment: json({ fromMs, untilMs, confirmedBy: orNull(body.confirmedBy) }) };
    },
  ),
  depart: action(perform, {}),
  arrive: action(perform, {}),
  diagnose: action(perform, { confirmedCause: text(2000) }, ({ body }) => ({
    confirmed_cause: orNull(body.confirmedCause),
  })),
  'request-consent': action(
    perform,
    { reason: text(1000), amount: Type.Optional(Money) },
    ({ body, order, atMs }) => ({
      consent: json({
        requestedAtMs: atMs,
        reason: body.reason ?? order.confirmed_cause ?? '',
        amount: body.amount ?? null,
        agreed: null,
        by: null,
        answeredAtMs: null,
      }),
    }),
  ),
  consent: action(
    perform,
    { agreed: Type.Optional(Type.Boolean()), by: text(100) },
    ({ body, order, atMs }) => ({
      consent: json({
        ...order.consent,
        agreed: body.agreed ?? null,
        by: orNull(body.by),
        answeredAtMs: atMs,
      }),
    }),
  ),
  'wait-parts': action(perform, REASON),
  'parts-arrived': action(perform, {}),
  'start-repair': action(perform, {}),
  test: action(perform, { passed: Type.Optional(Type.Boolean()) }, ({ body, atMs }) =>
    body.passed === undefined
      ? { test: null }
      : {
          test: json({ passed: body.passed, text: orNull(body.text), atMs }),
          ...(body.passed ? { tested_at: new Date(atMs) } : {}),
        },
  ),
  sign: action(
    perform,
    { name: text(100), role: text(100), strokes: text(200_000), refusedReason: text(500) },
    ({ body, atMs }) => ({ signature: signatureOf(body, atMs) }),
  ),
  submit: action(perform, {}, ({ by }) => ({ submitted_by: by })),
  review: action('work_orders:review', {}),
  archive: action('work_orders:review', {}),
  cancel: action(manage, REASON),
};

function signatureOf(
  body: { name?: string; role?: string; strokes?: string; refusedReason?: string },
  atMs: number,
): string {
  const strokes = orNull(body.strokes);
  return json({
    name: orNull(body.name),
    role: orNull(body.role),
    strokes,
    sha256: strokes === null ? null : createHash('sha256').update(strokes).digest('hex'),
    refusedReason: orNull(body.refusedReason),
    atMs,
  });
}
