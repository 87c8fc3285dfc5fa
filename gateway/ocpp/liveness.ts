import type { Counters } from './refusals.ts';
import type { Station } from './station.ts';
import type { Stations } from './stations.ts';

interface LivenessConfig {
  readonly pingAfterMs: number;
  readonly dropAfterMs: number;
  readonly sweepEveryMs: number;
}

/**
 * Any frame or pong is a sign of life: Heartbeats are optional over WebSocket (J-spec 5.3). Who is silent is pinged,
 * then dropped; not while its calls wait for us, since then we may have stopped reading it. Silence is counted in
 * sweeps, so that a standstill of our own is nobody's silence.
 */
export function startLiveness(
  { stations, counters }: { readonly stations: Stations; readonly counters: Counters },
  { pingAfterMs, dropAfterMs, sweepEveryMs }: LivenessConfig,
): Disposable {
  const check = (station: Station) => {
    if (station.inbox.size > 0) return;
    station.silentSweeps += 1;
    const silentMs = station.silentSweeps * sweepEveryMs;
    if (silentMs < pingAfterMs) return;
    if (silentMs < dropAfterMs) return station.socket.ping();
    counters.refused('silent');
    station.socket.terminate();
  };
  const sweep = () => {
    for (const station of stations.all()) check(station);
  };
  const timer = setInterval(sweep, sweepEveryMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
