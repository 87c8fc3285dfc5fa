import { type Action, keepOnly } from './action.ts';

/** 1.6, 4.7: sampled values of a connector, maybe from a time when the station was offline. */
export const meterValues: Action = keepOnly;
