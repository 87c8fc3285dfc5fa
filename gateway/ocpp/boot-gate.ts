import type { DeviceRef } from '#contracts/point-batch.ts';
import type { Clock } from '#platform/clock.ts';

/**
 * Which stations are held in Pending, and what they may say meanwhile. An operator holds a station by the label
 * `ocpp.boot` = `pending`, and lets it go by taking the label away; it asks again after the retry interval.
 */
export interface BootGate {
  /** A BootNotification: the decision stands until the next one. */
  decide(device: DeviceRef): 'Accepted' | 'Pending';
  /** Whether a call of the station is to be handled. */
  isAllowed(device: DeviceRef, action: string): boolean;
  /** We have asked the station for this message. */
  asked(device: DeviceRef, action: string): void;
}

const LABEL = 'ocpp.boot';
/** How long after our TriggerMessage the answers count as asked for; one may be several calls. */
const ASKED_MS = 60_000;

/**
 * A station that was told Accepted goes on over reconnects, which come without a BootNotification (J-spec 5.4), and
 * so does any that we know nothing of after our own restart.
 */
export function createBootGate({ clock }: { readonly clock: Clock }): BootGate {
  const accepted = new Set<string>();
  const asked = new Map<string, number>();
  const isHeld = (device: DeviceRef) => device.labels[LABEL] === 'pending';
  const keyOf = (device: DeviceRef, action: string) => `${device.id}/${action}`;
  const wasAsked = (device: DeviceRef, action: string) => {
    const key = keyOf(device, action);
    const untilMs = asked.get(key);
    if (untilMs === undefined) return false;
    if (untilMs >= clock.nowMs()) return true;
    asked.delete(key);
    return false;
  };
  return {
    decide: (device) => {
      if (!isHeld(device)) {
        accepted.add(device.id);
        return 'Accepted';
      }
      accepted.delete(device.id);
      return 'Pending';
    },
    isAllowed: (device, action) =>
      action === 'BootNotification' || !isHeld(device) || accepted.has(device.id) || wasAsked(device, action),
    asked: (device, action) => {
      asked.set(keyOf(device, action), clock.nowMs() + ASKED_MS);
    },
  };
}
