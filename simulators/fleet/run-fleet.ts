import { SimulatorError } from '../errors.ts';
import type { ScenarioEvent } from '../scenario/scenario.ts';
import type { Fleet, FleetCounts, UnitReport } from './fleet.ts';

export interface FleetMember extends AsyncDisposable {
  readonly id: string;
  moveOn(dtMs: number, nowMs: number): void;
  apply(event: Omit<ScenarioEvent, 'atS' | 'unit'>, nowMs: number): void;
  report(): UnitReport;
  counts(): Omit<FleetCounts, 'units' | 'connected'>;
}

export interface FleetPlan {
  readonly members: readonly FleetMember[];
  readonly events: readonly ScenarioEvent[];
  readonly tickMs: number;
}

const LONGEST_STEP_MS = 60_000;

/** Lets the members move on in real time and does to them what the events say, at their time. */
export function runFleet({ now }: { readonly now: () => number }, plan: FleetPlan): Fleet {
  const startedMs = now();
  const byId = new Map(plan.members.map((member) => [member.id, member]));
  const apply: Fleet['apply'] = (unitId, event) => {
    for (const member of chosen(byId, unitId)) member.apply(event, now());
  };
  const due = [...plan.events].sort((a, b) => a.atS - b.atS);
  let beforeMs = startedMs;
  const tick = (): void => {
    const nowMs = now();
    const dtMs = Math.min(Math.max(nowMs - beforeMs, 0), LONGEST_STEP_MS);
    beforeMs = nowMs;
    while (due[0] !== undefined && due[0].atS * 1000 <= nowMs - startedMs) {
      const { unit, ...event } = due.shift() as ScenarioEvent;
      apply(unit, event);
    }
    for (const member of plan.members) member.moveOn(dtMs, nowMs);
  };
  const timer = setInterval(tick, plan.tickMs);
  return {
    apply,
    units: () => plan.members.map((member) => member.report()),
    counts: () => countsOf(plan.members),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.all(plan.members.map((member) => member[Symbol.asyncDispose]()));
    },
  };
}

function chosen(members: ReadonlyMap<string, FleetMember>, unitId: string): readonly FleetMember[] {
  if (unitId === '*') return [...members.values()];
  const member = members.get(unitId);
  if (member !== undefined) return [member];
  throw new SimulatorError(
    'SIMULATOR_UNIT_UNKNOWN',
    `${unitId} is no unit of this fleet: GET /units lists them`,
  );
}

function countsOf(members: readonly FleetMember[]): FleetCounts {
  const totals = { sent: 0, acknowledged: 0, buffered: 0, dropped: 0 };
  for (const member of members) {
    const counts = member.counts();
    totals.sent += counts.sent;
    totals.acknowledged += counts.acknowledged;
    totals.buffered += counts.buffered;
    totals.dropped += counts.dropped;
  }
  const connected = members.filter((member) => member.report().isConnected).length;
  return { units: members.length, connected, ...totals };
}

/** Several fleets as one: what is for all of them reaches those who know it. */
export function joinFleets(fleets: readonly Fleet[]): Fleet {
  return {
    units: () => fleets.flatMap((fleet) => fleet.units()),
    counts: () => {
      const all = fleets.map((fleet) => fleet.counts());
      const sum = (key: keyof FleetCounts): number => all.reduce((total, counts) => total + counts[key], 0);
      return {
        units: sum('units'),
        connected: sum('connected'),
        sent: sum('sent'),
        acknowledged: sum('acknowledged'),
        buffered: sum('buffered'),
        dropped: sum('dropped'),
      };
    },
    apply(unitId, event) {
      const own = fleets.filter((fleet) => fleet.units().some(({ id }) => unitId === '*' || id === unitId));
      if (own.length === 0) chosen(new Map(), unitId);
      for (const fleet of own) fleet.apply(unitId, event);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(fleets.map((fleet) => fleet[Symbol.asyncDispose]()));
    },
  };
}
