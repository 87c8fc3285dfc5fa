import { type Action, keepOnly } from './action.ts';

/** 1.6, 4.5: how far a firmware update is. */
export const firmwareStatusNotification: Action = keepOnly;
