import { type Static, Type } from 'typebox';
import { RecordId } from './ids.ts';
import { SLA_CLOCKS } from './statuses.ts';

const Time = Type.String({ format: 'date-time' });
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** The rule a clock was started under; a later policy does not touch it. */
export const SlaPolicy = Type.Object({
  version: Type.Integer(),
  limitMs: Type.Integer({ minimum: 1 }),
});
export type SlaPolicy = Static<typeof SlaPolicy>;

/** One running or ended promise. `met` is null while it runs; `breachedAt` is the due instant. */
export const SlaClock = Type.Object(
  {
    id: RecordId,
    kind: Type.Enum(SLA_CLOCKS),
    ticketId: nullable(RecordId),
    workOrderId: nullable(RecordId),
    startedAt: Time,
    dueAt: Time,
    stoppedAt: nullable(Time),
    breachedAt: nullable(Time),
    amendedAt: nullable(Time),
    met: nullable(Type.Boolean()),
    policy: SlaPolicy,
  },
  { $id: 'SlaClock', additionalProperties: false },
);
export type SlaClock = Static<typeof SlaClock>;
