import type { Static } from 'typebox';
import type { CommandAnswer } from '#contracts/mqtt.ts';
import type { DeviceEvent } from './reading.ts';

/** What a device said of a command that it was sent. */
export interface DeviceAnswer {
  readonly deviceId: string;
  readonly commandId: string;
  readonly status: Static<typeof CommandAnswer>['status'];
  readonly detail: string | null;
  readonly atMs: number;
}

/** The answers among the events of these batches, in order. */
export function commandAnswersOf(
  batches: readonly { readonly events: readonly DeviceEvent[] }[],
): DeviceAnswer[] {
  const answers: DeviceAnswer[] = [];
  for (const { events } of batches) {
    for (const { type, deviceId, state, detail, observedAtMs } of events) {
      if (type !== 'cmd_ack') continue;
      const told = detail as { readonly id: string; readonly detail: string | null };
      const status = state as DeviceAnswer['status'];
      answers.push({ deviceId, commandId: told.id, status, detail: told.detail, atMs: observedAtMs });
    }
  }
  return answers;
}
