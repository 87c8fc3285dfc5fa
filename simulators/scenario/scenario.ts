import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isDeviceId } from '#contracts/ids.ts';
import type { DeviceKind } from '#contracts/metrics.ts';
import { FAILURE_MODES } from '../core/failure.ts';
import { PILE_MODELS, type PileModelId } from '../core/pile.ts';
import { PILE_FAULT_MODES, type PileFaultMode } from '../core/pile-faults.ts';
import { MODELS, type ModelId } from '../core/unit.ts';
import { SimulatorError } from '../errors.ts';

export const ACTIONS = [
  'fault',
  'wear',
  'heal',
  'clear',
  'offline',
  'online',
  'history',
  'setpoint',
  'hot_day',
  'defrost',
  'restart',
  'session',
] as const;

const AC_MODES = [...FAILURE_MODES, 'code', 'offline'] as const;
const PILE_MODES = [
  ...PILE_FAULT_MODES,
  'connector_wear',
  'comm_glitch',
  'silent',
  'code',
  'offline',
] as const;
const PILE_ACTIONS: readonly string[] = [
  'fault',
  'wear',
  'heal',
  'offline',
  'online',
  'history',
  'restart',
  'session',
];

/** How a fault is injected: a failure of the physics, a plain code, a lost connection, a station gone silent. */
export const FAULT_MODES = [...new Set([...AC_MODES, ...PILE_MODES])] as readonly FaultMode[];
export type FaultMode = (typeof AC_MODES)[number] | (typeof PILE_MODES)[number];

export function isFaultMode(text: string): text is FaultMode {
  return FAULT_MODES.some((mode) => mode === text);
}

export function isPileFaultMode(mode: string | undefined): mode is PileFaultMode {
  return PILE_FAULT_MODES.some((each) => each === mode);
}

export function isPileModel(model: string | undefined): model is PileModelId {
  return PILE_MODELS.some((each) => each === model);
}

export function isAcModel(model: string | undefined): model is ModelId {
  return MODELS.some((each) => each === model);
}

const ALL_MODELS = [...MODELS, ...PILE_MODELS] as const;
const PILE_PREFIX = 'pile-';

const oneOf = <T extends string>(values: readonly T[]) => Type.Unsafe<T>(Type.Enum([...values]));

const level = (description: string) => Type.Optional(Type.Number({ minimum: 0, maximum: 1, description }));

const ScenarioEvent = Type.Object(
  {
    atS: Type.Number({ minimum: 0, maximum: 31_536_000, description: 'seconds after the start' }),
    unit: Type.String({ minLength: 1, description: 'a unit, or * for all' }),
    do: oneOf(ACTIONS),
    mode: Type.Optional(oneOf(FAULT_MODES)),
    code: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    component: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{0,32}$' })),
    level: level('how far the failure comes: 0 as new, 1 as bad as it gets'),
    overS: Type.Optional(Type.Number({ minimum: 0, description: 'seconds until it is there' })),
    days: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 366 })),
    stepS: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
    fromLevel: level('where the failure stood when the history begins'),
    toLevel: level('where it stands now'),
    value: Type.Optional(Type.Number({ description: 'setpoint in °C, or kelvins on top of a hot day' })),
  },
  { additionalProperties: false },
);
export type ScenarioEvent = Static<typeof ScenarioEvent>;

const ScenarioFile = Type.Object(
  {
    description: Type.Optional(Type.String()),
    seed: Type.Integer({ minimum: 0, maximum: 4_294_967_295 }),
    fleet: Type.Integer({ minimum: 1, maximum: 20_000 }),
    prefix: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,32}$' })),
    models: Type.Optional(
      Type.Array(Type.Object({ model: oneOf(MODELS), share: Type.Number({ exclusiveMinimum: 0 }) }), {
        minItems: 1,
      }),
    ),
    pileFleet: Type.Optional(Type.Integer({ minimum: 0, maximum: 20_000 })),
    piles: Type.Optional(
      Type.Array(Type.Object({ model: oneOf(PILE_MODELS), share: Type.Number({ exclusiveMinimum: 0 }) }), {
        minItems: 1,
      }),
    ),
    units: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Type.String({ minLength: 1 }),
            model: Type.Optional(oneOf(ALL_MODELS)),
            setpoint: Type.Optional(Type.Number({ minimum: 16, maximum: 30 })),
          },
          { additionalProperties: false },
        ),
      ),
    ),
    events: Type.Array(ScenarioEvent),
  },
  { additionalProperties: false },
);
type ScenarioFile = Static<typeof ScenarioFile>;

