import { sql } from 'kysely';
import type { ConnectorStatus } from '#contracts/metrics.ts';
import type { Db } from '#platform/db/db.ts';

/** What a StartTransaction says of itself: the same again is the same session. */
interface StartedTransaction {
  readonly deviceId: string;
  readonly component: string;
  readonly startedAtMs: number;
  readonly meterStartWh: number;
}

interface ReportedStatus {
  readonly status: ConnectorStatus;
  readonly atMs: number;
}

interface OpenTransaction {
  readonly transactionId: number;
  readonly startedAtMs: number;
}

/** Sessions and connectors as the store knows them: what is still in the durable log only is not seen yet. */
export interface ChargingStore {
  /** The first of a block of ids that nobody else gets; each is positive and fits 31 bits. */
  reserveTransactionIds(count: number): Promise<number>;
  findTransaction(started: StartedTransaction): Promise<number | null>;
  /** Where the transaction began; null where nobody knows. */
  componentOfTransaction(deviceId: string, transactionId: number): Promise<string | null>;
  /** By component: the newest status, and its time. */
  connectorStatuses(deviceId: string): Promise<ReadonlyMap<string, ReportedStatus>>;
  /** By component: the transaction that began last, where it has not ended. */
  openTransactions(deviceId: string): Promise<ReadonlyMap<string, OpenTransaction>>;
  /** Whether a vehicle charges at any connector. A session whose connector has become available since is over. */
  isCharging(deviceId: string): Promise<boolean>;
}

const LAST_ID = 2_147_483_647;

export function createChargingStore({ db }: { readonly db: Db }): ChargingStore {
  return {
    async reserveTransactionIds(count) {
      const { rows } = await sql<{ first: number }>`
        update charging_transaction_id
        set next = case when next + ${count}::bigint > ${LAST_ID}::bigint then 1 else next end + ${count}::bigint
        returning next - ${count}::bigint as first`.execute(db);
      return rows[0]?.first ?? 1;
    },
    async findTransaction({ deviceId, component, startedAtMs, meterStartWh }) {
      const { rows } = await sql<{ transaction_id: number }>`
        select transaction_id from charging_session
        where device_id = ${deviceId} and component = ${component} and not is_unknown
          and started_at = ${new Date(startedAtMs)} and meter_start_wh = ${meterStartWh}
        order by id desc limit 1`.execute(db);
      return rows[0]?.transaction_id ?? null;
    },
    async componentOfTransaction(deviceId, transactionId) {
      const { rows } = await sql<{ component: string }>`
        select component from charging_session
        where device_id = ${deviceId} and transaction_id = ${transactionId} and not is_unknown`.execute(db);
      return rows[0]?.component ?? null;
    },
    async connectorStatuses(deviceId) {
      const { rows } = await sql<{ component: string; status: ConnectorStatus; at: number }>`
        select component, status, at from connector_state where device_id = ${deviceId} order by component`.execute(
        db,
      );
      return new Map(rows.map(({ component, status, at }) => [component, { status, atMs: at }]));
    },
    async openTransactions(deviceId) {
      const { rows } = await sql<{ component: string; transaction_id: number; started_at: number }>`
        select component, transaction_id, started_at from (${newestSessions(deviceId)}) s
        where stopped_at is null`.execute(db);
      return new Map(
        rows.map(({ component, transaction_id, started_at }) => [
          component,
          { transactionId: transaction_id, startedAtMs: started_at },
        ]),
      );
    },
    async isCharging(deviceId) {
      const { rows } = await sql`
        select 1 from connector_state where device_id = ${deviceId}
          and status in ('charging', 'suspended_ev', 'suspended_evse')
        union all
        select 1 from (${newestSessions(deviceId)}) s
        left join connector_state c on c.device_id = ${deviceId} and c.component = s.component
        where s.stopped_at is null and (c.status is distinct from 'available' or c.at <= s.started_at)
        limit 1`.execute(db);
      return rows.length > 0;
    },
  };
}

/** The session of each connector that began last. */
function newestSessions(deviceId: string) {
  return sql`select distinct on (component) component, transaction_id, started_at, stopped_at from charging_session
    where device_id = ${deviceId} and not is_unknown order by component, started_at desc, id desc`;
}
