import { findCommand } from '#contracts/commands.ts';
import { connectorComponent } from '#contracts/ocpp.ts';
import type { Clock } from '#platform/clock.ts';
import type { Logger } from '#platform/log.ts';
import type { OutgoingCommand } from '../commands/carrier.ts';
import type { BootGate } from './boot-gate.ts';
import type { SessionsRunning } from './sessions-running.ts';
import type { Station } from './station.ts';

/** Keeps back what would end a charging session. */
export interface SessionGuard {
  /** Null: it may go, at once. `gone`: the station is not on that connection any more; the others are final. */
  objectionTo(command: OutgoingCommand, station: Station): Promise<Objection | null>;
  /** Something has changed for the station: it has told a status, or connected. */
  heard(deviceId: string): void;
}

export type Objection = 'session_running' | 'session_unknown' | 'gone';

interface GuardDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: BootGate;
  readonly sessions: SessionsRunning;
  readonly find: (deviceId: string) => Station | undefined;
}

const TOLD_WITHIN_MS = 10_000;
/** For connectors that nobody has heard of before: stations tell of them one after the other. */
const REST_WITHIN_MS = 1_000;
const ASKED_FOR = 'StatusNotification';

/** A station that has not told its state on this connection is asked for it once, and has 10 s or `answerWithinMs`. */
export function createSessionGuard(
  deps: GuardDeps,
  { answerWithinMs }: { readonly answerWithinMs: number },
): SessionGuard {
  const { clock, log, sessions } = deps;
  const waiting = new Map<string, () => void>();
  const isGone = (station: Station) => deps.find(station.device.ref.id) !== station;

  const untilTold = (deviceId: string, { isOver, withinMs }: Wait) =>
    new Promise<void>((resolve) => {
      const stop = () => {
        clearTimeout(timer);
        waiting.delete(deviceId);
        resolve();
      };
      const timer = setTimeout(stop, withinMs);
      timer.unref();
      waiting.set(deviceId, () => {
        if (isOver()) stop();
      });
    });

  const ask = async (command: OutgoingCommand, station: Station) => {
    const leftMs = clock.wallDelayMs(command.deadlineMs - clock.nowMs());
    const withinMs = Math.max(1, Math.min(TOLD_WITHIN_MS, answerWithinMs, leftMs));
    const { connectorId } = command.args;
    const untilMs = performance.now() + withinMs;
    deps.gate.asked(station.device.ref, ASKED_FOR);
    const payload = { requestedMessage: ASKED_FOR, ...(connectorId !== undefined && { connectorId }) };
    await station.socket.call('TriggerMessage', payload, withinMs);
    const verdict = () => sessions.verdict(command.deviceId, componentOf(command));
    const wait = async (longestMs: number, isOver: () => boolean) => {
      const isDone = () => isGone(station) || isOver();
      const leftMs = Math.min(longestMs, untilMs - performance.now());
      if (leftMs > 0 && !isDone()) await untilTold(command.deviceId, { isOver: isDone, withinMs: leftMs });
    };
    await wait(withinMs, () => !verdict().isUntold);
    await wait(clock.wallDelayMs(REST_WITHIN_MS), () => verdict().isRunning);
  };

  const look = async (command: OutgoingCommand, station: Station): Promise<Objection | null> => {
    const component = componentOf(command);
    await sessions.load(command.deviceId);
    if (isGone(station)) return 'gone';
    if (sessions.verdict(command.deviceId, component).isUntold) {
      await ask(command, station);
      if (isGone(station)) return 'gone';
    }
    const { isRunning, isUntold } = sessions.verdict(command.deviceId, component);
    if (isRunning) return 'session_running';
    return isUntold ? 'session_unknown' : null;
  };

  return {
    objectionTo: async (command, station) => {
      if (findCommand('charging_pile', command.name)?.endsSession !== true) return null;
      try {
        return await look(command, station);
      } catch (error) {
        log.warn({ err: error, deviceId: command.deviceId }, 'whether a vehicle charges is not known');
        return 'session_unknown';
      }
    },
    heard: (deviceId) => waiting.get(deviceId)?.(),
  };
}

interface Wait {
  readonly isOver: () => boolean;
  readonly withinMs: number;
}

function componentOf({ args: { connectorId } }: OutgoingCommand): string {
  return typeof connectorId === 'number' ? connectorComponent(connectorId) : '';
}
