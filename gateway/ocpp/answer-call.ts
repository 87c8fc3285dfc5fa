import type { LoggedCall } from '#contracts/ocpp.ts';
import type { RawSink } from '#contracts/raw-message.ts';
import type { ActionDeps, Meaning } from './actions/action.ts';
import { ACTIONS } from './actions/actions.ts';
import { CallError } from './call-error.ts';
import { type RefusedCall, refusedCall } from './dead-letters.ts';
import { type InboundCall, requireValid } from './ocpp-rpc.ts';
import type { CallOutcome } from './refusals.ts';
import type { Station } from './station.ts';

export interface AnswerDeps extends ActionDeps {
  readonly sink: RawSink;
  readonly deadLetter: (refused: RefusedCall) => void;
}

/** The log did not take the message: the station must send it again, so it gets no answer at all. */
export class LogRefusedError extends Error {}

/** J-spec 4.2.1 says 36; some stations write longer ones. */
const MAX_MESSAGE_ID = 128;
const KEPT_APART: ReadonlySet<string> = new Set(['Heartbeat', 'Authorize']);

/** Resolves to the CALLRESULT's payload once what the call carries is in the log; rejects with a CallError. */
export async function answerCall(deps: AnswerDeps, station: Station, call: InboundCall): Promise<object> {
  const action = ACTIONS.get(call.action);
  if (action === undefined) {
    const code = 'GATEWAY_ACTION_UNKNOWN';
    refuse(deps, station, { call, outcome: 'unsupported', code, field: call.action });
    throw new CallError('NotImplemented', 'this action is not implemented');
  }
  requireWellFormed(deps, station, call);
  const device = station.device.ref;
  if (!deps.gate.isAllowed(device, call.action)) {
    const code = 'GATEWAY_CALL_PENDING';
    refuse(deps, station, { call, outcome: 'pending', code, field: call.action });
    throw new CallError('SecurityError', 'not accepted yet: send BootNotification and wait');
  }
  try {
    const meaning = await action(deps, device, call.payload as object);
    if (meaning.kept !== undefined) await keep(deps, station, { call, meaning });
    deps.counters.called(call.action, 'answered');
    return meaning.reply();
  } catch (error) {
    deps.counters.called(call.action, 'failed');
    throw error;
  }
}

function requireWellFormed(deps: AnswerDeps, station: Station, call: InboundCall): void {
  try {
    if (call.messageId.length > MAX_MESSAGE_ID) {
      throw new CallError('FormationViolation', 'the message id is longer than 36 characters', 'messageId');
    }
    requireValid(call.action, 'req', call.payload);
  } catch (error) {
    const field = error instanceof CallError ? error.field : '';
    refuse(deps, station, { call, outcome: 'invalid', code: 'GATEWAY_CALL_INVALID', field });
    throw error;
  }
}

interface Refusal {
  readonly call: InboundCall;
  readonly outcome: CallOutcome;
  readonly code: RefusedCall['code'];
  readonly field: string;
}

function refuse(deps: AnswerDeps, { device }: Station, { call, outcome, code, field }: Refusal): void {
  deps.counters.called(ACTIONS.has(call.action) ? call.action : 'other', outcome);
  if (outcome === 'pending' && KEPT_APART.has(call.action)) return;
  deps.deadLetter(refusedCall(device.ref.id, code, { field, text: call.text }));
}

function keep(
  { sink, clock }: AnswerDeps,
  { device }: Station,
  { call, meaning }: { readonly call: InboundCall; readonly meaning: Meaning },
): Promise<void> {
  const logged: LoggedCall = [call.action, meaning.kept, meaning.promised ?? {}];
  return new Promise((resolve, reject) => {
    sink.accept({
      protocol: 'ocpp',
      device: device.ref,
      channel: 'ocpp',
      payload: Buffer.from(JSON.stringify(logged)),
      receivedAtMs: clock.nowMs(),
      isDuplicateFlagged: false,
      packetId: 0,
      session: `${device.ref.id}/${call.messageId}`,
      qos: 1,
      acknowledge: (error) => {
        if (error === undefined || error === null) resolve();
        else reject(new LogRefusedError(error.message, { cause: error }));
      },
    });
  });
}
