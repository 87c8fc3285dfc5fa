import type { ConnectorStatus } from '#contracts/metrics.ts';

/** What a charging pile told of its connectors and sessions, as the projection keeps it. Energy in Wh. */
export type ChargingChange = {
  readonly deviceId: string;
  readonly component: string;
  readonly atMs: number;
} & (
  | {
      readonly type: 'started';
      readonly transactionId: number;
      readonly meterWh: number | null;
    }
  | {
      readonly type: 'stopped';
      readonly transactionId: number;
      readonly meterWh: number | null;
      readonly reason: string;
    }
  | { readonly type: 'status'; readonly status: ConnectorStatus; readonly errorCode: string | null }
);
