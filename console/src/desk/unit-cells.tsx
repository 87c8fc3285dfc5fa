import type { Device } from '#contracts/devices.ts';
import { findMetric } from '#contracts/metrics.ts';
import type { Latest } from '../api/queries.ts';
import { formatQuantity } from '../format/quantity.ts';
import { useTexts } from '../i18n/i18n.ts';
import { Instant } from './instant.tsx';
import { SeverityMark } from './marks.tsx';
import type { AlarmCount } from './open-work.ts';
import { useNow } from './use-now.ts';

/** One line of the list: the device, what it said last, and what is wrong with it. */
export interface UnitRow {
  readonly device: Device;
  readonly latest: Latest | undefined;
  readonly alarms: AlarmCount | undefined;
  readonly serial: string | null;
  readonly site: string | null;
}

/** A unit that cools water has its supply and return there. */
const IN_WATER: Readonly<Record<string, string>> = {
  supply_temp: 'chilled_supply_temp',
  return_temp: 'chilled_return_temp',
};

/** What the unit said last of this metric, or of the same in its water circuit. */
export function readingOf({ latest }: UnitRow, metric: string): number | undefined {
  return latest?.values[metric] ?? latest?.values[IN_WATER[metric] ?? metric];
}

interface ReadingProps {
  readonly row: UnitRow;
  readonly metrics: readonly string[];
}

/** Three times the cadence that devices report at. */
const STALE_MS = 90_000;

/** Readings with their units; what an offline unit said last, or any said long ago, is faded. */
export function Reading({ row, metrics }: ReadingProps) {
  const { t, language } = useTexts();
  const shown = metrics.map((name) => {
    const value = readingOf(row, name);
    const unit = findMetric('ac_unit', name)?.unit ?? '1';
    return value === undefined ? t('app.none') : formatQuantity(value, unit, language);
  });
  const saidAtMs = Date.parse(row.latest?.observedAt ?? '');
  const isFresh = useNow((nowMs) => (nowMs - saidAtMs < STALE_MS ? 1 : 0)) === 1;
  return (
    <span className={row.device.isConnected && isFresh ? 'reading' : 'reading old'}>{shown.join(' / ')}</span>
  );
}

export function WorstAlarm({ row }: { readonly row: UnitRow }) {
  const { t } = useTexts();
  const worst = row.alarms?.worst ?? null;
  const total = row.alarms?.total ?? 0;
  if (worst === null) return <span className="quiet">{t('unit.noAlarm')}</span>;
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
export function lastSeenAt({ latest, device }: UnitRow): string | null {
  return latest?.observedAt ?? device.lastConnectedAt;
}
