import type { Clock } from '#platform/clock.ts';
import type { CommandAnswer, OutgoingCommand } from '../commands/carrier.ts';

/** A command from its enqueue to its end. */
export interface CommandEntry {
  readonly command: OutgoingCommand;
  /** The first that is told of it. */
  readonly first: Promise<CommandAnswer>;
  /** The first settles `first`, what follows goes to the listeners, what follows an end to nobody. */
  tell(answer: CommandAnswer): void;
}

/** The commands of each device, one in hand at a time: a device that never answers delays nobody else. */
export interface CommandLines extends Disposable {
  /** The same id again is the same entry. */
  enqueue(command: OutgoingCommand): CommandEntry;
}

interface Line {
  readonly waiting: CommandEntry[];
  inHand: CommandEntry | undefined;
}

const MAX_WAITING = 32;
const SWEEP_MS = 1_000;

/** `carry` resolves when the next command may go. */
export function createCommandLines(deps: {
  readonly clock: Clock;
  readonly carry: (entry: CommandEntry) => Promise<void>;
  readonly onAnswer: (commandId: string, answer: CommandAnswer) => void;
}): CommandLines {
  const { clock, carry } = deps;
  const lines = new Map<string, Line>();

  const advance = (deviceId: string) => {
    const line = lines.get(deviceId);
    if (line === undefined || line.inHand !== undefined) return;
    const entry = line.waiting.shift();
    if (entry === undefined) {
      lines.delete(deviceId);
      return;
    }
    line.inHand = entry;
    void carry(entry).finally(() => {
      line.inHand = undefined;
      advance(deviceId);
    });
  };

  const sweep = () => {
    const now = clock.nowMs();
    for (const [deviceId, { waiting, inHand }] of lines) {
      for (const entry of waiting.filter(({ command }) => command.deadlineMs < now)) {
        waiting.splice(waiting.indexOf(entry), 1);
        entry.tell({ status: 'rejected', detail: 'deadline_passed', result: null });
      }
      if (waiting.length === 0 && inHand === undefined) lines.delete(deviceId);
    }
  };
  const timer = setInterval(sweep, SWEEP_MS);
  timer.unref();

  return {
    enqueue: (command) => {
      const line: Line = lines.get(command.deviceId) ?? { waiting: [], inHand: undefined };
      const same = [line.inHand, ...line.waiting].find((entry) => entry?.command.id === command.id);
      if (same !== undefined) return same;
      const entry = createEntry(command, deps.onAnswer);
      if (line.waiting.length >= MAX_WAITING) {
        entry.tell({ status: 'rejected', detail: 'too_many_commands', result: null });
        return entry;
      }
      lines.set(command.deviceId, line);
      line.waiting.push(entry);
      advance(command.deviceId);
      return entry;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function createEntry(
  command: OutgoingCommand,
  onAnswer: (commandId: string, answer: CommandAnswer) => void,
): CommandEntry {
  let settle: ((answer: CommandAnswer) => void) | undefined;
  let isEnded = false;
  const first = new Promise<CommandAnswer>((resolve) => {
    settle = resolve;
  });
  return {
    command,
    first,
    tell: (answer) => {
      if (isEnded || (settle === undefined && answer.status === 'sent')) return;
      isEnded = answer.status !== 'sent' && answer.status !== 'accepted';
      if (settle === undefined) onAnswer(command.id, answer);
      settle?.(answer);
      settle = undefined;
    },
  };
}
