import type { FastifyRequest } from 'fastify';
import { holdsPermission } from '../auth/actor.ts';
import { AftercareError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { PROBLEM_TYPE, problem } from './problem-document.ts';
import type { HttpInstance } from './routes.ts';

/** Something that must answer before we take work; throws while it does not. */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<void>;
}

const CHECK_TIMEOUT_MS = 2_000;
const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** `/healthz`: the process lives. `/readyz`: every check passes. `/metrics`: for loopback, or a manager's token. */
export function serveHealth(app: HttpInstance, checks: readonly ReadinessCheck[], metrics: Metrics): void {
  const config = { permission: 'public' } as const;
  app.get('/healthz', { config }, async () => ({ status: 'ok' }));
  app.get('/readyz', { config }, async (request, reply) => {
    const failed: string[] = [];
    await Promise.all(
      checks.map(async ({ name, check }) => {
        try {
          await inTime(check());
        } catch (error) {
          request.log.warn({ err: error, check: name }, 'not ready');
          failed.push(name);
        }
      }),
    );
    if (failed.length === 0) return { status: 'ready' };
    const errors = failed.map((field) => ({ field, message: 'does not answer' }));
    return reply
      .code(503)
      .type(PROBLEM_TYPE)
      .send(problem(503, 'HTTP_NOT_READY', { detail: `not ready: ${failed.join(', ')}`, errors }));
  });
  app.get('/metrics', { config }, async (request, reply) => {
    requireScraper(request);
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}

async function inTime(check: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AftercareError('HTTP_CHECK_TIMEOUT', `no answer in ${CHECK_TIMEOUT_MS} ms`)),
      CHECK_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([check, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** A proxy on this machine also comes from loopback: what it forwards is not local. */
function requireScraper({ ip, headers, actor }: FastifyRequest): void {
  const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  if (LOOPBACK.has(ip) && !isForwarded) return;
  if (actor.type === 'user' && holdsPermission(actor, 'ledger:read')) return;
  throw new AftercareError('HTTP_METRICS_REFUSED', 'metrics need loopback or the token of a manager', {
    kind: actor.type === 'user' ? 'forbidden' : 'unauthenticated',
  });
}
