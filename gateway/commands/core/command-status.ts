import { COMMAND_ENDS, type CommandStatus } from '#contracts/commands.ts';

/** What happens to a command: what its device or its carrier says, what the clock does, or that nobody wants it any more. */
export type CommandStep =
  | 'sent'
  | 'unsent'
  | 'accepted'
  | 'done'
  | 'failed'
  | 'rejected'
  | 'deadline'
  | 'withdraw';

/**
 * What a step does: the status it leads to, a note on a command that has ended otherwise, or nothing because it is
 * old news or out of turn.
 */
export type CommandMove =
  | { readonly type: 'move'; readonly to: CommandStatus }
  | { readonly type: 'note' }
  | { readonly type: 'ignore' };

type Moves = Readonly<Partial<Record<CommandStep, CommandStatus>>>;

const ANSWERS: Moves = { done: 'done', failed: 'failed', rejected: 'rejected', deadline: 'timed_out' };

const MOVES: Readonly<Partial<Record<CommandStatus, Moves>>> = {
  queued: { sent: 'sent', deadline: 'expired', withdraw: 'expired' },
  sent: { ...ANSWERS, accepted: 'accepted', unsent: 'queued' },
  accepted: ANSWERS,
};

const NEWS: ReadonlySet<CommandStep> = new Set(['accepted', 'done', 'failed', 'rejected']);
const ENDED_BY_US: ReadonlySet<CommandStatus> = new Set(['timed_out', 'expired']);

/** Guards every change of a command. An end is final: an answer that comes after it is only noted. */
export function judgeStep(status: CommandStatus, step: CommandStep): CommandMove {
  const to = MOVES[status]?.[step];
  if (to !== undefined) return { type: 'move', to };
  const isLate = COMMAND_ENDS.has(status) && NEWS.has(step) && step !== status;
  const tellsNothing = step === 'accepted' && !ENDED_BY_US.has(status);
  return isLate && !tellsNothing ? { type: 'note' } : { type: 'ignore' };
}
