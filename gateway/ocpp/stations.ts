import type { RawSink } from '#contracts/raw-message.ts';
import type { Clock } from '#platform/clock.ts';
import type { DeviceSessions } from '../devices/sessions.ts';
import type { Counters } from './refusals.ts';
import type { Station } from './station.ts';

/**
 * The connection of each station. One an identity: the newer wins, since the older is mostly a dead socket that
 * nobody has noticed yet; the station stays online meanwhile.
 */
export interface Stations {
  readonly count: number;
  find(deviceId: string): Station | undefined;
  all(): Iterable<Station>;
  opened(station: Station): void;
  /** Of a connection that is not the station's any more it has no effect. */
  closed(station: Station): void;
  /** Ends the connection; the station is absent at once, however long its goodbye takes. */
  drop(station: Station, code: number, reason: string): void;
}

/** WebSocket 1008: policy violation. */
const SUPERSEDED = 1008;

export function createStations(deps: {
  readonly sink: RawSink;
  readonly clock: Clock;
  readonly sessions: DeviceSessions;
  readonly counters: Counters;
}): Stations {
  const { sink, clock, sessions, counters } = deps;
  const stations = new Map<string, Station>();
  const closed = (station: Station) => {
    const { ref } = station.device;
    if (stations.get(ref.id) !== station) return;
    stations.delete(ref.id);
    sessions.disconnected(ref.id);
    sink.presence(ref, false, clock.nowMs());
  };
  return {
    get count() {
      return stations.size;
    },
    find: (deviceId) => stations.get(deviceId),
    all: () => stations.values(),
    opened: (station) => {
      const { ref } = station.device;
      const older = stations.get(ref.id);
      stations.set(ref.id, station);
      sessions.connected(ref.id, station.remoteAddress);
      if (older === undefined) return sink.presence(ref, true, clock.nowMs());
      counters.refused('superseded');
      older.inbox.close();
      older.socket.close(SUPERSEDED, 'a newer connection speaks for this station');
    },
    closed,
    drop: (station, code, reason) => {
      station.inbox.close();
      station.socket.close(code, reason);
      closed(station);
    },
  };
}
