import type { RawSink } from '#contracts/raw-message.ts';
import type { Clock } from '#platform/clock.ts';
import type { DeviceSessions } from '../devices/sessions.ts';
import type { Connection } from './connection.ts';

/**
 * Which connections each device has. A device goes online with its first connection and offline with its last; a
 * new connection that is still signing in counts, so a takeover never looks like an absence.
 */
export interface Presence {
  readonly connectedCount: number;
  isConnected(deviceId: string): boolean;
  /** The device of `connection` has signed in. */
  signedIn(connection: Connection): void;
  /** The broker has accepted the connection. */
  registered(connection: Connection): void;
  /** The connection is gone and its will is on its way; again has no effect. */
  closed(connection: Connection): void;
  /** Whether a newer connection of the same device speaks for it now. */
  isSuperseded(connection: Connection): boolean;
  connectionsOf(deviceId: string): readonly Connection[];
}

interface PresentDevice {
  readonly connections: Connection[];
  isOnline: boolean;
}

/** A device that reconnects under new client ids leaves dead connections behind: the oldest goes. */
const MAX_CONNECTIONS_PER_DEVICE = 8;

export function createPresence(deps: {
  readonly sink: RawSink;
  readonly clock: Clock;
  readonly sessions: DeviceSessions;
}): Presence {
  const { sink, clock, sessions } = deps;
  const devices = new Map<string, PresentDevice>();
  let connectedCount = 0;
  const of = (connection: Connection) => {
    const ref = connection.identity?.device.ref;
    const present = ref && devices.get(ref.id);
    return ref && present && { ref, present };
  };
  return {
    get connectedCount() {
      return connectedCount;
    },
    isConnected: (deviceId) => devices.get(deviceId)?.isOnline === true,
    signedIn: (connection) => {
      const id = connection.identity?.device.ref.id;
      if (id === undefined) return;
      const present = devices.get(id) ?? { connections: [], isOnline: false };
      devices.set(id, present);
      present.connections.push(connection);
      if (present.connections.length > MAX_CONNECTIONS_PER_DEVICE) present.connections[0]?.client?.close();
    },
    registered: (connection) => {
      const found = of(connection);
      if (found === undefined) return;
      connection.isRegistered = true;
      connectedCount += 1;
      sessions.connected(found.ref.id, connection.remoteAddress);
      if (found.present.isOnline) return;
      found.present.isOnline = true;
      sink.presence(found.ref, true, clock.nowMs());
    },
    closed: (connection) => {
      if (connection.isRegistered) connectedCount -= 1;
      connection.isRegistered = false;
      const found = of(connection);
      if (found === undefined) return;
      const { ref, present } = found;
      const at = present.connections.indexOf(connection);
      if (at < 0) return;
      present.connections.splice(at, 1);
      if (present.connections.length > 0) return;
      devices.delete(ref.id);
      if (!present.isOnline) return;
      sessions.disconnected(ref.id);
      sink.presence(ref, false, clock.nowMs());
    },
    isSuperseded: (connection) => of(connection)?.present.connections.at(-1) !== connection,
    connectionsOf: (deviceId) => devices.get(deviceId)?.connections ?? [],
  };
}