const compiled = Compile(ScenarioFile);

export interface Scenario extends ScenarioFile {
  readonly name: string;
  /** Air conditioners. */
  readonly unitIds: readonly string[];
  readonly pileIds: readonly string[];
}

/** Turns a parsed scenario file into a scenario, or throws SIMULATOR_SCENARIO_INVALID with a sentence a mistake. */
export function parseScenario(name: string, content: unknown): Scenario {
  const mistakes = compiled.Check(content) ? semanticMistakes(content) : shapeMistakes(content);
  if (mistakes.length > 0 || !compiled.Check(content)) {
    const text = mistakes.map((mistake) => `  ${mistake}.`).join('\n');
    throw new SimulatorError('SIMULATOR_SCENARIO_INVALID', `scenario ${name} cannot be used:\n${text}`);
  }
  return { ...content, name, unitIds: unitIdsOf(content), pileIds: pileIdsOf(content) };
}

interface ScenarioChange {
  readonly fleet?: number | undefined;
  readonly piles?: number | undefined;
  readonly seed?: number | undefined;
  readonly events?: readonly ScenarioEvent[];
}

/** The same scenario with a fleet of another size or another seed; its events must still fit. No piles, no stories of piles. */
export function resizeScenario(scenario: Scenario, change: ScenarioChange): Scenario {
  const { name, unitIds: _, pileIds, ...file } = scenario;
  const isWithoutPiles = change.piles === 0;
  const isTold = ({ unit }: ScenarioEvent): boolean => !isWithoutPiles || !pileIds.includes(unit);
  return parseScenario(name, {
    ...file,
    fleet: change.fleet ?? file.fleet,
    ...(change.piles === undefined ? {} : { pileFleet: change.piles }),
    ...(file.units && { units: file.units.filter(({ id }) => !isWithoutPiles || !pileIds.includes(id)) }),
    seed: change.seed ?? file.seed,
    events: [...file.events.filter(isTold), ...(change.events ?? [])],
  });
}

/** The events that happen to equipment of one kind; what is for all (`*`) only where it means something. */
export function eventsFor(scenario: Scenario, kind: DeviceKind): readonly ScenarioEvent[] {
  const ids = new Set(kind === 'ac_unit' ? scenario.unitIds : scenario.pileIds);
  return scenario.events.filter((event) =>
    event.unit === '*' ? misfitOf(event, kind) === null : ids.has(event.unit),
  );
}

/** What an event asks for that equipment of this kind does not have, or null. */
function misfitOf(event: ScenarioEvent, kind: DeviceKind): string | null {
  const isPile = kind === 'charging_pile';
  const isKnown = isPile ? PILE_ACTIONS.includes(event.do) : event.do !== 'session';
  if (!isKnown) return event.do;
  const modes: readonly string[] = isPile ? PILE_MODES : AC_MODES;
  return event.mode === undefined || modes.includes(event.mode) ? null : event.mode;
}

function unitIdsOf(file: ScenarioFile): string[] {
  return numbered(file.prefix ?? 'ac-', file.fleet);
}

