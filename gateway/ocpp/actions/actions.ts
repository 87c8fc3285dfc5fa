import type { Action } from './action.ts';
import { authorize } from './authorize.ts';
import { bootNotification } from './boot-notification.ts';
import { dataTransfer } from './data-transfer.ts';
import { diagnosticsStatusNotification } from './diagnostics-status-notification.ts';
import { firmwareStatusNotification } from './firmware-status-notification.ts';
import { heartbeat } from './heartbeat.ts';
import { meterValues } from './meter-values.ts';
import { startTransaction } from './start-transaction.ts';
import { statusNotification } from './status-notification.ts';
import { stopTransaction } from './stop-transaction.ts';

/** What stations may call; anything else is NotImplemented. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['Authorize', authorize],
  ['BootNotification', bootNotification],
  ['DataTransfer', dataTransfer],
  ['DiagnosticsStatusNotification', diagnosticsStatusNotification],
  ['FirmwareStatusNotification', firmwareStatusNotification],
  ['Heartbeat', heartbeat],
  ['MeterValues', meterValues],
  ['StartTransaction', startTransaction],
  ['StatusNotification', statusNotification],
  ['StopTransaction', stopTransaction],
]);
