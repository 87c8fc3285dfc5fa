import { type Action, keepOnly } from './action.ts';

/** 1.6, 4.4: how far the upload of a diagnostics file is. */
export const diagnosticsStatusNotification: Action = keepOnly;
