import { type ConnectorState, connectorOf, type PileEvent, type PileState } from './pile.ts';
import { plugIn, wearConnector } from './pile-events.ts';
import { readMeter, type SampledValue } from './pile-meter.ts';
import { isTransaction } from './pile-session.ts';
import { advancePile } from './pile-step.ts';

/** What a pile has to deliver of a session that is over. */
export type PastEntry =
  | { readonly atMs: number; readonly event: Extract<PileEvent, { type: 'start' | 'stop' }> }
  | {
      readonly atMs: number;
      readonly meter: {
        readonly connectorId: number;
        readonly key: number;
        readonly values: readonly SampledValue[];
      };
    };

export interface PastPlan {
  readonly fromMs: number;
  readonly toMs: number;
  /** Between two readings of the meter. */
  readonly stepMs: number;
  readonly sessionsPerDay: number;
  readonly connectorId: number;
  /** Wear at both ends; it goes on at the same pace. */
  readonly fromLevel: number;
  readonly toLevel: number;
}

const DAY_MS = 86_400_000;
const TICK_MS = 30_000;
/** A session starts within the first part of its slot, so that it ends within it. */
const SLOT_JITTER = 0.3;
const PLUGGED_MS = 10_000;

/** Lives through past sessions of one connector, oldest first; all of them have ended by `toMs`. */
export function recallPile(
  start: PileState,
  plan: PastPlan,
): { readonly pile: PileState; readonly entries: readonly PastEntry[] } {
  const sessions = Math.max(1, Math.floor(((plan.toMs - plan.fromMs) / DAY_MS) * plan.sessionsPerDay));
  const slotMs = (plan.toMs - plan.fromMs) / sessions;
  const perSession = (plan.toLevel - plan.fromLevel) / sessions;
  let pile = wearConnector(start, plan.connectorId, { level: plan.fromLevel, perSession });
  const waits = pile.connectors.map(({ untilPlugS }) => untilPlugS);
  const entries: PastEntry[] = [];
  for (let index = 0; index < sessions; index += 1) {
    const fromMs = plan.fromMs + slotMs * (index + SLOT_JITTER * jitter(pile, index));
    const lived = liveSession(withoutVisitors(pile), plan, {
      fromMs,
      toMs: plan.fromMs + slotMs * (index + 1),
    });
    pile = lived.pile;
    entries.push(...lived.entries);
  }
  const connectors = pile.connectors.map((connector, index) => ({
    ...connector,
    untilPlugS: waits[index] ?? connector.untilPlugS,
  }));
  return { pile: { ...pile, connectors }, entries };
}

/** Evenly spread over [0, 1), the same for the same seed. */
function jitter(pile: PileState, index: number): number {
  return (pile.spec.seed / 997 + index * 0.618_034) % 1;
}

function withoutVisitors(pile: PileState): PileState {
  const connectors = pile.connectors.map(
    (connector): ConnectorState => ({ ...connector, untilPlugS: Number.POSITIVE_INFINITY }),
  );
  return { ...pile, connectors };
}

function liveSession(
  rested: PileState,
  { connectorId, stepMs }: PastPlan,
  window: { readonly fromMs: number; readonly toMs: number },
): { readonly pile: PileState; readonly entries: readonly PastEntry[] } {
  const entries: PastEntry[] = [];
  let nowMs = Math.round(window.fromMs);
  let pile = plugIn(advancePile(rested, window.toMs - window.fromMs, nowMs).pile, connectorId).pile;
  let meteredMs = nowMs;
  while (nowMs < window.toMs) {
    const dtMs = nowMs === Math.round(window.fromMs) ? PLUGGED_MS : TICK_MS;
    nowMs += dtMs;
    const change = advancePile(pile, dtMs, nowMs);
    pile = change.pile;
    for (const event of change.events) {
      if (event.type === 'start' || event.type === 'stop') entries.push({ atMs: nowMs, event });
    }
    const session = connectorOf(pile, connectorId)?.session ?? null;
    if (session === null) break;
    if (!isTransaction(session) || nowMs - meteredMs < stepMs) continue;
    meteredMs = nowMs;
    const read = readMeter(pile, connectorId, 'Sample.Periodic');
    pile = read.pile;
    entries.push({ atMs: nowMs, meter: { connectorId, key: session.key, values: read.values } });
  }
  return { pile, entries };
}
