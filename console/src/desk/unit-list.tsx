import { useTexts } from '../i18n/i18n.ts';
import { Link } from '../link.tsx';
import { unitPath } from '../router.ts';
import { type Column, DataList } from './data-list.tsx';
import { OnlineMark } from './marks.tsx';
import { useModelName } from './names.ts';
import { severityRank } from './open-work.ts';
import { AtWork, LastSeen, lastSeenAt, Reading, readingOf, type UnitRow, WorstAlarm } from './unit-cells.tsx';

const TEMPERATURES = ['supply_temp', 'return_temp'] as const;

export function UnitList({ rows, empty }: { readonly rows: readonly UnitRow[]; readonly empty: string }) {
  const { t } = useTexts();
  return (
    <DataList
      label={t('tab.units')}
      rows={rows}
      rowKey={({ device }) => device.id}
      columns={useUnitColumns()}
      empty={empty}
      card={(row) => <UnitCard row={row} />}
    />
  );
}

function useUnitColumns(): readonly Column<UnitRow>[] {
  const { t, nameOf } = useTexts();
  const modelName = useModelName();
  return [
    {
      key: 'unit',
      title: t('field.unit'),
      by: ({ device }) => device.id,
      render: ({ device, serial }) => (
        <span className="two-lines">
          <Link to={unitPath(device.id)}>{device.id}</Link>
          {serial !== null && <small className="quiet">{serial}</small>}
        </span>
      ),
    },
    {
      key: 'state',
      title: t('field.state'),
      by: ({ device }) => Number(device.isConnected),
      render: ({ device }) => <OnlineMark device={device} />,
    },
    {
      key: 'model',
      title: t('field.model'),
      by: ({ device }) => device.model,
      render: ({ device }) => (
        <span className="two-lines">
          <span>{modelName(device.model)}</span>
          <small className="quiet">{nameOf('kind', device.kind)}</small>
        </span>
      ),
    },
    {
      key: 'site',
      title: t('field.site'),
      by: ({ site }) => site ?? '',
      render: ({ site }) => site ?? t('app.none'),
    },
    {
      key: 'at-work',
      title: t('field.atWork'),
      by: (row) => readingOf(row, 'compressor_hz') ?? Number.NEGATIVE_INFINITY,
      render: (row) => <AtWork row={row} />,
    },
    readingColumn('temperatures', t('field.temperatures'), TEMPERATURES),
    readingColumn('power', t('field.power'), ['power']),
    {
      key: 'alarms',
      title: t('field.alarms'),
      by: ({ alarms }) => severityRank(alarms?.worst ?? null),
      render: (row) => <WorstAlarm row={row} />,
    },
    {
      key: 'last-seen',
      title: t('field.lastSeen'),
      by: (row) => lastSeenAt(row) ?? '',
      render: (row) => <LastSeen row={row} />,
    },
  ];
}

function readingColumn(key: string, title: string, metrics: readonly [string, ...string[]]): Column<UnitRow> {
  return {
    key,
    title,
    align: 'right',
    by: (row) => readingOf(row, metrics[0]) ?? Number.NEGATIVE_INFINITY,
    render: (row) => <Reading row={row} metrics={metrics} />,
  };
}

function UnitCard({ row }: { readonly row: UnitRow }) {
  const { nameOf } = useTexts();
  const modelName = useModelName();
  return (
    <Link to={unitPath(row.device.id)} className="card">
      <span className="card-line">
        <strong>{row.device.id}</strong>
        <OnlineMark device={row.device} />
      </span>
      <span className="quiet">
        {nameOf('kind', row.device.kind)} · {modelName(row.device.model)}
        {row.site !== null && ` · ${row.site}`}
      </span>
      <span className="card-values">
        <Reading row={row} metrics={TEMPERATURES} />
        {readingOf(row, 'power') !== undefined && <Reading row={row} metrics={['power']} />}
        <AtWork row={row} />
      </span>
      <span className="card-line">
        <WorstAlarm row={row} />
        <span className="quiet">
          <LastSeen row={row} />
        </span>
      </span>
    </Link>
  );
}
