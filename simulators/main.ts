import { connect } from 'node:net';
import { startControlServer } from './control/control-server.ts';
import { reasonOf, SimulatorError } from './errors.ts';
import { type Fleet, specOf, startFleet } from './fleet/fleet.ts';
import { HELP, parseOptions, type SimulatorOptions } from './options.ts';
import { startProgress } from './progress.ts';
import { type ApiClient, createApiClient } from './provision/api-client.ts';
import { type LocalMemory, openLocalMemory } from './provision/local-memory.ts';
import { seedMasterData } from './provision/master-data.ts';
import { registerFleet, rotateCredentials } from './provision/provision.ts';
import { loadScenario } from './scenario/load-scenario.ts';
import { resizeScenario, type Scenario } from './scenario/scenario.ts';

const BUFFER_POINTS = 5_000;
const RETRY_MS = 1_000;
const REACH_TIMEOUT_MS = 5_000;
const LAST_RESORT_MS = 8_000;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env.AFTERCARE_TOKEN);
  if (options.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const ended = endOf(options);
  let isPreparing = true;
  void ended.then(() => {
    if (isPreparing) process.exit(0);
  });
  const scenario = resizeScenario(loadScenario(options.scenario), {
    fleet: options.fleet,
    seed: options.seed,
    events: options.injections,
  });
  const memory = openLocalMemory(options.stateDir);
  const api = options.api === null ? null : createApiClient(options.api);
  if (api !== null) await provision({ api, memory }, scenario, options);
  await reach(options.mqttUrl);
  isPreparing = false;
  await run({ api, memory, ended }, scenario, options);
}

async function provision(
  deps: { api: ApiClient; memory: LocalMemory },
  scenario: Scenario,
  options: SimulatorOptions,
): Promise<void> {
  const { siteIds, created } = await seedMasterData(deps.api);
  const entries = scenario.unitIds.map((id, index) => ({
    id,
    model: specOf(scenario, id).model,
    siteId: siteIds[index % siteIds.length] ?? null,
  }));
  const registered = await registerFleet(deps, entries);
  if (!options.isQuiet) {
    say(`${entries.length} units, ${registered} of them newly registered; ${created} new demo records`);
  }
}

async function run(
  deps: { api: ApiClient | null; memory: LocalMemory; ended: Promise<void> },
  scenario: Scenario,
  options: SimulatorOptions,
): Promise<void> {
  const { api, memory } = deps;
  const told = new Set<string>();
  let tell = say;
  const onTrouble = (message: string): void => {
    if (options.isQuiet || told.has(message)) return;
    told.add(message);
    tell(message);
  };
  await using fleet: Fleet = startFleet(
    {
      now: Date.now,
      credentials: memory.credentialsOf,
      renewCredentials: (deviceId) => renew(api, memory, { deviceId, onTrouble }),
      past: memory,
      onTrouble,
    },
    {
      scenario,
      url: options.mqttUrl,
      intervalMs: options.intervalMs,
      speed: options.speed,
      bufferPoints: BUFFER_POINTS,
      retryMs: RETRY_MS,
    },
  );
  await using control = options.httpPort === null ? null : await startControlServer(fleet, options.httpPort);
  if (control !== null) say(`control API at ${control.url}`);
  using progress = options.isQuiet
    ? null
    : startProgress(fleet, {
        isTerminal: process.stderr.isTTY,
        write: (text) => process.stderr.write(text),
      });
  if (progress !== null) tell = progress.say;
  await deps.ended;
  setTimeout(() => process.exit(1), LAST_RESORT_MS).unref();
}

/** True when the device has new credentials to try; without an API there is nobody to ask. */
async function renew(
  api: ApiClient | null,
  memory: LocalMemory,
  { deviceId, onTrouble }: { deviceId: string; onTrouble: (message: string) => void },
): Promise<boolean> {
  if (api === null) return false;
  try {
    await rotateCredentials({ api, memory }, deviceId);
    return true;
  } catch (error) {
    onTrouble(reasonOf(error));
    return false;
  }
}

function endOf(options: SimulatorOptions): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
    if (!options.endsWithStdin) return;
    process.stdin.once('close', resolve);
    process.stdin.once('error', resolve);
    process.stdin.resume();
  });
}

/** SIMULATOR_BROKER_UNREACHABLE when nobody listens at the broker's address. */
function reach(url: string): Promise<void> {
  const { protocol, hostname, port } = new URL(url);
  const usualPort = protocol === 'mqtts:' ? 8883 : 1883;
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      socket.destroy();
      const message = `cannot reach the MQTT broker at ${url} (${reasonOf(cause)}): check that it runs and that --mqtt is right`;
      reject(new SimulatorError('SIMULATOR_BROKER_UNREACHABLE', message, { cause }));
    };
    const socket = connect(Number(port || usualPort), hostname.replace(/^\[|\]$/g, ''), () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', fail);
    socket.setTimeout(REACH_TIMEOUT_MS, () => fail(new Error('no answer')));
  });
}

try {
  await main();
} catch (error) {
  const message = error instanceof SimulatorError ? error.message : (error as Error).stack;
  say(`simulator: ${message}`);
  process.exitCode = 1;
}
process.stdin.destroy();
