import type { ColumnType, Generated } from 'kysely';
import type { DeviceKind } from '#contracts/metrics.ts';
import type { NullableTimestamp, Timestamp } from '#platform/db/db.ts';

export type LabelMap = Readonly<Record<string, string>>;

/** Tables that `deviceMigrations` makes. */
export type DeviceTables = {
  device: {
    id: string;
    kind: DeviceKind;
    model: string;
    unit_id: string;
    site_id: string | null;
    labels: ColumnType<LabelMap, string, string>;
    mqtt_username: string;
    secret_hash: Buffer;
    is_enabled: Generated<boolean>;
    version: Generated<number>;
    created_at: Timestamp;
  };
  device_session: {
    device_id: string;
    node_id: string;
    epoch: number;
    is_connected: boolean;
    connected_at: NullableTimestamp;
    disconnected_at: NullableTimestamp;
    remote_address: string | null;
  };
  pending_device: {
    identity: string;
    protocol: string;
    first_seen_at: Timestamp;
    last_seen_at: Timestamp;
    attempts: number;
    remote_address: string | null;
  };
};
