import type { DeviceKind } from '#contracts/metrics.ts';
import { SUBTROPICAL } from '../core/environment.ts';
import { createRandom, hashSeed } from '../core/random.ts';
import { settledUnit } from '../core/simulate.ts';
import type { ModelId, UnitSpec } from '../core/unit.ts';
import {
  eventsFor,
  type FaultMode,
  isAcModel,
  type Scenario,
  type ScenarioEvent,
} from '../scenario/scenario.ts';
import type { Credentials } from './connection.ts';
import { type AgentDeps, type DeviceAgent, startDeviceAgent } from './device-agent.ts';
import { runFleet } from './run-fleet.ts';
import { createSimulatedUnit, type PastWindow, type SimulatedUnit } from './simulated-unit.ts';

/** What a unit remembers of the past it brought along, across restarts of the simulator. */
export interface PastMemory {
  pastOf(deviceId: string): { readonly fromMs: number; readonly knownUntilMs: number } | null;
  rememberPast(deviceId: string, past: { fromMs: number; knownUntilMs: number }): void;
}

export interface FleetDeps {
  readonly now: () => number;
  readonly credentials: (deviceId: string) => Credentials | null;
  readonly renewCredentials: (deviceId: string) => Promise<boolean>;
  readonly past: PastMemory;
  readonly onTrouble: (message: string) => void;
}

export interface FleetSettings {
  readonly scenario: Scenario;
  readonly url: string;
  readonly intervalMs: number;
  readonly speed: number;
  readonly bufferPoints: number;
  readonly retryMs: number;
}

export interface UnitReport {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly model: string;
  readonly isConnected: boolean;
  readonly faults: readonly string[];
  readonly failures: readonly FaultMode[];
  readonly buffered: number;
}

export interface FleetCounts {
  readonly units: number;
  readonly connected: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly buffered: number;
  readonly dropped: number;
}

/** A fleet at work. Disposing it lets every connected unit say goodbye first. */
export interface Fleet extends AsyncDisposable {
  units(): readonly UnitReport[];
  counts(): FleetCounts;
  /** Does it now. SIMULATOR_UNIT_UNKNOWN for a unit that is not in the fleet; `*` means all. */
  apply(unitId: string, event: Omit<ScenarioEvent, 'atS' | 'unit'>): void;
}

interface Member {
  readonly unit: SimulatedUnit;
  readonly agent: DeviceAgent;
  nextSampleMs: number;
  pendingPast: { fromMs: number; knownUntilMs: number } | null;
}

const LONGEST_TICK_MS = 1_000;
const DAY_MS = 86_400_000;
const FIRMWARE = '1.4.2';

/** The air conditioners of a scenario at work. */
export function startFleet(deps: FleetDeps, settings: FleetSettings): Fleet {
  const { scenario, intervalMs } = settings;
  const startedMs = deps.now();
  const members = scenario.unitIds.map((id, index) => {
    const phaseMs = (index / scenario.unitIds.length) * intervalMs;
    return startMember(deps, settings, { id, sampleMs: startedMs + phaseMs });
  });
  return runFleet(
    { now: deps.now },
    {
      events: eventsFor(scenario, 'ac_unit'),
      tickMs: Math.min(intervalMs, LONGEST_TICK_MS),
      members: members.map((member) => ({
        id: member.unit.id,
        moveOn: (dtMs, nowMs) => moveOn(member, { deps, settings, nowMs, dtMs }),
        apply: (event, nowMs) => member.unit.apply(event, nowMs),
        report: () => reportOf(member),
        counts: () => member.agent.counts(),
        [Symbol.asyncDispose]: () => member.agent[Symbol.asyncDispose](),
      })),
    },
  );
}

