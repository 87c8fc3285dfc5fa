import type { Command } from '#contracts/commands.ts';
import type { Bus } from '#platform/bus/bus.ts';
import type { Tx } from '#platform/db/db.ts';
import type { Routes } from '#platform/http/routes.ts';
import type { Logger } from '#platform/log.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import type { CommandCarrier } from './carrier.ts';
import { type ChangeDeps, takeNews } from './change-commands.ts';
import { createCommandCounter } from './command-metrics.ts';
import { commandRoutes } from './command-routes.ts';
import { type CommandRunnerConfig, startCommandRunner } from './command-runner.ts';
import { createCommandWaker } from './command-wakes.ts';
import type { UnitHazards } from './queue-by-hand.ts';
import { type CommandRequest, queueCommand } from './queue-command.ts';
import { type Withdrawal, withdrawCommands } from './withdraw-commands.ts';

/** What a device says became of a command. */
export interface DeviceAnswer {
  readonly deviceId: string;
  readonly commandId: string;
  readonly status: 'accepted' | 'done' | 'failed' | 'rejected';
  readonly detail: string | null;
  readonly atMs: number;
}

/** The command ledger. Opens nothing until its runner starts. */
export interface Commands {
  readonly routes: Routes;
  readonly consumers: readonly Consumer[];
  /** Puts a command in its device's queue, in the caller's transaction; see {@link queueCommand}. */
  queue(tx: Tx, request: CommandRequest): Promise<Command>;
  /** Ends what has not gone out yet, in the caller's transaction; see {@link withdrawCommands}. */
  withdraw(tx: Tx, withdrawal: Withdrawal): Promise<void>;
  /** Takes up answers in the order given; the same ones may come again. Rejects while the database is away. */
  recordAnswers(answers: readonly DeviceAnswer[]): Promise<void>;
  /** Sends commands to what is connected to this node. Call it when the carriers are there. */
  startRunner(carriers: readonly CommandCarrier[], config: CommandRunnerConfig): AsyncDisposable;
}

export type CommandDeps = Omit<ChangeDeps, 'count'> & {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly hazards: UnitHazards;
};

export function createCommands(deps: CommandDeps): Commands {
  const { log, bus, metrics } = deps;
  const changes: ChangeDeps = { ...deps, count: createCommandCounter(metrics) };
  return {
    routes: commandRoutes({ ...changes, hazards: deps.hazards }),
    consumers: [createCommandWaker({ bus })],
    queue: (tx, request) => queueCommand(deps, tx, request),
    withdraw: async (tx, withdrawal) => void (await withdrawCommands(changes, tx, withdrawal)),
    recordAnswers: (answers) =>
      takeNews(
        changes,
        answers.map(({ status, ...answer }) => ({ ...answer, step: status, result: null })),
      ),
    startRunner: (carriers, config) => startCommandRunner({ ...changes, log, bus, carriers }, config),
  };
}
