import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isDeviceId } from '#contracts/ids.ts';
import { FAILURE_MODES } from '../core/failure.ts';
import { MODELS } from '../core/unit.ts';
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
] as const;

/** How a fault is injected: a failure of the physics, a plain code, or a lost connection. */
export const FAULT_MODES = [...FAILURE_MODES, 'code', 'offline'] as const;
export type FaultMode = (typeof FAULT_MODES)[number];

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
    units: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Type.String({ minLength: 1 }),
            model: Type.Optional(oneOf(MODELS)),
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
  readonly unitIds: readonly string[];
}

/** Turns a parsed scenario file into a scenario, or throws SIMULATOR_SCENARIO_INVALID with a sentence a mistake. */
export function parseScenario(name: string, content: unknown): Scenario {
  const mistakes = compiled.Check(content) ? semanticMistakes(content) : shapeMistakes(content);
  if (mistakes.length > 0 || !compiled.Check(content)) {
    const text = mistakes.map((mistake) => `  ${mistake}.`).join('\n');
    throw new SimulatorError('SIMULATOR_SCENARIO_INVALID', `scenario ${name} cannot be used:\n${text}`);
  }
  return { ...content, name, unitIds: unitIdsOf(content) };
}

/** The same scenario with a fleet of another size or another seed; its events must still fit. */
export function resizeScenario(
  scenario: Scenario,
  change: { fleet?: number | undefined; seed?: number | undefined; events?: readonly ScenarioEvent[] },
): Scenario {
  const { name, unitIds: _, ...file } = scenario;
  const events = [...file.events, ...(change.events ?? [])];
  return parseScenario(name, {
    ...file,
    fleet: change.fleet ?? file.fleet,
    seed: change.seed ?? file.seed,
    events,
  });
}

function unitIdsOf(file: ScenarioFile): string[] {
  return Array.from(
    { length: file.fleet },
    (_, index) => `${file.prefix ?? 'ac-'}${String(index + 1).padStart(2, '0')}`,
  );
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
  return path.endsWith('.mode') ? FAULT_MODES : MODELS;
}

function semanticMistakes(file: ScenarioFile): string[] {
  const ids = new Set(unitIdsOf(file));
  const first = unitIdsOf(file)[0] ?? '';
  const unknown = (id: string): string =>
    `${id} is no unit of this fleet of ${file.fleet} (they start at ${first})`;
  const mistakes: string[] = [];
  if (!isDeviceId(first)) mistakes.push(`prefix gives ${first}, which is no device id`);
  file.units?.forEach(({ id }, index) => {
    if (!ids.has(id)) mistakes.push(`units.${index}.id: ${unknown(id)}`);
  });
  file.events.forEach((event, index) => {
    if (event.unit !== '*' && !ids.has(event.unit)) {
      mistakes.push(`events.${index}.unit: ${unknown(event.unit)}`);
    }
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
  return mode !== undefined && mode !== 'code' && mode !== 'offline';
}
