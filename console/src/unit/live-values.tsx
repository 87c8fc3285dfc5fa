import { useQuery } from '@tanstack/react-query';
import { Card } from 'antd';
import type { Device } from '#contracts/devices.ts';
import { type DeviceKind, METRICS, type Metric } from '#contracts/metrics.ts';
import { type Latest, latestQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { Instant } from '../desk/instant.tsx';
import { Facts } from '../facts.tsx';
import { formatQuantity } from '../format/quantity.ts';
import { type NameGroup, useTexts } from '../i18n/i18n.ts';
import { kindOf } from './kind.ts';

export function LiveValues({ device }: { readonly device: Device }) {
  const { t } = useTexts();
  const query = useQuery(latestQuery([device.id]));
  return (
    <Card title={<h2>{t('unit.values')}</h2>} className={device.isConnected ? '' : 'old'}>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="quiet">{t('empty.values')}</p>
          ) : (
            items.map((latest) => <Values key={latest.component} latest={latest} kind={kindOf(device)} />)
          )
        }
      </Answer>
    </Card>
  );
}

function Values({ latest, kind }: { readonly latest: Latest; readonly kind: DeviceKind }) {
  const { t, local } = useTexts();
  const textOf = useValueText();
  const shown = METRICS[kind].flatMap((metric) => {
    const value = latest.values[metric.name];
    return value === undefined ? [] : [{ label: local(metric.label), value: textOf(metric, value) }];
  });
  return (
    <section>
      {latest.component !== '' && <h3>{latest.component}</h3>}
      <Facts facts={shown} />
      <p className="quiet reported">
        {t('field.lastSeen')} <Instant at={latest.observedAt} form="distance" />
      </p>
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
