import type { RawSink } from '#contracts/raw-message.ts';
import type { Clock } from '#platform/clock.ts';
import type { DeviceRegistry } from './registry.ts';
import type { DeviceSessions } from './sessions.ts';

/**
 * Reports absent whom this node had left connected when it was killed, whatever wire they speak. Called once, before
 * any gateway listens.
 */
export async function reportLeftConnected(deps: {
  readonly registry: DeviceRegistry;
  readonly sessions: DeviceSessions;
  readonly sink: RawSink;
  readonly clock: Clock;
}): Promise<void> {
  const { registry, sessions, sink, clock } = deps;
  for (const deviceId of await sessions.recover()) {
    const device = registry.find(deviceId);
    if (device !== undefined) sink.presence(device, false, clock.nowMs());
  }
}