function startMember(
  deps: FleetDeps,
  settings: FleetSettings,
  place: { id: string; sampleMs: number },
): Member {
  const { id } = place;
  const nowMs = deps.now();
  const spec = specOf(settings.scenario, id);
  const outlet = {
    record: (point: Parameters<DeviceAgent['record']>[0]) => agent.record(point),
    report: (fault: Parameters<DeviceAgent['report']>[0]) => agent.report(fault),
    goOffline: () => agent.goOffline(),
    goOnline: () => agent.goOnline(),
  };
  const unit = createSimulatedUnit(settledUnit(spec, nowMs), outlet);
  const agentDeps: AgentDeps = {
    ...deps,
    activeCodes: () => unit.activeCodes(),
    execute: (command) => unit.obey(command, deps.now()),
  };
  const agent = startDeviceAgent(agentDeps, {
    deviceId: id,
    url: settings.url,
    firmware: FIRMWARE,
    bufferPoints: settings.bufferPoints,
    retryMs: settings.retryMs,
  });
  const history = settings.scenario.events.find((event) => event.do === 'history' && covers(event, id));
  const pendingPast = history === undefined ? null : recall(deps, unit, history);
  return { unit, agent, nextSampleMs: place.sampleMs, pendingPast };
}

function recall(
  deps: FleetDeps,
  unit: SimulatedUnit,
  event: ScenarioEvent,
): { fromMs: number; knownUntilMs: number } {
  const window = recallWindow(deps, unit.id, event);
  unit.recall(event, window);
  return { fromMs: window.fromMs, knownUntilMs: window.toMs };
}

/** The past that a unit brings along: as long as its history says, or as it was brought before. */
export function recallWindow(
  deps: Pick<FleetDeps, 'now' | 'past'>,
  unitId: string,
  event: ScenarioEvent,
): PastWindow {
  const toMs = deps.now();
  const known = deps.past.pastOf(unitId);
  const fromMs = known?.fromMs ?? toMs - (event.days ?? 1) * DAY_MS;
  return { fromMs, toMs, knownUntilMs: known?.knownUntilMs ?? 0 };
}

function moveOn(
  member: Member,
  at: { deps: FleetDeps; settings: FleetSettings; nowMs: number; dtMs: number },
): void {
  const { deps, settings, nowMs, dtMs } = at;
  member.unit.advance(dtMs * settings.speed, nowMs);
  if (member.pendingPast !== null && member.agent.counts().buffered === 0) {
    deps.past.rememberPast(member.unit.id, member.pendingPast);
    member.pendingPast = null;
  }
  if (nowMs < member.nextSampleMs) return;
  member.unit.sample(nowMs);
  const behind = Math.floor((nowMs - member.nextSampleMs) / settings.intervalMs);
  member.nextSampleMs += (behind + 1) * settings.intervalMs;
}

function covers(event: ScenarioEvent, id: string): boolean {
  return event.unit === id || event.unit === '*';
}

/** The unit's model, comfort and place: by the scenario, else by its seed. */
export function specOf(scenario: Scenario, id: string): UnitSpec {
  const given = scenario.units?.find((unit) => unit.id === id);
  const seed = hashSeed(scenario.seed, id);
  const random = createRandom(hashSeed(seed, 'spec'));
  const model = isAcModel(given?.model) ? given.model : pickModel(scenario, random.next());
  const comfortC = model === 'chiller-generic' ? 23 : 24 + Math.floor(random.next() * 5) / 2;
  return {
    id,
    model,
    seed,
    setpointC: given?.setpoint ?? comfortC,
    climate: { ...SUBTROPICAL, seed: scenario.seed },
  };
}

function pickModel(scenario: Scenario, chance: number): ModelId {
  const mix = scenario.models ?? [{ model: 'split-generic' as const, share: 1 }];
  let left = chance * mix.reduce((sum, { share }) => sum + share, 0);
  for (const { model, share } of mix) {
    left -= share;
    if (left < 0) return model;
  }
  return 'split-generic';
}

function reportOf({ unit, agent }: Member): UnitReport {
  return {
    id: unit.id,
    kind: 'ac_unit',
    model: unit.model,
    isConnected: agent.isConnected(),
    faults: unit.activeCodes(),
    failures: unit.failures(),
    buffered: agent.counts().buffered,
  };
}
