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

const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ maxLength, description }));
const instant = (description: string) => Type.Optional(Type.Union(Instant.anyOf, { description }));
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const COMMON = {
  occurredAt: instant('when it happened, if not now: ISO 8601 or epoch ms, not before the previous step'),
  text: text(4000, 'a note for the log'),
  parts: Type.Optional(Type.Array(PartLine, { maxItems: 100, description: 'parts used in this step' })),
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
const SENT = {
  technicianId: Type.Optional(Type.String({ format: 'uuid', description: 'required: who goes' })),
};
const REASON = { reason: text(500, 'required: why') };
const perform = 'work_orders:perform';
const manage = 'work_orders:dispatch';

const Money = Type.Object(
  {
    amount: Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,2})?$', description: 'decimal, e.g. 480.00' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217, e.g. CNY' }),
  },
  { additionalProperties: false },
);

const Strokes = Type.String({
  maxLength: 200_000,
  pattern:
    '^(?: *[Mm] *-?[.0-9][0-9 .,-]*[LlHhVvCcSsQqTtAa] *-?[.0-9][MmLlHhVvCcSsQqTtAaZz0-9 .,-]*|data:image/png;base64,iVBORw0KGgo[A-Za-z0-9+/]{16,}={0,2})$',
  description:
    'the signature: SVG path data that moves and then draws (M0 0L9 9), or a data:image/png;base64 URL',
});

/** Back to planned: nothing agreed with that technician holds any more. */
const RELEASED: WorkOrderChange = {
  technician_id: null,
  assistant_ids: [],
  centre_id: null,
  eta_at: null,
  appointment: null,
  symptom_confirmed: false,
};

/** From one technician straight to another, or (null) to nobody: what was agreed with the first no longer holds. */
export function handOver(technicianId: string | null): WorkOrderChange {
  return { ...RELEASED, technician_id: technicianId, hold_reason: null, prefer_technician_id: null };
}

/** Every action that HTTP offers at `/work-orders/{id}/{action}`. */
export const ORDER_ACTIONS: Readonly<Record<Exclude<WorkOrderAction, 'fail-test'>, OrderAction>> = {
  assign: action(manage, SENT, ({ body }) => ({
    ...RELEASED,
    technician_id: orNull(body.technicianId),
    hold_reason: null,
  })),
  reassign: action(manage, { ...SENT, ...REASON }, ({ body }) => handOver(orNull(body.technicianId))),
  accept: action(perform, {}),
  decline: action(perform, REASON, ({ order }) => ({
    ...RELEASED,
    decline_count: order.decline_count + 1,
    prefer_technician_id: null,
  })),
  withdraw: action(manage, REASON, () => ({ ...RELEASED, prefer_technician_id: null })),
  contact: action(
    perform,
    {
      etaAt: instant('required: when the customer can expect you, ISO 8601 or epoch ms'),
      symptomConfirmed: flag('required, true: the customer confirmed the symptom'),
    },
    ({ body }) => ({
      eta_at: body.etaAt === undefined ? null : new Date(instantMs(body.etaAt)),
      symptom_confirmed: body.symptomConfirmed ?? false,
    }),
  ),
  appoint: action(
    perform,
    {
      from: instant('required: start of the visit, ISO 8601 or epoch ms'),
      until: instant('its latest start; default: from'),
      confirmedBy: text(100, 'who agreed for the customer'),
    },
    ({ body }) => {
      if (body.from === undefined) return { appointment: null };
      const fromMs = instantMs(body.from);
      const untilMs = body.until === undefined ? fromMs : Math.max(fromMs, instantMs(body.until));
      return { appointment: json({ fromMs, untilMs, confirmedBy: orNull(body.confirmedBy) }) };
    },
  ),
  depart: action(perform, {}),
  arrive: action(perform, {}),
  diagnose: action(
    perform,
    { confirmedCause: text(2000, 'required: the cause that was found') },
    ({ body }) => ({
      confirmed_cause: orNull(body.confirmedCause),
    }),
  ),
  'request-consent': action(
    perform,
    { reason: text(1000, 'what for; default: the confirmed cause'), amount: Type.Optional(Money) },
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
    { agreed: flag('required: whether the customer agreed'), by: text(100, 'who answered') },
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
  test: action(
    perform,
    { passed: flag('required: whether the unit works; false leaves the order in repair') },
    ({ body, atMs }) =>
      body.passed === undefined
        ? { test: null }
        : {
            test: json({ passed: body.passed, text: orNull(body.text), atMs }),
            ...(body.passed ? { tested_at: new Date(atMs) } : {}),
          },
  ),
  sign: action(
    perform,
    {
      name: text(100, 'who signs; required with strokes'),
      role: text(100, 'e.g. manager'),
      strokes: Type.Optional(Strokes),
      refusedReason: text(500, 'instead of strokes: why the customer did not sign'),
    },
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
