import type { Action } from './action.ts';

/**
 * 1.6, 4.2 and 6.4: the station has started. Pending while an operator holds it; `interval` is then the least wait
 * before it asks again, otherwise that between Heartbeats.
 */
export const bootNotification: Action = (
  { gate, clock, booted, heartbeatIntervalS, bootRetryS },
  device,
  payload,
) => ({
  kept: payload,
  reply: () => {
    const status = gate.decide(device);
    booted(device);
    return {
      status,
      currentTime: new Date(clock.nowMs()).toISOString(),
      interval: status === 'Accepted' ? heartbeatIntervalS : bootRetryS,
    };
  },
});
