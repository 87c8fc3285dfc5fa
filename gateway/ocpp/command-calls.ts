import type { CommandAnswer } from '../commands/carrier.ts';

/** How a command of ours is said in OCPP 1.6, and what the station's answer means. */
export interface CommandCall {
  readonly action: string;
  payload(args: Readonly<Record<string, unknown>>): object;
  judge(answer: Readonly<Record<string, unknown>>): CommandAnswer;
}

type Status = CommandAnswer['status'];

/** By the name in the catalog of commands; the spec's clause stands beside each. */
export const COMMAND_CALLS: ReadonlyMap<string, CommandCall> = new Map([
  // 5.14: the station restarts after it has answered.
  ['reset', byStatus('Reset', { Accepted: 'accepted' })],
  // 5.18
  ['unlock_connector', byStatus('UnlockConnector', { Unlocked: 'done', UnlockFailed: 'failed' })],
  // 5.17
  ['trigger_message', byStatus('TriggerMessage', { Accepted: 'done' })],
  // 5.2: Scheduled waits for the end of a transaction.
  ['change_availability', byStatus('ChangeAvailability', { Accepted: 'done', Scheduled: 'accepted' })],
  // 5.8
  ['get_configuration', { action: 'GetConfiguration', payload: asItIs, judge: configuration }],
  // 5.3: RebootRequired has been stored too.
  ['change_configuration', byStatus('ChangeConfiguration', { Accepted: 'done', RebootRequired: 'done' })],
]);

function asItIs(args: object): object {
  return args;
}

/** What is not listed is a refusal: Rejected, NotSupported, NotImplemented. */
function byStatus(action: string, meanings: Readonly<Record<string, Status>>): CommandCall {
  return {
    action,
    payload: asItIs,
    judge: ({ status }) => {
      const word = String(status);
      return { status: meanings[word] ?? 'rejected', detail: word, result: null };
    },
  };
}

function configuration(answer: Readonly<Record<string, unknown>>): CommandAnswer {
  return { status: 'done', detail: null, result: answer };
}
