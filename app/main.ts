import { AftercareError } from '#platform/errors.ts';
import { type Environment, readConfig } from './config.ts';
import type { App } from './start-app.ts';

const FLEET_TOKEN_MS = 30 * 86_400_000;
const LAST_RESORT_MS = 60_000;

function startBlock(config: Environment, app: App): string {
  const host = config.HOST === '0.0.0.0' ? 'localhost' : config.HOST;
  const known =
    config.ADMIN_PASSWORD === undefined ? 'of the first start' : 'ADMIN_PASSWORD of the first start';
  const password =
    app.adminPassword === null
      ? `admin, with the password ${known}`
      : `admin, password ${app.adminPassword} (shown this once)`;
  return [
    '',
    `  Aftercare is ready after ${Math.round(performance.now() / 100) / 10} s`,
    '',
    `  console    http://${host}:${app.httpPort}`,
    `  API        http://${host}:${app.httpPort}/api/docs`,
    `  MQTT       mqtt://${host}:${app.mqttPort}`,
    `  OCPP       ws://${host}:${app.ocppPort}/ocpp`,
    `  sign in    ${password}`,
    `  fleet      ${config.SIMULATE ? '20 air conditioners and 10 charging piles, simulated; SIMULATE=0 starts without them' : 'none simulated'}`,
    ...ownServers(config),
    `  data       ${config.DATA_DIR}`,
    '',
  ].join('\n');
}

/** Which of the operator's own servers are used, without their passwords. */
function ownServers({ DATABASE_URL, REDIS_URL, INFLUX_URL, INFLUX_BUCKET }: Environment): string[] {
  const host = (url: string) => new URL(url).host;
  return [
    ...(DATABASE_URL === undefined ? [] : [`  database   PostgreSQL at ${host(DATABASE_URL)}`]),
    ...(INFLUX_URL === undefined ? [] : [`  telemetry  InfluxDB at ${host(INFLUX_URL)}, ${INFLUX_BUCKET}`]),
    ...(REDIS_URL === undefined ? [] : [`  jobs       Redis at ${host(REDIS_URL)}`]),
  ];
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const [{ createLifecycle }, { createLog }, { startSimulatedFleet }, { startApp }] = await Promise.all([
    import('#platform/lifecycle/lifecycle.ts'),
    import('#platform/log.ts'),
    import('./simulated-fleet.ts'),
    import('./start-app.ts'),
  ]);
  const log = createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  const stopping = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
  });
  const lifecycle = createLifecycle(log);
  const app = lifecycle.use('app', await startApp(config, { log }), LAST_RESORT_MS);
  if (config.SIMULATE) {
    const token = await app.mintToken(FLEET_TOKEN_MS);
    const settings = {
      httpUrl: `http://127.0.0.1:${app.httpPort}`,
      mqttUrl: `mqtt://127.0.0.1:${app.mqttPort}`,
      ocppUrl: `ws://127.0.0.1:${app.ocppPort}/ocpp`,
      token,
      dataDir: config.DATA_DIR,
    };
    lifecycle.use('simulated fleet', startSimulatedFleet(settings, log));
  }
  console.log(startBlock(config, app));
  const signal = await stopping;
  log.info({ signal }, 'stopping: devices first, the database last');
  setTimeout(() => process.exit(1), LAST_RESORT_MS).unref();
  const errors = await lifecycle.dispose();
  process.exitCode = errors.length === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  process.exitCode = 1;
  console.error(error instanceof AftercareError ? `${error.code}: ${error.message}` : error);
}
