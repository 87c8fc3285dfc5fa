import { useQuery } from '@tanstack/react-query';
import { Card } from 'antd';
import type { Device } from '#contracts/devices.ts';
import { type ConnectorStatus, type DeviceKind, METRICS, type Metric } from '#contracts/metrics.ts';
import { connectorsQuery, type Latest, latestQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { Instant } from '../desk/instant.tsx';
import { ConnectorMark } from '../desk/marks.tsx';
import { useComponentName } from '../desk/names.ts';
import { Facts } from '../facts.tsx';
import { formatQuantity } from '../format/quantity.ts';
import { type NameGroup, useTexts } from '../i18n/i18n.ts';
import { kindOf } from './kind.ts';

/** One part of the device: what it said last, and for a connector what it is doing. */
interface Section {
  readonly component: string;
  readonly latest: Latest | undefined;
  readonly status: ConnectorStatus | undefined;
}

export function LiveValues({ device }: { readonly device: Device }) {
  const { t } = useTexts();
  const query = useQuery(latestQuery([device.id]));
  const isPile = kindOf(device) === 'charging_pile';
  const { data: connectors } = useQuery(connectorsQuery(isPile ? [device.id] : []));
  const statuses = new Map(connectors?.items.map(({ component, status }) => [component, status]));
  return (
    <Card title={<h2>{t('unit.values')}</h2>} className={device.isConnected ? '' : 'old'}>
      <Answer query={query}>
        {({ items }) => {
          const sections = sectionsOf(items, statuses);
          return sections.length === 0 ? (
            <p className="quiet">{t('empty.values')}</p>
          ) : (
            sections.map((section) => (
              <Values key={section.component} section={section} kind={kindOf(device)} />
            ))
          );
        }}
      </Answer>
    </Card>
  );
}

/** A pile's connectors come before the pile as a whole; elsewhere the device comes before its parts. */
function sectionsOf(
  items: readonly Latest[],
  statuses: ReadonlyMap<string, ConnectorStatus>,
): readonly Section[] {
  const latestOf = new Map(items.map((item) => [item.component, item]));
  const names = [...new Set([...latestOf.keys(), ...statuses.keys()])].sort();
  const rank = (component: string) => Number(component === '' && statuses.size > 0);
  return names
    .sort((one, other) => rank(one) - rank(other))
    .map((component) => ({
      component,
      latest: latestOf.get(component),
      status: statuses.get(component),
    }));
}

interface ValuesProps {
  readonly section: Section;
  readonly kind: DeviceKind;
}

function Values({ section: { component, latest, status }, kind }: ValuesProps) {
  const { t, local } = useTexts();
  const textOf = useValueText();
  const componentName = useComponentName();
  const shown = METRICS[kind].flatMap((metric) => {
    const value = latest?.values[metric.name];
    const isSaid = metric.name === 'status' && status !== undefined;
    return value === undefined || isSaid
      ? []
      : [{ label: local(metric.label), value: textOf(metric, value) }];
  });
  const isHeaded = component !== '' || kind === 'charging_pile';
  return (
    <section className="live-part">
      {isHeaded && (
        <div className="card-line">
          <h3>{component === '' ? t('unit.whole') : componentName(component)}</h3>
          {status !== undefined && <ConnectorMark status={status} />}
        </div>
      )}
      <Facts facts={shown} />
      {latest !== undefined && (
        <p className="quiet reported">
          {t('field.lastSeen')} <Instant at={latest.observedAt} form="distance" />
        </p>
      )}
    </section>
  );
}

const ENUM_TEXTS: Readonly<Record<string, NameGroup>> = {
  mode: 'mode',
  fan_mode: 'fanMode',
  action: 'unitAction',
  status: 'connectorStatus',
};

/** A value as people read it: with its unit, or the name of an enum's position. */
function useValueText() {
  const { t, nameOf, language } = useTexts();
  return ({ name, type, unit, values }: Metric, value: number): string => {
    if (type === 'boolean') return t(value === 0 ? 'unit.no' : 'unit.yes');
    const position = values?.[Math.round(value)];
    if (position === undefined) return formatQuantity(value, unit, language);
    const group = ENUM_TEXTS[name];
    return group === undefined ? position : nameOf(group, position);
  };
}
