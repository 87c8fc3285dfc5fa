import { resolve } from 'node:path';
import { startAuditSealer } from '#platform/audit/audit-chain.ts';
import { createAudit } from '#platform/audit/audit-log.ts';
import { auditRoutes } from '#platform/audit/audit-routes.ts';
import { createAuth } from '#platform/auth/auth.ts';
import { authRoutes } from '#platform/auth/auth-routes.ts';
import { loadSecretKey } from '#platform/auth/secrets.ts';
import { userRoutes } from '#platform/auth/user-routes.ts';
import { type Clock, createClock } from '#platform/clock.ts';
import { AftercareError } from '#platform/errors.ts';
import { createHttpApp, type HttpApp } from '#platform/http/http-app.ts';
import { sweepIdempotencyKeys } from '#platform/http/idempotency.ts';
import type { Routes } from '#platform/http/routes.ts';
import { serveConsole } from '#platform/http/serve-console.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import { createLifecycle } from '#platform/lifecycle/lifecycle.ts';
import type { Logger } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import { startEventFeed } from '#platform/outbox/event-feed.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { startOutbox } from '#platform/outbox/outbox-runner.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { sweepOutbox } from '#platform/outbox/sweep-outbox.ts';
import { eventRoutes } from '#platform/sse/events-route.ts';
import { createForecast } from '#rules/index.ts';
import type { Environment } from './config.ts';
import {
  createCommandLedger,
  createRefusedPoints,
  type DeviceSide,
  openDeviceSide,
  openTelemetryStore,
} from './device-side.ts';
import { followDevices } from './follow-devices.ts';
import type { Ground } from './ground.ts';
import { openBus, openJobs } from './redis-or-local.ts';
import { createServiceProcess } from './service-process.ts';
import { holdDataFolder, openDataFolder, openStorage, readNodeId } from './storage.ts';

export interface AppDeps {
  readonly log: Logger;
  readonly clock?: Clock;
}

/** The product, running. Disposing drains: devices first, the database last. */
export interface App extends AsyncDisposable {
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly ocppPort: number;
  /** Shown once: what was generated for `admin` at the first start. */
  readonly adminPassword: string | null;
  readonly deviceSide: DeviceSide;
  /** A token that acts for `admin`, for programs that we start. */
  mintToken(ttlMs: number): Promise<string>;
}

const VERSION = '0.1.0';
const CONSOLE_DIR = resolve(import.meta.dirname, '../console/dist');
const HOUR_MS = 3_600_000;
const SEAL_EVERY_MS = 1_000;
const HTTP_STOP_MS = 15_000;

async function openGround(
  config: Environment,
  deps: AppDeps,
  consumers: readonly Consumer[],
): Promise<Ground> {
  const { log, clock = createClock() } = deps;
  const lifecycle = createLifecycle(log);
  try {
    await openDataFolder(config.DATA_DIR);
    const storage = await openStorage(
      { lifecycle, log },
      { dataDir: config.DATA_DIR, databaseUrl: config.DATABASE_URL },
    );
    const { db } = storage;
    const nodeId = await readNodeId(config.DATA_DIR);
    await holdDataFolder({ lifecycle, log }, { url: storage.url, nodeId, dataDir: config.DATA_DIR });
    const secretKey = await loadSecretKey(config.DATA_DIR, config.SECRET_KEY ?? null);
    const audit = createAudit({ clock });
    const ground: Omit<Ground, 'bus'> = {
      config,
      db,
      storage,
      audit,
      auth: createAuth({ db, clock, secretKey, audit }),
      clock,
      lifecycle,
      log,
      metrics: createMetrics(),
      outbox: createOutbox({ clock }, { consumers }),
      secretKey,
      nodeId,
      businessTimeZone: config.TZ_BUSINESS,
    };
    return { ...ground, bus: lifecycle.use('bus', openBus(ground)) };
  } catch (error) {
    await lifecycle.dispose();
    throw error;
  }
}

function startMessages(ground: Ground, consumers: readonly Consumer[]) {
  const { db, storage, log, metrics, outbox, lifecycle } = ground;
  const runner = startOutbox({ db, pool: storage.pool, log, metrics, outbox }, { consumers });
  lifecycle.use('outbox', runner);
  return lifecycle.use('event feed', startEventFeed({ db, log, runner }));
}

