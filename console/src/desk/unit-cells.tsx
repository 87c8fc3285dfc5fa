import type { Device } from '#contracts/devices.ts';
import { type DeviceKind, findMetric } from '#contracts/metrics.ts';
import type { PileConnector } from '#contracts/ocpp.ts';
import type { Latest } from '../api/queries.ts';
import { formatQuantity } from '../format/quantity.ts';
import { useTexts } from '../i18n/i18n.ts';
import { kindOf } from '../unit/kind.ts';
import { Instant } from './instant.tsx';
import { ConnectorMark, SeverityMark } from './marks.tsx';
import { useComponentName } from './names.ts';
import type { AlarmCount } from './open-work.ts';
import { useNow } from './use-now.ts';

/** One line of the list: the device, what it said last, and what is wrong with it. */
export interface UnitRow {
  readonly device: Device;
  readonly latest: Latest | undefined;
  /** What its parts said last: indoor units, connectors. */
  readonly parts: readonly Latest[];
  /** Of a charging pile. */
  readonly connectors: readonly PileConnector[];
  /** Open ones; undefined while they are not known. */
  readonly alarms: AlarmCount | undefined;
  readonly serial: string | null;
  readonly site: string | null;
}

/** A unit that cools water has its supply and return there. */
const IN_WATER: Readonly<Record<string, string>> = {
  supply_temp: 'chilled_supply_temp',
  return_temp: 'chilled_return_temp',
};

/** What the unit said last of this metric, or of the same in its water circuit; a pile's connectors together. */
export function readingOf({ device, latest, parts }: UnitRow, metric: string): number | undefined {
  if (kindOf(device) === 'ac_unit')
    return latest?.values[metric] ?? latest?.values[IN_WATER[metric] ?? metric];
  const name = ON_PILE[metric] ?? metric;
  const said = parts.flatMap(({ values }) => values[name] ?? []);
  if (said.length === 0) return latest?.values[name];
  return name === 'power' ? said.reduce((sum, value) => sum + value, 0) : Math.max(...said);
}

/** What stands in the column of temperatures for a charging pile. */
const ON_PILE: Readonly<Record<string, string>> = {
  supply_temp: 'connector_temp',
  return_temp: 'internal_temp',
};

const UNIT_OF: Readonly<Record<string, string>> = Object.fromEntries(
  ['supply_temp', 'return_temp', 'power', 'compressor_hz'].map((name) => [
    name,
    findMetric('ac_unit', name)?.unit ?? '1',
  ]),
);

/** What the unit is doing: a compressor's speed, or the state of each connector. */
export function AtWork({ row }: { readonly row: UnitRow }) {
  const { t } = useTexts();
  const componentName = useComponentName();
  const { device, connectors } = row;
  if (kindOf(device) === 'ac_unit') return <Reading row={row} metrics={['compressor_hz']} />;
  if (connectors.length === 0) return <span className="quiet">{t('app.none')}</span>;
  return (
    <span className={device.isConnected ? 'connectors' : 'connectors old'}>
      {connectors.map(({ component, status }) => (
        <span key={component} className="connector-state">
          <span className="quiet">{componentName(component)}</span> <ConnectorMark status={status} />
        </span>
      ))}
    </span>
  );
}

interface ReadingProps {
  readonly row: UnitRow;
  readonly metrics: readonly string[];
}

/** Three times the cadence that devices report at. */
const STALE_MS: Readonly<Record<DeviceKind, number>> = { ac_unit: 90_000, charging_pile: 180_000 };

/** Readings with their units; what an offline unit said last, or any said long ago, is faded. */
export function Reading({ row, metrics }: ReadingProps) {
  const { t, local, language } = useTexts();
  const kind = kindOf(row.device);
  const shown = metrics.map((name) => {
    const value = readingOf(row, name);
    const unit = UNIT_OF[name] ?? '1';
    return value === undefined ? t('app.none') : formatQuantity(value, unit, language);
  });
  const titles = metrics.flatMap((name) => {
    const label = findMetric(kind, kind === 'ac_unit' ? name : (ON_PILE[name] ?? name))?.label;
    return label === undefined ? [] : [local(label)];
  });
  const saidAtMs = Date.parse(newestOf(row)?.observedAt ?? '');
  const isFresh = useNow((nowMs) => (nowMs - saidAtMs < STALE_MS[kind] ? 1 : 0)) === 1;
  return (
    <span
      className={row.device.isConnected && isFresh ? 'reading' : 'reading old'}
      title={titles.join(' / ')}
    >
      {shown.join(' / ')}
    </span>
  );
}

export function WorstAlarm({ row }: { readonly row: UnitRow }) {
  const { t } = useTexts();
  const worst = row.alarms?.worst ?? null;
  const total = row.alarms?.total ?? 0;
  if (worst === null) {
    return <span className="quiet">{t(row.alarms === undefined ? 'app.none' : 'unit.noAlarm')}</span>;
  }
  return (
    <SeverityMark severity={worst}>
      {t(`severity.${worst}`)}
      {total > 1 && ` · ${total}`}
    </SeverityMark>
  );
}

export function LastSeen({ row }: { readonly row: UnitRow }) {
  const { t } = useTexts();
  const at = lastSeenAt(row);
  return at === null ? t('unit.never') : <Instant at={at} form="distance" />;
}

/** When it last reported, or else connected. */
export function lastSeenAt(row: UnitRow): string | null {
  return newestOf(row)?.observedAt ?? row.device.lastConnectedAt;
}

/** What the unit, or whichever of its parts, said last of all. */
function newestOf({ latest, parts }: UnitRow): Latest | undefined {
  const isNewer = (one: Latest, other: Latest | undefined) =>
    other === undefined || Date.parse(one.observedAt) > Date.parse(other.observedAt);
  return parts.reduce((newest, part) => (isNewer(part, newest) ? part : newest), latest);
}
