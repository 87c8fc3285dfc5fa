import type { Command } from '#contracts/commands.ts';
import type { CommandAnswer, CommandCarrier, OutgoingCommand } from '#gateway/commands/carrier.ts';
import { type Commands, createCommands } from '#gateway/commands/commands.ts';
import type { CommandRequest } from '#gateway/commands/queue-command.ts';
import type { DeviceDeps } from '#gateway/devices/device-records.ts';
import { createLocalBus } from '#platform/bus/local-bus.ts';
import { type Clock, createManualClock, type ManualClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { startOutbox } from '#platform/outbox/outbox-runner.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { type FeatureApp, openFeatureApp } from './feature-app.ts';
import { openTestDatabase, type TestDatabase } from './test-database.ts';
import { createDeviceDeps } from './test-devices.ts';

/** A wire whose devices do what the test says. */
interface ScriptedCarrier extends CommandCarrier {
  readonly sent: OutgoingCommand[];
  /** What `send` answers; a promise that never settles is a device that never answers. */
  answerWith(answer: (command: OutgoingCommand) => CommandAnswer | Promise<CommandAnswer>): void;
  connect(deviceId: string): void;
  disconnect(deviceId: string): void;
  restart(deviceId: string): void;
  tell(commandId: string, status: CommandAnswer['status'], detail?: string): void;
}

export function createScriptedCarrier(): ScriptedCarrier {
  const connected = new Set<string>();
  const reachable: ((deviceId: string) => void)[] = [];
  const restarted: ((deviceId: string) => void)[] = [];
  const answered: ((commandId: string, answer: CommandAnswer) => void)[] = [];
  let answer: Parameters<ScriptedCarrier['answerWith']>[0] = () => answerOf('sent');
  const sent: OutgoingCommand[] = [];
  return {
    kind: 'charging_pile',
    sent,
    isConnected: (deviceId) => connected.has(deviceId),
    send: async (command) => {
      sent.push(command);
      return answer(command);
    },
    onReachable: (listener) => reachable.push(listener),
    onRestarted: (listener) => restarted.push(listener),
    onAnswer: (listener) => answered.push(listener),
    answerWith: (next) => {
      answer = next;
    },
    connect: (deviceId) => {
      connected.add(deviceId);
      for (const listener of reachable) listener(deviceId);
    },
    disconnect: (deviceId) => void connected.delete(deviceId),
    restart: (deviceId) => {
      for (const listener of restarted) listener(deviceId);
    },
    tell: (commandId, status, detail) => {
      for (const listener of answered) listener(commandId, answerOf(status, detail));
    },
  };
}

export function answerOf(status: CommandAnswer['status'], detail: string | null = null): CommandAnswer {
  return { status, detail, result: null };
}

export interface TestCommands extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly deps: DeviceDeps;
  readonly clock: ManualClock;
  readonly commands: Commands;
  /** What is said of every unit. */
  readonly hazards: { isInDanger: boolean; isAttended: boolean };
  readonly call: FeatureApp['call'];
  /** A node with these wires, until the test ends. */
  startNode(nodeId: string, ...carriers: CommandCarrier[]): AsyncDisposable;
  queue(request: Partial<CommandRequest> & { deviceId: string }): Promise<Command>;
  read(id: string): Promise<Command>;
  counted(metric: string, label: string): Promise<number>;
}

/** The command ledger over a database of its own, with real outbox and bus. */
export async function openTestCommands(): Promise<TestCommands> {
  const database = await openTestDatabase();
  const { db, pool } = database;
  const clock = createManualClock(Date.now());
  const deps = createDeviceDeps(db);
  await deps.registry.load();
  const log = createLog({ level: 'silent', format: 'json' });
  const metrics = createMetrics();
  const consumers: Consumer[] = [];
  const outbox = createOutbox({ clock }, { consumers });
  const bus = createLocalBus({ log });
  const hazards = { isInDanger: false, isAttended: false };
  const commands = createCommands({
    db,
    clock,
    audit: deps.audit,
    outbox,
    log,
    metrics,
    bus,
    hazards: { of: async () => hazards },
  });
  consumers.push(...commands.consumers);
  const events = startOutbox({ db, pool, log, metrics, outbox }, { consumers });
  const app = await openFeatureApp({ db, clock: wall(clock) }, [commands.routes]);
  const nodes: AsyncDisposable[] = [];
  const read = async (id: string) => (await app.call('GET', `/commands/${id}`)).json<Command>();
  return {
    database,
    deps,
    clock,
    commands,
    hazards,
    call: app.call,
    startNode: (nodeId, ...carriers) => {
      const node = commands.startRunner(carriers, { nodeId });
      nodes.push(node);
      return node;
    },
    queue: async (request) => {
      const command = await db.transaction().execute((tx) =>
        commands.queue(tx, {
          component: '',
          name: 'get_configuration',
          ticketId: null,
          requestedBy: { type: 'system', name: 'test' },
          ...request,
        }),
      );
      outbox.wake();
      return command;
    },
    read,
    counted: async (metric, label) => {
      const found = await metrics.registry.getSingleMetric(metric)?.get();
      return found?.values.find(({ labels }) => Object.values(labels).includes(label))?.value ?? 0;
    },
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes) await node[Symbol.asyncDispose]();
      await events[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

function wall(clock: ManualClock): Clock {
  return { nowMs: clock.nowMs, wallDelayMs: (spanMs) => spanMs };
}
