import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { isDeviceId } from '#contracts/ids.ts';
import { isoTime } from '#contracts/time.ts';
import { actorId, holdsPermission } from '#platform/auth/actor.ts';
import type { Clock } from '#platform/clock.ts';
import { AftercareError, invalidField } from '#platform/errors.ts';
import { type Authenticator, readCredentials } from '#platform/http/access.ts';
import type { HttpInstance } from '#platform/http/routes.ts';
import { createStallGuard, type StallGuard } from '#platform/sse/events-route.ts';
import type { LiveItem } from './live-item.ts';
import type { LiveValues } from './live-values.ts';
import type { Watcher } from './live-watchers.ts';

export interface LiveRouteDeps {
  readonly live: Pick<LiveValues, 'watch'>;
  readonly auth: Authenticator;
  readonly clock: Clock;
}

const PERMISSION = 'telemetry:read';
const MAX_DEVICES = 200;
/** Whether the watcher may still look is asked before a telling, the first and then so long after the last time. */
const ASK_AFTER_MS = 3_000;
/** Streams of one user on one node, at most. */
const MAX_STREAMS = 10;

function idsOf(text: string): string[] {
  const ids = [...new Set(text.split(',').filter((id) => id !== ''))];
  if (ids.length === 0) throw invalidField('TELEMETRY_DEVICES_MISSING', 'deviceIds', 'name one at least');
  if (ids.length > MAX_DEVICES) {
    throw invalidField('TELEMETRY_TOO_MANY_DEVICES', 'deviceIds', `at most ${MAX_DEVICES}`);
  }
  const wrong = ids.find((id) => !isDeviceId(id));
  if (wrong === undefined) return ids;
  throw invalidField('TELEMETRY_DEVICE_INVALID', 'deviceIds', `${wrong.slice(0, 64)} is no id of a device`);
}

function shown({ observedAtMs, ...rest }: LiveItem) {
  return { ...rest, observedAt: isoTime(observedAtMs) };
}

async function* follow({
  watcher,
  stall,
  clock,
  isWelcome,
}: {
  readonly watcher: Watcher;
  readonly stall: StallGuard;
  readonly clock: Clock;
  readonly isWelcome: () => Promise<boolean>;
}) {
  const { bell } = watcher;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  while (!bell.isClosed()) {
    bell.listen();
    const items = watcher.take();
    if (items.length === 0) {
      await bell.rung();
      continue;
    }
    if (clock.nowMs() - askedAtMs >= ASK_AFTER_MS) {
      askedAtMs = clock.nowMs();
      if (!(await isWelcome())) return;
    }
    stall.arm();
    yield { event: 'telemetry', data: { items: items.map(shown) } };
    stall.stop();
  }
}

/** Counts the streams of each user; `enter` gives how to leave. */
function createStreamCap() {
  const byUser = new Map<string, number>();
  return {
    enter(userId: string): () => void {
      const open = byUser.get(userId) ?? 0;
      if (open >= MAX_STREAMS) {
        throw new AftercareError(
          'LIVE_TOO_MANY_STREAMS',
          `you have ${MAX_STREAMS} streams of live values open here: close one first`,
          { kind: 'too_many' },
        );
      }
      byUser.set(userId, open + 1);
      return () => {
        const left = (byUser.get(userId) ?? 1) - 1;
        if (left > 0) byUser.set(userId, left);
        else byUser.delete(userId);
      };
    },
  };
}

function watchOr(leave: () => void, watch: () => Watcher): Watcher {
  try {
    return watch();
  } catch (error) {
    leave();
    throw error;
  }
}

/** The newest values of some devices as they come. A slow client gets the newest only and costs no more. */
export function liveRoutes(app: HttpInstance, { live, auth, clock }: LiveRouteDeps): void {
  const open = new Set<FastifyReply>();
  const cap = createStreamCap();
  app.addHook('preClose', async () => {
    for (const reply of open) reply.sse.close();
  });
  app.get(
    '/telemetry/live',
    {
      sse: 'only',
      exposeHeadRoute: false,
      config: { permission: PERMISSION },
      schema: {
        tags: ['telemetry'],
        summary: 'Newest values of some devices as they come, as a stream of server-sent events',
        description:
          'Needs `Accept: text/event-stream`. Each event is `telemetry`; its `data` has `items` as GET /telemetry/latest has them, with the values that came since, each component at most once a second. What came before is told by GET /telemetry/latest. The stream ends soon after its user may not read telemetry any more. 429 `LIVE_TOO_MANY_STREAMS`: ten streams a user.',
        querystring: Type.Object({
          deviceIds: Type.String({
            maxLength: 13_000,
            description: `comma-separated, at most ${MAX_DEVICES}`,
          }),
        }),
      },
    },
    async (request, reply) => {
      const deviceIds = idsOf(request.query.deviceIds);
      const leave = cap.enter(actorId(request.actor));
      const watcher = watchOr(leave, () => live.watch(deviceIds));
      const { token = '' } = readCredentials(request) ?? {};
      const stall = createStallGuard(() => request.raw.destroy());
      open.add(reply);
      reply.sse.onClose(() => {
        open.delete(reply);
        stall.stop();
        watcher.close();
        leave();
      });
      reply.sse.sendHeaders();
      reply.raw.flushHeaders();
      const isWelcome = async () => {
        const actor = await auth.resolve(token);
        return actor !== null && holdsPermission(actor, PERMISSION);
      };
      await reply.sse.send(follow({ watcher, stall, clock, isWelcome }));
    },
  );
}
