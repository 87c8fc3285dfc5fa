import type { DeviceKind } from '#contracts/metrics.ts';

/** A command on its way to a device that is connected here. */
export interface OutgoingCommand {
  readonly id: string;
  readonly deviceId: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Instant of the clock after which the answer is worth nothing. */
  readonly deadlineMs: number;
}

/**
 * What became of it. `sent`: it is on the wire and the device will tell; `accepted`: the device will do it and the
 * carrier will tell; `unsent`: nothing went out, as the device is not there after all, and it is queued again; the
 * others end it.
 */
export interface CommandAnswer {
  readonly status: 'sent' | 'unsent' | 'accepted' | 'done' | 'failed' | 'rejected';
  readonly detail: string | null;
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** A wire that carries commands to the devices of one kind. One per gateway; they do not know each other. */
export interface CommandCarrier {
  readonly kind: DeviceKind;
  isConnected(deviceId: string): boolean;
  /** Never rejects for what a device does. One command a device is in hand at a time; the others wait their turn. */
  send(command: OutgoingCommand): Promise<CommandAnswer>;
  /** Told when a device has become reachable here: what waits for it may go. */
  onReachable(listener: (deviceId: string) => void): void;
  /** Told when a device says that it has restarted, and no command that was sent here accounts for it. */
  onRestarted(listener: (deviceId: string) => void): void;
  /** Told what became of a command that was answered `sent` or `accepted`. */
  onAnswer(listener: (commandId: string, answer: CommandAnswer) => void): void;
}
