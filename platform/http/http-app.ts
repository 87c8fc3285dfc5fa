import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import { fastifySSE } from '@fastify/sse';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Clock } from '../clock.ts';
import type { Db } from '../db/db.ts';
import { AftercareError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type Authenticator, guardAccess } from './access.ts';
import { type ReadinessCheck, serveHealth } from './health.ts';
import { replayByKey } from './idempotency.ts';
import { documentRoutes } from './openapi.ts';
import { PROBLEM_TYPE, problem, toProblem } from './problem-document.ts';
import type { HttpInstance, Routes } from './routes.ts';
import { createValidatorCompiler } from './validation.ts';

export interface HttpDeps {
  readonly auth: Authenticator;
  readonly log: Logger;
  readonly clock: Clock;
  readonly db: Db;
  readonly metrics: Metrics;
  readonly readiness: readonly ReadinessCheck[];
}

export interface HttpConfig {
  /** How people reach us, when that is not the Host header: behind a proxy that rewrites it. */
  readonly publicUrl: string | null;
  /** Whether X-Forwarded-* is believed: only behind a proxy that sets it. */
  readonly trustProxy: boolean;
  readonly secretKey: Buffer;
  readonly version: string;
}

/** Disposing stops accepting, lets requests in hand finish and ends event streams. */
export interface HttpApp extends AsyncDisposable {
  readonly app: HttpInstance;
  /** Adds routes below /api/v1; before `listen`. */
  register(routes: Routes): void;
  /** Resolves to the bound port (for port 0). */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
}

const BODY_LIMIT_BYTES = 1_048_576;
const HEARTBEAT_MS = 15_000;
/** How long a caller may take to send one whole request. */
const REQUEST_TIMEOUT_MS = 60_000;

const CONTENT_SECURITY = {
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    fontSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    workerSrc: ["'self'", 'blob:'],
    objectSrc: ["'none'"],
    frameAncestors: ["'none'"],
    upgradeInsecureRequests: null,
  },
};

export async function createHttpApp(deps: HttpDeps, config: HttpConfig): Promise<HttpApp> {
  const app: HttpInstance = Fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: config.trustProxy,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT_MS,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply as FastifyReply),
  });
  app.setValidatorCompiler(createValidatorCompiler());
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => {
    const detail = `nothing at ${request.method} ${request.url.split('?')[0]}; what there is: /api/docs`;
    return reply
      .code(404)
      .type(PROBLEM_TYPE)
      .send(problem(404, 'HTTP_NOT_FOUND', { detail }));
  });
  measure(app, deps.metrics);
  hangUpWhenClosing(app);
  await app.register(cookie);
  await app.register(helmet, {
    contentSecurityPolicy: CONTENT_SECURITY,
    strictTransportSecurity: config.publicUrl?.startsWith('https:') === true,
  });
  guardAccess(app, deps.auth, config.publicUrl);
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS });
  await documentRoutes(app, config.version);
  replayByKey(app, deps, config.secretKey);
  serveHealth(app, deps.readiness, deps.metrics);
  return {
    app,
    register: (routes) => {
      const plugin = (scope: HttpInstance, _options: object, done: () => void) => {
        routes(scope);
        done();
      };
      void app.register(plugin, { prefix: '/api/v1' });
    },
    listen: (address) => listen(app, address),
    [Symbol.asyncDispose]: () => app.close(),
  };
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const document = toProblem(error, request.id);
  if (document.status >= 500) {
    request.log.error(
      { err: error, requestId: request.id, method: request.method, url: request.url },
      'request failed',
    );
  }
  if (document.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(document.status)
    .type(PROBLEM_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(document);
}

function measure(app: HttpInstance, metrics: Metrics): void {
  const seconds = metrics.histogram('aftercare_http_request_seconds', 'Time to answer, by route', {
    labels: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.15, 0.5, 2, 10],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    seconds.observe(labels, reply.elapsedTime / 1000);
  });
}

/** Connections kept alive by requests in hand would hold up the close until they time out. */
function hangUpWhenClosing(app: HttpInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
}

async function listen(
  app: HttpInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw portTaken(host, port, error);
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function portTaken(host: string, port: number, cause: unknown): AftercareError {
  return new AftercareError(
    'HTTP_PORT_TAKEN',
    `port ${port} on ${host} is taken by another program: stop it, or set HTTP_PORT to another port`,
    { cause },
  );
}
