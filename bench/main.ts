import { parseArgs } from 'node:util';
import { AftercareError } from '#platform/errors.ts';
import { guardChildren } from './support/children.ts';
import type { Options } from './support/options.ts';
import { type Outcome, printOutcome, say } from './support/report.ts';

const BENCHMARKS: Readonly<Record<string, () => Promise<(options: Options) => Promise<Outcome>>>> = {
  crash: async () => (await import('./crash.ts')).benchCrash,
  outage: async () => (await import('./outage.ts')).benchOutage,
  pipeline: async () => (await import('./pipeline.ts')).benchPipeline,
  start: async () => (await import('./start.ts')).benchStart,
};

/** What benchmarks run in processes of their own. */
const PARTS: Readonly<Record<string, () => Promise<() => unknown>>> = {
  generator: async () => (await import('./load/generator.ts')).runGenerator,
  'aedes-bare': async () => (await import('./servers/aedes-bare.ts')).runAedesBare,
  'null-sink': async () => (await import('./servers/null-sink.ts')).runNullSink,
  'null-sink-ack-first': async () => (await import('./servers/null-sink.ts')).runNullSinkAckFirst,
  embedded: async () => (await import('./servers/product.ts')).runEmbedded,
  influxdb: async () => (await import('./servers/product.ts')).runInfluxdb,
  'influxdb-bare': async () => (await import('./servers/influxdb-bare.ts')).runInfluxdbBare,
  'node-red': async () => (await import('./servers/node-red.ts')).runNodeRed,
};

const OPTIONS = {
  json: { type: 'boolean' },
  part: { type: 'string' },
  seconds: { type: 'string' },
  rounds: { type: 'string' },
  devices: { type: 'string' },
  window: { type: 'string' },
  rate: { type: 'string' },
  rows: { type: 'string' },
  help: { type: 'boolean' },
  'embedded-seconds': { type: 'string' },
  'before-seconds': { type: 'string' },
  'down-seconds': { type: 'string' },
  faults: { type: 'string' },
} as const;

const NAMES = `benchmarks: ${Object.keys(BENCHMARKS).join(', ')}; run npm run -s bench -- NAME [--json]`;

async function run(name: string | undefined, options: Options, asJson: boolean): Promise<number> {
  const load = name === undefined ? undefined : BENCHMARKS[name];
  if (load === undefined) {
    say(name === undefined ? NAMES : `no benchmark is named ${name}; ${NAMES}`);
    return 1;
  }
  await guardChildren();
  const benchmark = await load();
  const outcome = await benchmark(options);
  if (asJson) console.log(JSON.stringify(outcome.result));
  else printOutcome(outcome);
  for (const failure of outcome.failures) say(`FAILED: ${failure}`);
  return outcome.failures.length === 0 ? 0 : 1;
}

try {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const { json = false, help = false, part, ...options } = values;
  if (help) {
    console.log(`${NAMES}\noptions and what each measures: bench/README.md`);
    process.exit(0);
  }
  if (part === undefined) process.exit(await run(positionals[0], options, json));
  else (await PARTS[part]?.())?.();
} catch (error) {
  const isOption =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (isOption) console.error(`${error.message}; options: bench/README.md`);
  else console.error(error instanceof AftercareError ? `${error.code}: ${error.message}` : error);
  if (error instanceof AftercareError && error.cause !== undefined) console.error(error.cause);
  process.exit(1);
}
