import { SUBTROPICAL } from '../core/environment.ts';
import type { PileModelId, PileSpec } from '../core/pile.ts';
import { createRandom, hashSeed } from '../core/random.ts';
import { type Fleet, type PastMemory, recallWindow } from '../fleet/fleet.ts';
import { runFleet } from '../fleet/run-fleet.ts';
import { eventsFor, isPileModel, type Scenario } from '../scenario/scenario.ts';
import { type PileDeps, startSimulatedPile } from './simulated-pile.ts';

export interface PileFleetDeps extends PileDeps {
  readonly past: PastMemory;
}

export interface PileFleetSettings {
  readonly scenario: Scenario;
  /** Of the OCPP server; the station's id is appended. */
  readonly url: string;
  readonly speed: number;
  readonly retryMs: number;
  readonly rebootMs: number;
  /** OCPP configuration keys that differ from the factory's. */
  readonly configuration: Readonly<Record<string, string>>;
}

const KEPT_MESSAGES = 5_000;
const FIRMWARE = '3.2.0';
const TICK_MS = 500;

/** The charging piles of a scenario at work. */
export function startPileFleet(deps: PileFleetDeps, settings: PileFleetSettings): Fleet {
  const { scenario } = settings;
  const histories = scenario.events.filter((event) => event.do === 'history');
  const members = scenario.pileIds.map((id) => {
    const pile = startSimulatedPile(deps, {
      ...settings,
      deviceId: id,
      keptMessages: KEPT_MESSAGES,
      spec: pileSpecOf(scenario, id),
      firmware: FIRMWARE,
    });
    const history = histories.find((event) => event.unit === id);
    const pendingPast = history === undefined ? null : recallWindow(deps, id, history);
    if (history !== undefined && pendingPast !== null) pile.recall(history, pendingPast);
    return { pile, pendingPast };
  });
  const moveOn = (member: (typeof members)[number], dtMs: number, nowMs: number): void => {
    member.pile.advance(dtMs * settings.speed, nowMs);
    if (member.pendingPast === null || member.pile.counts().buffered > 0) return;
    const { fromMs, toMs } = member.pendingPast;
    deps.past.rememberPast(member.pile.id, { fromMs, knownUntilMs: toMs });
    member.pendingPast = null;
  };
  return runFleet(
    { now: deps.now },
    {
      events: eventsFor(scenario, 'charging_pile'),
      tickMs: TICK_MS,
      members: members.map((member) => ({
        id: member.pile.id,
        moveOn: (dtMs, nowMs) => moveOn(member, dtMs, nowMs),
        apply: (event, nowMs) => member.pile.apply(event, nowMs),
        report: () => member.pile.report(),
        counts: () => member.pile.counts(),
        [Symbol.asyncDispose]: () => member.pile[Symbol.asyncDispose](),
      })),
    },
  );
}

/** The pile's model and place: by the scenario, else by its seed. */
export function pileSpecOf(scenario: Scenario, id: string): PileSpec {
  const given = scenario.units?.find((unit) => unit.id === id)?.model;
  const seed = hashSeed(scenario.seed, id);
  const chance = createRandom(hashSeed(seed, 'spec')).next();
  const model = isPileModel(given) ? given : pickModel(scenario, chance);
  return { id, model, seed, climate: { ...SUBTROPICAL, seed: scenario.seed } };
}

function pickModel(scenario: Scenario, chance: number): PileModelId {
  const mix = scenario.piles ?? [{ model: 'dc-pile-generic' as const, share: 1 }];
  let left = chance * mix.reduce((sum, { share }) => sum + share, 0);
  for (const { model, share } of mix) {
    left -= share;
    if (left < 0) return model;
  }
  return 'dc-pile-generic';
}
