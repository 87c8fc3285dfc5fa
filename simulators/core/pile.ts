import type { OcppStatus } from './connector-status.ts';
import type { Climate } from './environment.ts';
import { NO_ERROR, type PileError, type PileFault } from './pile-faults.ts';
import { createRandom, hashSeed, type Random } from './random.ts';

/** Charging piles that the simulator can be; ids as in the catalog of device models. */
export const PILE_MODELS = ['ac-pile-generic', 'dc-pile-generic'] as const;
export type PileModelId = (typeof PILE_MODELS)[number];

interface PileModel {
  readonly connectors: number;
  readonly phases: 0 | 3;
  readonly maxA: number;
  readonly maxW: number;
  /** Rise of a new connector by the square of its current, in K/A², and how it answers in time. */
  readonly riseKPerA2: number;
  readonly contactTauS: number;
  readonly vendorModel: string;
}

export const PILE_MODEL: Readonly<Record<PileModelId, PileModel>> = {
  'ac-pile-generic': {
    connectors: 1,
    phases: 3,
    maxA: 32,
    maxW: 22_000,
    riseKPerA2: 0.01,
    contactTauS: 300,
    vendorModel: 'AC-22',
  },
  'dc-pile-generic': {
    connectors: 2,
    phases: 0,
    maxA: 250,
    maxW: 120_000,
    riseKPerA2: 0.0005,
    contactTauS: 180,
    vendorModel: 'DC-120',
  },
};

/** What a pile is, for as long as it runs. */
export interface PileSpec {
  readonly id: string;
  readonly model: PileModelId;
  readonly seed: number;
  readonly climate: Climate;
}

/** `plugged`: not yet charging; `full`: the vehicle takes no more; `ended`: to be unplugged. */
export type SessionPhase = 'plugged' | 'charging' | 'full' | 'ended';

export interface PileSession {
  /** Unique within the pile. */
  readonly key: number;
  readonly idTag: string;
  readonly phase: SessionPhase;
  readonly phaseS: number;
  readonly capacityWh: number;
  readonly vehicleA: number;
  readonly soc: number;
  readonly targetSoc: number;
}

/** What was last said of a connector. */
export interface StatusReport {
  readonly status: OcppStatus;
  readonly error: PileError;
}

export interface ConnectorState {
  readonly id: number;
  readonly isOperative: boolean;
  readonly session: PileSession | null;
  /** Until the next vehicle comes. */
  readonly untilPlugS: number;
  readonly contactC: number;
  /** 0 as new; 1 triples the contact's resistance. */
  readonly wear: number;
  readonly wearPerSession: number;
  readonly registerWh: number;
  readonly currentA: number;
  readonly voltageV: number;
  readonly powerW: number;
}

/** All that a pile knows from one step to the next. */
export interface PileState {
  readonly spec: PileSpec;
  readonly random: number;
  readonly sessions: number;
  readonly ambientC: number;
  readonly internalC: number;
  readonly fanRpm: number;
  readonly isOperative: boolean;
  readonly faults: readonly PileFault[];
  readonly connectors: readonly ConnectorState[];
  /** By connector, 0 first. */
  readonly reported: readonly StatusReport[];
}

/** What a station has to tell; whoever sends it adds the time. */
export type PileEvent =
  | { readonly type: 'status'; readonly connectorId: number; readonly report: StatusReport }
  | { readonly type: 'authorize'; readonly connectorId: number; readonly idTag: string }
  | {
      readonly type: 'start';
      readonly connectorId: number;
      readonly key: number;
      readonly idTag: string;
      readonly meterWh: number;
    }
  | {
      readonly type: 'stop';
      readonly connectorId: number;
      readonly key: number;
      readonly idTag: string;
      readonly meterWh: number;
      readonly reason: StopReason;
    };

export type StopReason = 'Local' | 'SoftReset' | 'HardReset' | 'UnlockCommand' | 'Other' | 'Remote';

export interface PileChange {
  readonly pile: PileState;
  readonly events: readonly PileEvent[];
}

/** A pile being changed: the newest state, what there is to tell of it, and its stream of chance. */
export interface PileDraft {
  pile: PileState;
  readonly events: PileEvent[];
  readonly random: Random;
}

const FIRST_PLUG_S = { from: 20, to: 240 } as const;
const AMBIENT_C = 25;

/** A pile at rest: nobody plugged in, everything in order. */
export function createPile(spec: PileSpec): PileState {
  const random = createRandom(hashSeed(spec.seed, spec.id, 'pile'));
  const model = PILE_MODEL[spec.model];
  const connectors = Array.from(
    { length: model.connectors },
    (_, index): ConnectorState => ({
      id: index + 1,
      isOperative: true,
      session: null,
      untilPlugS: FIRST_PLUG_S.from + (FIRST_PLUG_S.to - FIRST_PLUG_S.from) * random.next(),
      contactC: AMBIENT_C,
      wear: 0.05 * random.next(),
      wearPerSession: 0,
      registerWh: Math.round(200_000 + 3_000_000 * random.next()),
      currentA: 0,
      voltageV: 0,
      powerW: 0,
    }),
  );
  return {
    spec,
    random: random.state(),
    sessions: 0,
    ambientC: AMBIENT_C,
    internalC: AMBIENT_C + 4,
    fanRpm: 0,
    isOperative: true,
    faults: [],
    connectors,
    reported: Array.from({ length: model.connectors + 1 }, () => ({ status: 'Available', error: NO_ERROR })),
  };
}

/** Changes a pile by `work` and tells what changed for the outside, statuses last. */
export function changePile(pile: PileState, work: (draft: PileDraft) => void): PileChange {
  const draft: PileDraft = { pile, events: [], random: createRandom(pile.random) };
  work(draft);
  return { pile: { ...draft.pile, random: draft.random.state() }, events: draft.events };
}

export function connectorOf(pile: PileState, connectorId: number): ConnectorState | undefined {
  return pile.connectors.find(({ id }) => id === connectorId);
}

export function setConnector(draft: PileDraft, connectorId: number, change: Partial<ConnectorState>): void {
  const connectors = draft.pile.connectors.map((connector) =>
    connector.id === connectorId ? { ...connector, ...change } : connector,
  );
  draft.pile = { ...draft.pile, connectors };
}
