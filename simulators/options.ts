import { parseArgs } from 'node:util';
import { reasonOf, SimulatorError } from './errors.ts';
import { isFaultMode, type ScenarioEvent } from './scenario/scenario.ts';

/** What the command line and the environment ask for. */
export interface SimulatorOptions {
  readonly scenario: string;
  readonly fleet: number | undefined;
  readonly seed: number | undefined;
  readonly piles: number | undefined;
  readonly mqttUrl: string;
  readonly ocppUrl: string;
  readonly intervalMs: number;
  readonly speed: number;
  readonly injections: readonly ScenarioEvent[];
  readonly httpPort: number | null;
  readonly api: { readonly baseUrl: string; readonly token: string } | null;
  readonly stateDir: string;
  readonly isQuiet: boolean;
  readonly endsWithStdin: boolean;
  readonly isHelp: boolean;
}

export const HELP = `Simulated air conditioners and charging piles that know the service by its wire only.

  npm run simulate -- [options]

  --scenario NAME|FILE   demo (default), quiet, storm, or a JSON file
  --fleet N              air conditioners instead of the scenario's number
  --piles N              charging piles instead of the scenario's number; 0: none of their stories
  --seed N               another seed: other units, the same story
  --mqtt URL             broker, default mqtt://127.0.0.1:1883
  --ocpp URL             OCPP 1.6 server, default ws://127.0.0.1:9000/ocpp
  --interval S           seconds between two telemetry messages of a unit, default 5
  --speed X              physics runs X times faster; timestamps stay real
  --inject UNIT:MODE[:CODE][@S]
                         a fault S seconds after the start, e.g. ac-03:high_pressure:E1@30,
                         ac-04:code:E6, ac-05:offline@60, pile-03:reader_hung@30; may be given more than once
  --http PORT            control API on 127.0.0.1: GET /units, POST and DELETE /units/{id}/faults,
                         POST /units/{id}/offline, online, heal
  --api URL              register the fleet there first, e.g. http://127.0.0.1:8080
  --token TOKEN          for --api; or AFTERCARE_TOKEN in the environment
  --state-dir DIR        where credentials are kept, default data/simulator
  --quiet                no progress
  --exit-with-stdin      end when standard input is closed, as a child of another program
  --help                 this text
`;

const OPTIONS = {
  scenario: { type: 'string', default: 'demo' },
  fleet: { type: 'string' },
  piles: { type: 'string' },
  seed: { type: 'string' },
  mqtt: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
  ocpp: { type: 'string', default: 'ws://127.0.0.1:9000/ocpp' },
  interval: { type: 'string', default: '5' },
  speed: { type: 'string', default: '1' },
  inject: { type: 'string', multiple: true },
  http: { type: 'string' },
  api: { type: 'string' },
  token: { type: 'string' },
  'state-dir': { type: 'string', default: 'data/simulator' },
  quiet: { type: 'boolean', default: false },
  'exit-with-stdin': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line; `token` is the environment's. SIMULATOR_OPTION_INVALID names the option at fault. */
export function parseOptions(args: readonly string[], token: string | undefined): SimulatorOptions {
  const values = valuesOf(args);
  return {
    scenario: values.scenario,
    fleet: optionalNumber('--fleet', values.fleet, { min: 1, max: 20_000, whole: true }),
    piles: optionalNumber('--piles', values.piles, { min: 0, max: 20_000, whole: true }),
    seed: optionalNumber('--seed', values.seed, { min: 0, max: 4_294_967_295, whole: true }),
    mqttUrl: urlOf('--mqtt', values.mqtt, ['mqtt:', 'mqtts:']),
    ocppUrl: urlOf('--ocpp', values.ocpp, ['ws:', 'wss:']),
    intervalMs: 1000 * numberOf('--interval', values.interval, { min: 0.01, max: 3_600 }),
    speed: numberOf('--speed', values.speed, { min: 0.01, max: 10_000 }),
    injections: (values.inject ?? []).map(injectionOf),
    httpPort: optionalNumber('--http', values.http, { min: 0, max: 65_535, whole: true }) ?? null,
    api: apiOf(values.api, values.token ?? token),
    stateDir: values['state-dir'],
    isQuiet: values.quiet,
    endsWithStdin: values['exit-with-stdin'],
    isHelp: values.help,
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (cause) {
    throw invalid(`${reasonOf(cause).split('. ')[0]}: see --help`, cause);
  }
}

function apiOf(baseUrl: string | undefined, token: string | undefined): SimulatorOptions['api'] {
  if (baseUrl === undefined) return null;
  const checked = urlOf('--api', baseUrl, ['http:', 'https:']);
  if (token !== undefined && token !== '') return { baseUrl: checked, token };
  throw invalid('--api needs a token: pass --token or set AFTERCARE_TOKEN');
}

function urlOf(option: string, text: string, protocols: readonly string[]): string {
  const isUrl = URL.canParse(text) && protocols.includes(new URL(text).protocol);
  if (isUrl) return text;
  throw invalid(
    `${option} ${text} is no address: write ${protocols.map((p) => `${p}//host:port`).join(' or ')}`,
  );
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

function optionalNumber(option: string, text: string | undefined, range: Range): number | undefined {
  return text === undefined ? undefined : numberOf(option, text, range);
}

function numberOf(option: string, text: string, range: Range): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= range.min && value <= range.max;
  if (fits && (range.whole !== true || Number.isInteger(value))) return value;
  const kind = range.whole === true ? 'a whole number' : 'a number';
  throw invalid(`${option} ${text} must be ${kind} from ${range.min} to ${range.max}`);
}

function injectionOf(text: string): ScenarioEvent {
  const match = /^(?<unit>[^:@]+):(?<mode>\w+)(?::(?<code>[^@:]+))?(?:@(?<at>\d+(?:\.\d+)?))?$/.exec(text);
  const { unit, mode, code, at } = match?.groups ?? {};
  if (unit === undefined || mode === undefined || !isFaultMode(mode)) {
    throw invalid(
      `--inject ${text} is no injection: write UNIT:MODE[:CODE][@SECONDS], e.g. ac-03:high_pressure@30`,
    );
  }
  return { atS: Number(at ?? 0), unit, do: 'fault', mode, ...(code === undefined ? {} : { code }) };
}

function invalid(message: string, cause?: unknown): SimulatorError {
  return new SimulatorError('SIMULATOR_OPTION_INVALID', message, { cause });
}
