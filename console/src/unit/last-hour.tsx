import { useQuery } from '@tanstack/react-query';
import { Card, Select } from 'antd';
import { useState } from 'react';
import type { Alarm, Severity } from '#contracts/alarms.ts';
import { type DeviceKind, findMetric, METRICS } from '#contracts/metrics.ts';
import type { TelemetrySeries } from '#contracts/telemetry.ts';
import { lastHourQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { Instant } from '../desk/instant.tsx';
import { SeverityMark } from '../desk/marks.tsx';
import { useComponentName } from '../desk/names.ts';
import { formatQuantity } from '../format/quantity.ts';
import { useTexts } from '../i18n/i18n.ts';
import { summarise } from './align-series.ts';
import { Chart, lookOf } from './chart.tsx';

const FIRST: Readonly<Record<DeviceKind, readonly string[]>> = {
  ac_unit: [
    'supply_temp',
    'return_temp',
    'chilled_supply_temp',
    'chilled_return_temp',
    'setpoint',
    'compressor_hz',
    'power',
  ],
  charging_pile: ['power', 'current', 'connector_temp', 'internal_temp', 'soc'],
};
/** A unit that has only just begun to report is drawn from then on, but never over less. */
const SHORTEST_MS = 10 * 60_000;
const MOST = 8;
/** Three times the cadence that devices report at. */
const GAP_MS: Readonly<Record<DeviceKind, number>> = { ac_unit: 90_000, charging_pile: 180_000 };
const COLORS: Readonly<Record<Severity, string>> = {
  critical: '#b3201a',
  major: '#b8480b',
  minor: '#8a5d00',
  warning: '#46606c',
};

const choicesOf = (kind: DeviceKind) => METRICS[kind].filter(({ type }) => type === 'number');
const storedUnder = (kind: DeviceKind) => `aftercare.readings.${kind}`;

/** The readings chosen here before; names that are no metric any more are dropped. */
function storedChoice(kind: DeviceKind): readonly string[] {
  const names = (localStorage.getItem(storedUnder(kind)) ?? '').split(',');
  const known = names.filter((name) => choicesOf(kind).some((metric) => metric.name === name));
  return known.length > 0 ? known : FIRST[kind];
}

interface LastHourProps {
  readonly deviceId: string;
  readonly kind: DeviceKind;
  readonly alarms: readonly Alarm[];
}

export function LastHour({ deviceId, kind, alarms }: LastHourProps) {
  const { t, local } = useTexts();
  const [metrics, setMetrics] = useState(() => storedChoice(kind));
  const query = useQuery(lastHourQuery(deviceId, metrics));
  const choose = (chosen: string[]) => {
    localStorage.setItem(storedUnder(kind), chosen.join(','));
    setMetrics(chosen);
  };
  return (
    <Card
      title={<h2>{t('unit.lastHour')}</h2>}
      className="last-hour"
      extra={
        <Select
          mode="multiple"
          value={[...metrics]}
          onChange={choose}
          maxCount={MOST}
          maxTagCount="responsive"
          aria-label={t('unit.chooseReadings')}
          placeholder={t('unit.chooseReadings')}
          optionFilterProp="label"
          options={choicesOf(kind).map((metric) => ({ value: metric.name, label: local(metric.label) }))}
          className="choose-readings"
        />
      }
    >
      {metrics.length === 0 ? (
        <p className="quiet">{t('empty.chartNone')}</p>
      ) : (
        <Answer query={query}>
          {({ from, to, series }) => (
            <>
              <Charts
                series={series}
                kind={kind}
                fromMs={firstMs(series, from, to)}
                toMs={to}
                alarms={alarms}
              />
              <Marks alarms={alarms.filter(({ raisedAt }) => Date.parse(raisedAt) >= from)} />
            </>
          )}
        </Answer>
      )}
    </Card>
  );
}

function firstMs(series: readonly TelemetrySeries[], fromMs: number, toMs: number): number {
  const firsts = series.map(({ points }) => points[0]?.[0] ?? toMs);
  return Math.max(fromMs, Math.min(toMs - SHORTEST_MS, ...firsts));
}

interface ChartsProps {
  readonly series: readonly TelemetrySeries[];
  readonly kind: DeviceKind;
  readonly fromMs: number;
  readonly toMs: number;
  readonly alarms: readonly Alarm[];
}

/** One chart a unit of measure: no two scales over one another. */
function Charts({ series, kind, fromMs, toMs, alarms }: ChartsProps) {
  const { t } = useTexts();
  const shown = series.filter(({ points }) => points.length > 0);
  if (shown.length === 0) return <p className="quiet">{t('empty.chart')}</p>;
  const units = [...new Set(shown.map(({ unit }) => unit))];
  const marks = alarms.map(({ raisedAt, severity }) => ({
    atMs: Date.parse(raisedAt),
    color: COLORS[severity],
  }));
  return units.map((unit) => (
    <UnitChart
      key={unit}
      unit={unit}
      kind={kind}
      series={shown.filter((each) => each.unit === unit)}
      marks={marks}
      fromMs={fromMs}
      toMs={toMs}
    />
  ));
}

interface UnitChartProps extends Omit<ChartsProps, 'alarms'> {
  readonly unit: string;
  readonly marks: readonly { readonly atMs: number; readonly color: string }[];
}

function UnitChart({ unit, kind, series, marks, fromMs, toMs }: UnitChartProps) {
  const { t, local, language } = useTexts();
  const componentName = useComponentName();
  const scale = scaleOf(unit, series);
  const format = (value: number) => formatQuantity(value, scale.unit, language);
  const lines = series.map(({ metric, component, points: said }) => {
    const label = findMetric(kind, metric)?.label;
    const name = label === undefined ? metric : local(label);
    const points = said.map(([ms, value]) => [ms, value / scale.divisor] as const);
    return {
      name: component === '' ? name : `${name} · ${componentName(component)}`,
      points,
      summary: summarise(points),
    };
  });
  const spoken = lines.flatMap(({ name, summary }) =>
    summary === null
      ? []
      : [
          t('unit.chartLabel', {
            metric: name,
            min: format(summary.min),
            max: format(summary.max),
            last: format(summary.last),
          }),
        ],
  );
  return (
    <figure className="unit-chart">
      <figcaption>
        {lines.map(({ name, summary }, index) => (
          <span key={name} className="legend">
            <LineSample index={index} />
            {name} <b>{summary === null ? '' : format(summary.last)}</b>
          </span>
        ))}
      </figcaption>
      <Chart
        label={spoken.join('; ')}
        lines={lines}
        marks={marks}
        fromMs={fromMs}
        toMs={toMs}
        gapMs={GAP_MS[kind]}
        language={language}
        format={format}
      />
    </figure>
  );
}

/** Kilowatts where a chart reaches them, so that its axis says what its legend says. */
function scaleOf(unit: string, series: readonly TelemetrySeries[]) {
  const isLarge = series.some(({ points }) => points.some(([, value]) => Math.abs(value) >= 1_000));
  return unit === 'W' && isLarge ? { unit: 'kW', divisor: 1_000 } : { unit, divisor: 1 };
}

function LineSample({ index }: { readonly index: number }) {
  const { color, dash } = lookOf(index);
  return (
    <svg width="26" height="8" aria-hidden="true" focusable="false">
      <line x1="0" y1="4" x2="26" y2="4" stroke={color} strokeWidth="2.4" strokeDasharray={dash.join(' ')} />
    </svg>
  );
}

/** The lines across the charts, in words. */
function Marks({ alarms }: { readonly alarms: readonly Alarm[] }) {
  const { t, local } = useTexts();
  if (alarms.length === 0) return null;
  return (
    <div className="chart-marks">
      <h3>{t('unit.marks')}</h3>
      <ul>
        {alarms.map(({ id, severity, title, raisedAt }) => (
          <li key={id}>
            <SeverityMark severity={severity}>{local(title)}</SeverityMark> <Instant at={raisedAt} />
          </li>
        ))}
      </ul>
    </div>
  );
}
