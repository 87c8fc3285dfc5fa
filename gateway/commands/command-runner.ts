import type { Bus } from '#platform/bus/bus.ts';
import { sqlState, UNIQUE_VIOLATION } from '#platform/db/db.ts';
import type { Logger } from '#platform/log.ts';
import { coalesce } from '#platform/outbox/coalesce.ts';
import type { CommandAnswer, CommandCarrier } from './carrier.ts';
import { type ChangeDeps, endOverdue, takeNews } from './change-commands.ts';
import { claimNext, devicesWaitingHere } from './claim-next.ts';
import { deadlineMs } from './command-deadlines.ts';
import type { CommandRow } from './command-rows.ts';
import { COMMANDS_CHANNEL, deviceOfWake } from './command-wakes.ts';
import { createNewsQueue } from './news-queue.ts';
import { createRestarts } from './restarts.ts';

export interface CommandRunnerDeps extends ChangeDeps {
  readonly log: Logger;
  readonly bus: Bus;
  readonly carriers: readonly CommandCarrier[];
}

export interface CommandRunnerConfig {
  readonly nodeId: string;
}

const SWEEP_MS = 2_000;
const SHORTEST_SWEEP_MS = 100;
const CLAIMED_AT_ONCE = 200;
const UNSENT: CommandAnswer = { status: 'unsent', detail: null, result: null };
const BROKEN: CommandAnswer = { status: 'failed', detail: 'carrier_failed', result: null };

/**
 * Sends queued commands to the devices that are connected to this node, one a device at a time and in the order they
 * were queued. Woken by the bus and by devices that become reachable; a sweep each two seconds finds what was missed
 * and ends what has passed its deadline, also while Redis and with it the jobs are away. Disposing does not wait for
 * answers.
 */
export function startCommandRunner(
  deps: CommandRunnerDeps,
  { nodeId }: CommandRunnerConfig,
): AsyncDisposable {
  const { db, clock, log, bus, carriers } = deps;
  const carrierOf = (deviceId: string) => carriers.find((carrier) => carrier.isConnected(deviceId));
  const wanted = new Set<string>();
  /** Devices that nothing could be sent to just now: they wait for the sweep. */
  const paused = new Set<string>();
  const news = createNewsQueue({ log, take: (batch) => takeNews(deps, batch) });
  const restarts = createRestarts({ db, clock, log, put: news.put });
  const report = (commandId: string, { status, detail, result }: CommandAnswer) => {
    if (status !== 'sent') news.put({ commandId, step: status, detail, result, atMs: clock.nowMs() });
  };
  const send = async (row: CommandRow) => {
    const carrier = carrierOf(row.device_id);
    const answer = carrier === undefined ? UNSENT : await carry(carrier, row, log);
    if (answer.status === 'unsent') paused.add(row.device_id);
    report(row.id, answer);
  };
  const claiming = coalesce(
    async () => {
      while (wanted.size > 0) {
        const deviceIds = [...wanted].slice(0, CLAIMED_AT_ONCE);
        for (const deviceId of deviceIds) wanted.delete(deviceId);
        const rows = await claimNext(deps, nodeId, deviceIds);
        for (const row of rows) void send(row);
      }
    },
    (error) => {
      if (sqlState(error) !== UNIQUE_VIOLATION)
        log.warn({ err: error }, 'commands not claimed; trying again');
    },
  );
  const want = (deviceId: string) => {
    if (paused.has(deviceId) || carrierOf(deviceId) === undefined) return;
    wanted.add(deviceId);
    claiming.request();
  };
  const leave = bus.subscribe(COMMANDS_CHANNEL, (payload) => {
    const deviceId = deviceOfWake(payload);
    if (deviceId !== undefined) want(deviceId);
  });
  for (const carrier of carriers) {
    carrier.onAnswer(report);
    carrier.onRestarted(restarts.restarted);
    carrier.onReachable((deviceId) => {
      paused.delete(deviceId);
      want(deviceId);
    });
  }
  const sweeping = coalesce(
    async () => {
      paused.clear();
      restarts.retry();
      while (await endOverdue(deps)) log.debug('many commands have passed their deadline');
      for (const deviceId of await devicesWaitingHere(db, nodeId)) want(deviceId);
    },
    (error) => log.debug({ err: error }, 'commands not swept; trying again'),
  );
  const sweep = setInterval(sweeping.request, Math.max(SHORTEST_SWEEP_MS, clock.wallDelayMs(SWEEP_MS)));
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(sweep);
      leave();
      await Promise.all([sweeping.close(), claiming.close(), restarts.close()]);
      await news.close();
    },
  };
}

async function carry(carrier: CommandCarrier, row: CommandRow, log: Logger): Promise<CommandAnswer> {
  try {
    return await carrier.send({
      id: row.id,
      deviceId: row.device_id,
      name: row.name,
      args: row.args,
      deadlineMs: deadlineMs(row),
    });
  } catch (error) {
    log.error({ err: error, commandId: row.id, deviceId: row.device_id }, 'a command could not be carried');
    return BROKEN;
  }
}
