import { once } from 'node:events';
import { readConfig } from '#app/config.ts';
import { type App, startApp } from '#app/start-app.ts';
import { AftercareError } from '#platform/errors.ts';
import { createLog } from '#platform/log.ts';
import { createApi, deviceIds } from '../support/api.ts';
import { connectTo, postmasterOf } from '../support/app-process.ts';
import { answer } from '../support/children.ts';
import { treeCpuUs } from '../support/cpu.ts';
import { startInflux } from '../support/influx-process.ts';
import {
  type ContenderReady,
  type ContenderResult,
  type ContenderSettings,
  startCpuClock,
} from './contender.ts';
import { loadRules } from './load-rules.ts';

const TOKEN_MS = 3_600_000;
const DRAIN_MS = 600_000;

/** Where the product keeps telemetry in this run. */
interface Store extends AsyncDisposable {
  readonly variables: Readonly<Record<string, string>>;
  rows(): Promise<number>;
  /** Processor time of its server, besides PostgreSQL. */
  cpuUs(): Promise<number>;
}

async function rowsIn(folder: string): Promise<number> {
  const database = await connectTo(folder);
  try {
    const { rows } = await database.query<{ count: string }>(
      'select count(*) as count from telemetry_ac_unit',
    );
    return Number(rows[0]?.count ?? 0);
  } finally {
    await database.end();
  }
}

async function inPostgres(folder: string): Promise<Store> {
  return {
    variables: {},
    rows: () => rowsIn(folder),
    cpuUs: async () => 0,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function inInflux(folder: string): Promise<Store> {
  const influx = await startInflux(folder);
  return {
    variables: influx.variables,
    rows: () => influx.count('supply_temp'),
    cpuUs: () => treeCpuUs(influx.pid()),
    [Symbol.asyncDispose]: () => influx[Symbol.asyncDispose](),
  };
}

async function prepare(app: App, { devices, rules }: ContenderSettings) {
  const api = createApi(app.httpPort, await app.mintToken(TOKEN_MS));
  for (const rule of loadRules(rules)) {
    await api.post('/rules', rule);
    await api.post(`/rules/${rule.id}/activate`, {});
  }
  return api.registerDevices(deviceIds(devices));
}

function failuresOf(app: App, rows: number): string[] {
  const { stored, deadLettered, duplicate, shed, spooled, inFlight } = app.deviceSide.ingest.ledger;
  const odd = Object.entries({ deadLettered, duplicate, shed, spooled, inFlight });
  return [
    ...odd.filter(([, count]) => count > 0).map(([what, count]) => `${count} messages ${what}`),
    ...(stored === rows ? [] : [`the ledger says ${stored} stored, the store has ${rows} rows`]),
  ];
}

/** The whole product, all shipped rules and rollups on, and the rules of the load. */
function runProduct(openStore: (folder: string) => Promise<Store>): void {
  let app: App | undefined;
  let store: Store | undefined;
  let folder = '';
  let cpu = startCpuClock();
  let serversCpuUs = 0;
  const readServersCpu = async () =>
    (await treeCpuUs(await postmasterOf(folder))) + ((await store?.cpuUs()) ?? 0);
  answer(
    {
      async open(settings: ContenderSettings): Promise<ContenderReady> {
        folder = settings.folder;
        store = await openStore(folder);
        const config = readConfig({
          DATA_DIR: folder,
          HTTP_PORT: '0',
          MQTT_PORT: '0',
          OCPP_PORT: '0',
          SIMULATE: '0',
          LOG_MAX_BYTES: '34359738368',
          ...store.variables,
        });
        app = await startApp(config, { log: createLog({ level: 'warn', format: 'json' }) });
        return { port: app.mqttPort, devices: await prepare(app, settings) };
      },
      async begin() {
        cpu = startCpuClock();
        serversCpuUs = await readServersCpu();
      },
      ledger: () => ({ ...app?.deviceSide.ingest.ledger }),
      async finish(): Promise<ContenderResult> {
        if (app === undefined || store === undefined)
          throw new AftercareError('BENCH_NOT_OPEN', 'the app was not opened');
        const started = performance.now();
        const signal = AbortSignal.timeout(DRAIN_MS);
        await Promise.race([app.deviceSide.ingest.stored(signal), once(signal, 'abort')]);
        const drainMs = performance.now() - started;
        const cpuUs = cpu() + (await readServersCpu()) - serversCpuUs;
        const out = await store.rows();
        return { out, cpuUs, drainMs, failures: failuresOf(app, out) };
      },
    },
    async () => {
      await app?.[Symbol.asyncDispose]();
      await store?.[Symbol.asyncDispose]();
    },
  );
}

/** With telemetry in its own PostgreSQL. */
export function runEmbedded(): void {
  runProduct(inPostgres);
}

/** With telemetry in InfluxDB, everything else in its own PostgreSQL. */
export function runInfluxdb(): void {
  runProduct(inInflux);
}