function definePlatformJobs(jobs: Jobs, { db, clock, auth }: Ground): void {
  jobs.every('outbox.sweep', HOUR_MS, async () => void (await sweepOutbox({ db, clock })));
  jobs.every('auth.sweep', HOUR_MS, async () => void (await auth.sweepSessions()));
  jobs.every('http.sweep', HOUR_MS, async () => void (await sweepIdempotencyKeys({ db, clock })));
}

interface HttpParts {
  readonly feed: ReturnType<typeof startMessages>;
  readonly routes: readonly Routes[];
  readonly ingest: DeviceSide['ingest'];
  readonly isStarted: () => boolean;
}

async function openHttp(ground: Ground, parts: HttpParts): Promise<HttpApp> {
  const { feed, routes, ingest } = parts;
  const { auth, log, clock, db, metrics, config, secretKey, storage } = ground;
  const publicUrl = config.PUBLIC_URL ?? null;
  const readiness = [
    {
      name: 'start',
      check: async () => {
        if (!parts.isStarted()) throw new AftercareError('APP_STARTING', 'the start is not finished yet');
      },
    },
    { name: 'database', check: async () => void (await storage.pool.query('select 1')) },
    {
      name: 'durable log',
      check: async () => {
        const failure = ingest.failure();
        if (failure !== null) throw failure;
      },
    },
  ];
  const http = await createHttpApp(
    { auth, log: log.child({ part: 'http' }), clock, db, metrics, readiness },
    { publicUrl, trustProxy: config.TRUST_PROXY, secretKey, version: VERSION },
  );
  const own = [
    authRoutes({ auth, publicUrl }),
    userRoutes(auth),
    auditRoutes({ db, secretKey }),
    eventRoutes({ feed, auth }),
  ];
  for (const route of [...own, ...routes]) http.register(route);
  serveConsole(http.app, CONSOLE_DIR);
  return http;
}

async function startJobs(ground: Ground, sides: readonly { defineJobs(jobs: Jobs): void }[]): Promise<void> {
  const jobs = ground.lifecycle.use('jobs', await openJobs(ground));
  for (const side of sides) side.defineJobs(jobs);
  definePlatformJobs(jobs, ground);
  await jobs.start();
}

async function startSides(ground: Ground, consumers: Consumer[]): Promise<App> {
  const { lifecycle, config, auth, db, clock, log, secretKey } = ground;
  lifecycle.use('audit sealer', startAuditSealer({ db, clock, log }, { secretKey, everyMs: SEAL_EVERY_MS }));
  const refused = createRefusedPoints();
  const store = lifecycle.use('telemetry store', await openTelemetryStore(ground, refused));
  const commands = createCommandLedger(ground);
  const { query } = store;
  const process = createServiceProcess(ground, {
    query,
    forecast: createForecast({ clock, query }),
    commands,
  });
  consumers.push(...process.consumers);
  const deviceSide = await openDeviceSide({
    ground,
    store,
    refused,
    commands,
    subscribe: (more) => consumers.push(...more),
    ticketsOfAlarms: (alarmIds) => process.desk.ticketOfAlarms(db, alarmIds),
  });
  const feed = startMessages(ground, consumers);
  const { registry } = deviceSide;
  lifecycle.use('device changes', await followDevices({ feed, registry, log }));
  await startJobs(ground, [deviceSide, process]);
  const routes = [...deviceSide.routes, ...process.routes];
  let isStarted = false;
  const http = await openHttp(ground, {
    feed,
    routes,
    ingest: deviceSide.ingest,
    isStarted: () => isStarted,
  });
  lifecycle.use('http', http, HTTP_STOP_MS);
  const httpPort = await http.listen({ host: config.HOST, port: config.HTTP_PORT });
  const { mqttPort, ocppPort } = await deviceSide.listen();
  const admin = await auth.ensureAdmin(config.ADMIN_PASSWORD ?? null);
  isStarted = true;
  return {
    httpPort,
    mqttPort,
    ocppPort,
    adminPassword: admin.created && config.ADMIN_PASSWORD === undefined ? admin.password : null,
    deviceSide,
    mintToken: (ttlMs) => auth.mintToken(admin.userId, ttlMs),
    [Symbol.asyncDispose]: async () => void (await lifecycle.dispose()),
  };
}

/**
 * Starts everything in order, the first administrator last: a start that fails must not have made a password that
 * nobody saw. What was started is undone when a later part cannot start.
 */
export async function startApp(config: Environment, deps: AppDeps): Promise<App> {
  const consumers: Consumer[] = [];
  const ground = await openGround(config, deps, consumers);
  try {
    return await startSides(ground, consumers);
  } catch (error) {
    await ground.lifecycle.dispose();
    throw error;
  }
}
