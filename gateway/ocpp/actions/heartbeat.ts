import type { Action } from './action.ts';

/** 1.6, 4.6: a sign of life, answered with our time. It is no data. */
export const heartbeat: Action = ({ clock }) => ({
  reply: () => ({ currentTime: new Date(clock.nowMs()).toISOString() }),
});
