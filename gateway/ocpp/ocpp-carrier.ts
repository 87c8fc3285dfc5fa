import type { Clock } from '#platform/clock.ts';
import type { Logger } from '#platform/log.ts';
import type { CommandAnswer, CommandCarrier } from '../commands/carrier.ts';
import { type AvailabilityChanges, createAvailabilityChanges } from './availability-changes.ts';
import type { BootGate } from './boot-gate.ts';
import { COMMAND_CALLS, type CommandCall } from './command-calls.ts';
import { type CommandEntry, createCommandLines } from './command-lines.ts';
import type { StationAnswer } from './ocpp-rpc.ts';
import { createSessionGuard, type SessionGuard } from './session-guard.ts';
import type { SessionsRunning } from './sessions-running.ts';
import type { Station } from './station.ts';

/** The carrier, and what the connections tell it. */
export interface OcppCarrier extends Disposable {
  readonly port: CommandCarrier;
  /** The station has connected, again or anew. */
  connected(deviceId: string): void;
  /** The station says that it has restarted. */
  booted(deviceId: string): void;
  /** The station has told the status of a connector, or of itself. */
  reported(deviceId: string, component: string): void;
}

interface CarrierDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: BootGate;
  readonly sessions: SessionsRunning;
  readonly find: (deviceId: string) => Station | undefined;
}

interface CarrierConfig {
  /** How long a station may take for its answer before the next command has its turn. */
  readonly answerWithinMs: number;
}

const KIND = 'charging_pile';

/**
 * One call a station is outstanding at a time (J-spec 4.1.1). Deadlines count from enqueue: what has not been sent by
 * then never is. A restart is done when the station has come back.
 */
export function createOcppCarrier(deps: CarrierDeps, config: CarrierConfig): OcppCarrier {
  const { clock, find, sessions, log } = deps;
  const resets = new Map<string, CommandEntry>();
  const reachable: ((deviceId: string) => void)[] = [];
  const restarted: ((deviceId: string) => void)[] = [];
  const answered: ((commandId: string, answer: CommandAnswer) => void)[] = [];
  const changes = createAvailabilityChanges({
    clock,
    done: (entry) => entry.tell(answer('done', 'changed')),
  });
  const guard = createSessionGuard(deps, config);
  const lines = createCommandLines({
    clock,
    carry: (entry) => carry({ ...deps, config, guard, resets, changes }, entry),
    onAnswer: (commandId, answer) => {
      for (const listener of answered) listener(commandId, answer);
    },
  });
  const returned = (deviceId: string) => {
    const reset = resets.get(deviceId);
    resets.delete(deviceId);
    if (reset && reset.command.deadlineMs >= clock.nowMs()) reset.tell(answer('done', 'restarted'));
    return reset !== undefined;
  };
  return {
    port: {
      kind: KIND,
      isConnected: (deviceId) => find(deviceId) !== undefined,
      send: (command) => lines.enqueue(command).first,
      onReachable: (listener) => reachable.push(listener),
      onRestarted: (listener) => restarted.push(listener),
      onAnswer: (listener) => answered.push(listener),
    },
    connected: (deviceId) => {
      sessions.connected(deviceId, clock.nowMs());
      guard.heard(deviceId);
      returned(deviceId);
      for (const listener of reachable) listener(deviceId);
    },
    booted: (deviceId) => {
      sessions.restarted(deviceId);
      if (returned(deviceId)) return;
      for (const listener of restarted) listener(deviceId);
    },
    reported: (deviceId, component) => {
      guard.heard(deviceId);
      if (!changes.hasWaiting(deviceId)) return;
      sessions.connectorsOf(deviceId).then(
        (connectors) => changes.reported(deviceId, component, connectors),
        (error: unknown) => log.warn({ err: error, deviceId }, 'what the connectors said is not known'),
      );
    },
    [Symbol.dispose]: lines[Symbol.dispose],
  };
}

interface CarryDeps extends CarrierDeps {
  readonly config: CarrierConfig;
  readonly guard: SessionGuard;
  readonly resets: Map<string, CommandEntry>;
  readonly changes: AvailabilityChanges;
}

interface Carried {
  readonly station: Station;
  readonly entry: CommandEntry;
}

/** Resolves when the next command may go. */
async function carry(deps: CarryDeps, entry: CommandEntry): Promise<void> {
  const { clock } = deps;
  const { command, tell } = entry;
  const call = COMMAND_CALLS.get(command.name);
  if (call === undefined) return tell(answer('rejected', 'unknown_command'));
  const station = deps.find(command.deviceId);
  if (station === undefined) return tell(answer('unsent', null));
  const isLate = () => command.deadlineMs <= clock.nowMs();
  const objection = isLate() ? null : await deps.guard.objectionTo(command, station);
  if (objection === 'gone') return tell(answer('unsent', null));
  if (objection !== null) return tell(answer('rejected', objection));
  if (isLate()) return tell(answer('rejected', 'deadline_passed'));
  const leftMs = command.deadlineMs - clock.nowMs();
  await exchange(deps, { station, entry }, { call, leftMs: clock.wallDelayMs(leftMs) });
}

async function exchange(
  { config, resets, changes, gate, log }: CarryDeps,
  { station, entry }: Carried,
  { call, leftMs }: { readonly call: CommandCall; readonly leftMs: number },
): Promise<void> {
  const { command, tell } = entry;
  const isReset = command.name === 'reset';
  const isChange = command.name === 'change_availability';
  if (isReset) resets.set(command.deviceId, entry);
  if (isChange) changes.sending(entry);
  if (command.name === 'trigger_message') {
    gate.asked(station.device.ref, String(command.args.requestedMessage));
  }
  const timeoutMs = Math.max(1, Math.min(leftMs, config.answerWithinMs));
  const said = await station.socket.call(call.action, call.payload(command.args), timeoutMs);
  const judged = judge(call, said);
  if (isReset && judged.status !== 'accepted' && judged.status !== 'sent') resets.delete(command.deviceId);
  if (judged.status === 'sent') {
    log.info({ deviceId: command.deviceId, commandId: command.id }, 'a station did not answer a command');
  }
  tell(judged);
  if (!isChange) return;
  if (judged.status === 'accepted') changes.scheduled(entry);
  else changes.ended(entry);
}

/** Silence and a lost connection say nothing: the command stays `sent` until its deadline. */
function judge(call: CommandCall, said: StationAnswer): CommandAnswer {
  if (said.kind === 'gone') return answer('unsent', null);
  if (said.kind === 'none') return answer('sent', null);
  if (said.kind === 'invalid') return answer('failed', 'answer_invalid');
  if (said.kind === 'result') return call.judge(said.payload);
  const isRefusal = said.code === 'NotSupported' || said.code === 'NotImplemented';
  return answer(isRefusal ? 'rejected' : 'failed', said.code);
}

function answer(status: CommandAnswer['status'], detail: string | null): CommandAnswer {
  return { status, detail, result: null };
}
