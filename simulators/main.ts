import { connect } from 'node:net';
import { startControlServer } from './control/control-server.ts';
import { reasonOf, SimulatorError } from './errors.ts';
import { type Fleet, specOf, startFleet } from './fleet/fleet.ts';
import { joinFleets } from './fleet/run-fleet.ts';
import { HELP, parseOptions, type SimulatorOptions } from './options.ts';
import { pileSpecOf, startPileFleet } from './piles/pile-fleet.ts';
import { startProgress } from './progress.ts';
import { type ApiClient, createApiClient } from './provision/api-client.ts';
import { type LocalMemory, openLocalMemory } from './provision/local-memory.ts';
import { seedMasterData } from './provision/master-data.ts';
import { type FleetEntry, registerFleet, rotateCredentials } from './provision/provision.ts';
import { loadScenario } from './scenario/load-scenario.ts';
import { resizeScenario, type Scenario } from './scenario/scenario.ts';

const BUFFER_POINTS = 5_000;
const RETRY_MS = 1_000;
const REBOOT_MS = 3_000;
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
    piles: options.piles,
    seed: options.seed,
    events: options.injections,
  });
  const memory = openLocalMemory(options.stateDir);
  const api = options.api === null ? null : createApiClient(options.api);
  if (api !== null) await provision({ api, memory }, scenario, options);
  await reach(options.mqttUrl, BROKER);
  if (scenario.pileIds.length > 0) await reach(options.ocppUrl, OCPP_SERVER);
  isPreparing = false;
  await run({ api, memory, ended }, scenario, options);
}

async function provision(
  deps: { api: ApiClient; memory: LocalMemory },
  scenario: Scenario,
  options: SimulatorOptions,
): Promise<void> {
  const { siteIds, created } = await seedMasterData(deps.api);
  const place = (index: number): string | null => siteIds[index % siteIds.length] ?? null;
  const units = scenario.unitIds.map(
    (id, index): FleetEntry => ({
      id,
      kind: 'ac_unit',
      model: specOf(scenario, id).model,
      siteId: place(index),
    }),
  );
  const piles = scenario.pileIds.map(
    (id, index): FleetEntry => ({
      id,
      kind: 'charging_pile',
      model: pileSpecOf(scenario, id).model,
      siteId: place(index),
    }),
  );
  const entries = [...units, ...piles];
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
  const common = {
    now: Date.now,
    credentials: memory.credentialsOf,
    renewCredentials: (deviceId: string) => renew(api, memory, { deviceId, onTrouble }),
    past: memory,
    onTrouble,
  };
  const units = startFleet(common, {
    scenario,
    url: options.mqttUrl,
    intervalMs: options.intervalMs,
    speed: options.speed,
    bufferPoints: BUFFER_POINTS,
    retryMs: RETRY_MS,
  });
  const keepPassword = (deviceId: string, password: string): void => {
    memory.keepCredentials(deviceId, { username: deviceId, password });
    memory.save();
  };
  const piles = startPileFleet(
    { ...common, keepPassword },
    {
      scenario,
      url: options.ocppUrl,
      speed: options.speed,
      retryMs: RETRY_MS,
      rebootMs: REBOOT_MS,
      configuration: {},
    },
  );
  await using fleet: Fleet = joinFleets([units, piles]);
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

interface Server {
  readonly code: string;
  readonly name: string;
  readonly option: string;
  readonly ports: Readonly<Record<string, number>>;
}

const BROKER: Server = {
  code: 'SIMULATOR_BROKER_UNREACHABLE',
  name: 'MQTT broker',
  option: '--mqtt',
  ports: { 'mqtt:': 1883, 'mqtts:': 8883 },
};
const OCPP_SERVER: Server = {
  code: 'SIMULATOR_OCPP_UNREACHABLE',
  name: 'OCPP server',
  option: '--ocpp',
  ports: { 'ws:': 80, 'wss:': 443 },
};

/** Fails with the server's code when nobody listens at its address. */
function reach(url: string, { code, name, option, ports }: Server): Promise<void> {
  const { protocol, hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      socket.destroy();
      const message = `cannot reach the ${name} at ${url} (${reasonOf(cause)}): check that it runs and that ${option} is right`;
      reject(new SimulatorError(code, message, { cause }));
    };
    const socket = connect(Number(port || ports[protocol]), hostname.replace(/^\[|\]$/g, ''), () => {
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
