import { useQuery } from '@tanstack/react-query';
import { Card } from 'antd';
import type { Device } from '#contracts/devices.ts';
import type { ConnectorStatus } from '#contracts/metrics.ts';
import type { ChargingSession } from '#contracts/ocpp.ts';
import { connectorsQuery, latestQuery, sessionsQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { type Column, DataList } from '../desk/data-list.tsx';
import { Instant } from '../desk/instant.tsx';
import { ConnectorMark } from '../desk/marks.tsx';
import { useComponentName } from '../desk/names.ts';
import { formatQuantity } from '../format/quantity.ts';
import { useTexts } from '../i18n/i18n.ts';
import { runningSessions } from './running-sessions.ts';

const SHOWN = 10;
const WH = 1_000;

interface Row extends ChargingSession {
  /** What its connector is doing, while the session runs. */
  readonly running: ConnectorStatus | undefined;
  /** In kWh; of a session that runs, what its connector counted so far. */
  readonly energy: number | null;
}

/** Who charged here lately: when, how much, and how it ended. */
export function ChargingSessions({ device }: { readonly device: Device }) {
  const { t } = useTexts();
  const query = useQuery(sessionsQuery(device.id));
  const rowsOf = useRows(device.id);
  const columns = useColumns();
  return (
    <Card title={<h2>{t('unit.sessions')}</h2>}>
      <Answer query={query}>
        {({ items }) => (
          <DataList
            label={t('unit.sessions')}
            rows={rowsOf(items).slice(0, SHOWN)}
            rowKey={({ transactionId, component, startedAt }) => `${component} ${transactionId} ${startedAt}`}
            columns={columns}
            empty={t('empty.sessions')}
            card={(row) => <SessionCard row={row} />}
          />
        )}
      </Answer>
    </Card>
  );
}

function useRows(deviceId: string) {
  const latest = useQuery(latestQuery([deviceId])).data?.items ?? [];
  const connectors = useQuery(connectorsQuery([deviceId])).data?.items ?? [];
  const counted = new Map(latest.map(({ component, values }) => [component, values.energy]));
  return (sessions: readonly ChargingSession[]): Row[] => {
    const running = runningSessions(sessions, connectors);
    return sessions.map((session) => {
      const { component, meterStartWh, meterStopWh } = session;
      const countedWh = (counted.get(component) ?? Number.NaN) * WH;
      const endWh = meterStopWh ?? (running.has(session) ? countedWh : Number.NaN);
      const energy = (endWh - (meterStartWh ?? Number.NaN)) / WH;
      return {
        ...session,
        running: running.get(session),
        energy: Number.isNaN(energy) ? null : Math.max(0, energy),
      };
    });
  };
}

function useColumns(): readonly Column<Row>[] {
  const { t, nameOf } = useTexts();
  const componentName = useComponentName();
  return [
    {
      key: 'connector',
      title: t('field.connector'),
      render: ({ component }) => (component === '' ? t('app.none') : componentName(component)),
    },
    { key: 'started', title: t('field.started'), render: (row) => <Started row={row} /> },
    { key: 'ended', title: t('field.ended'), render: (row) => <Ended row={row} /> },
    {
      key: 'reason',
      title: t('field.stopReason'),
      render: ({ stopReason }) => (stopReason === null ? '' : nameOf('stopReason', stopReason)),
    },
    { key: 'energy', title: t('field.energy'), align: 'right', render: (row) => <Energy row={row} /> },
  ];
}

interface RowProps {
  readonly row: Row;
}

function SessionCard({ row }: RowProps) {
  const { nameOf } = useTexts();
  const componentName = useComponentName();
  return (
    <div className="card">
      <span className="card-line">
        <b>{componentName(row.component)}</b>
        <Energy row={row} />
      </span>
      <span className="card-line">
        <span>
          <Started row={row} /> – <Ended row={row} />
        </span>
        {row.stopReason !== null && <span className="quiet">{nameOf('stopReason', row.stopReason)}</span>}
      </span>
    </div>
  );
}

function Started({ row: { startedAt } }: RowProps) {
  const { t } = useTexts();
  if (startedAt === null) return <span className="quiet">{t('unit.startUnknown')}</span>;
  return <Instant at={startedAt} />;
}

function Ended({ row: { stoppedAt, running } }: RowProps) {
  const { t } = useTexts();
  if (stoppedAt !== null) return <Instant at={stoppedAt} />;
  if (running !== undefined) return <ConnectorMark status={running} />;
  return <span className="quiet">{t('unit.endUnknown')}</span>;
}

function Energy({ row: { energy } }: RowProps) {
  const { t, language } = useTexts();
  return (
    <span className="reading">
      {energy === null ? t('app.none') : formatQuantity(energy, 'kW.h', language)}
    </span>
  );
}