function pileIdsOf(file: ScenarioFile): string[] {
  return numbered(PILE_PREFIX, file.pileFleet ?? 0);
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(2, '0')}`);
}

function shapeMistakes(content: unknown): string[] {
  const byPath = new Map<string, string>();
  for (const error of compiled.Errors(content)) {
    const path = error.instancePath.replaceAll('/', '.').replace(/^\./, '') || 'the file';
    if (error.keyword === 'boolean' || byPath.has(path)) continue;
    byPath.set(path, `${path} ${sentenceOf(error, path)}`);
  }
  return [...byPath.values()];
}

function sentenceOf(error: { keyword: string; message: string; params?: unknown }, path: string): string {
  switch (error.keyword) {
    case 'enum':
      return `must be one of ${choicesOf(path).join(', ')}`;
    case 'type':
      return error.message.replace('must be', 'must be of type');
    case 'required':
      return error.message.replace(/must have required propert\w+/, 'lacks');
    case 'additionalProperties': {
      const params = error.params as { additionalProperties?: readonly string[] } | undefined;
      return `has fields that mean nothing here: ${(params?.additionalProperties ?? []).join(', ')}`;
    }
    default:
      return error.message;
  }
}

function choicesOf(path: string): readonly string[] {
  if (path.endsWith('.do')) return ACTIONS;
  if (path.endsWith('.mode')) return FAULT_MODES;
  if (path.startsWith('piles.')) return PILE_MODELS;
  return path.startsWith('units.') ? ALL_MODELS : MODELS;
}

function semanticMistakes(file: ScenarioFile): string[] {
  const kinds = new Map<string, DeviceKind>();
  for (const id of unitIdsOf(file)) kinds.set(id, 'ac_unit');
  for (const id of pileIdsOf(file)) kinds.set(id, 'charging_pile');
  const first = unitIdsOf(file)[0] ?? '';
  const withPiles = file.pileFleet === undefined ? '' : ` and ${file.pileFleet} piles`;
  const unknown = (id: string): string =>
    `${id} is no unit of this fleet of ${file.fleet}${withPiles} (they start at ${first})`;
  const mistakes: string[] = [];
  if (!isDeviceId(first)) mistakes.push(`prefix gives ${first}, which is no device id`);
  file.units?.forEach(({ id, model }, index) => {
    const kind = kinds.get(id);
    if (kind === undefined) mistakes.push(`units.${index}.id: ${unknown(id)}`);
    else if (model !== undefined && isPileModel(model) !== (kind === 'charging_pile')) {
      mistakes.push(`units.${index}.model: ${id} cannot be a ${model}`);
    }
  });
  file.events.forEach((event, index) => {
    const kind = kinds.get(event.unit);
    if (event.unit !== '*' && kind === undefined) {
      mistakes.push(`events.${index}.unit: ${unknown(event.unit)}`);
    }
    const misfit = kind === undefined ? null : misfitOf(event, kind);
    if (misfit !== null) mistakes.push(`events.${index}: ${misfit} means nothing to ${event.unit}`);
    const missing = missingOf(event);
    if (missing !== null) mistakes.push(`events.${index}: ${missing}`);
  });
  return mistakes;
}

function missingOf(event: ScenarioEvent): string | null {
  const check = NEEDS[event.do];
  return check?.(event) ?? null;
}

const needsValue = (event: ScenarioEvent): string | null =>
  event.value === undefined ? `${event.do} needs a value` : null;

/** What an event of a kind needs beyond its shape, as the sentence that says what is wrong. */
const NEEDS: Readonly<Partial<Record<ScenarioEvent['do'], (event: ScenarioEvent) => string | null>>> = {
  fault(event) {
    if (event.mode === undefined) return 'a fault needs a mode';
    return event.mode === 'code' && event.code === undefined ? 'a fault of mode code needs a code' : null;
  },
  wear(event) {
    if (!isPhysical(event.mode)) return 'wear needs a mode of the physics, such as filter_clogging';
    return event.level === undefined ? 'wear needs a level from 0 to 1' : null;
  },
  history(event) {
    if (event.days === undefined) return 'a history needs the number of days it covers';
    if (event.atS !== 0) return 'a history is what a unit brings when it first connects: atS must be 0';
    const isUsable = event.mode === undefined || isPhysical(event.mode);
    return isUsable ? null : 'a history needs a mode of the physics, or none';
  },
  setpoint: needsValue,
  hot_day: needsValue,
};

function isPhysical(mode: FaultMode | undefined): boolean {
  return mode === 'connector_wear' || FAILURE_MODES.some((each) => each === mode);
}
