import type { CommandStatus } from '#contracts/commands.ts';
import type { Metrics } from '#platform/metrics/metrics.ts';

export interface CountCommands {
  ended(outcome: CommandStatus): void;
  /** Answers that changed nothing: of no command of ours, of another device's, repeated, or after the end. */
  ignored(reason: string, answers: number): void;
}

export function createCommandCounter(metrics: Metrics): CountCommands {
  const ended = metrics.counter('aftercare_commands_total', 'Commands by how they ended', ['outcome']);
  const ignored = metrics.counter(
    'aftercare_command_answers_ignored_total',
    'Answers to commands that changed nothing',
    ['reason'],
  );
  return {
    ended: (outcome) => ended.inc({ outcome }),
    ignored: (reason, answers) => {
      if (answers > 0) ignored.inc({ reason }, answers);
    },
  };
}
