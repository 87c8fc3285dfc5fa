import { useQuery } from '@tanstack/react-query';
import { Card } from 'antd';
import type { MaintenancePlan } from '#contracts/maintenance.ts';
import { type DeviceKind, findMetric } from '#contracts/metrics.ts';
import { plansQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { useComponentName } from '../desk/names.ts';
import { Facts } from '../facts.tsx';
import { formatQuantity } from '../format/quantity.ts';
import { formatDate, formatDates } from '../format/times.ts';
import { useTexts } from '../i18n/i18n.ts';
import { DetailLink } from '../link.tsx';

interface PlansProps {
  readonly deviceId: string;
  readonly kind: DeviceKind;
}

export function Plans({ deviceId, kind }: PlansProps) {
  const { t } = useTexts();
  const query = useQuery(plansQuery(deviceId));
  return (
    <Card title={<h2>{t('unit.plans')}</h2>}>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="nothing quiet">{t('empty.plans')}</p>
          ) : (
            items.map((plan) => <Plan key={plan.id} plan={plan} kind={kind} />)
          )
        }
      </Answer>
    </Card>
  );
}

function Plan({ plan, kind }: { readonly plan: MaintenancePlan; readonly kind: DeviceKind }) {
  const { t, local, language } = useTexts();
  const metric = findMetric(kind, plan.metric);
  const format = (value: number) => formatQuantity(value, metric?.unit ?? '1', language);
  const componentName = useComponentName();
  const { prognosis } = plan;
  const slope = prognosis?.slopePerDay ?? null;
  const current = prognosis?.currentValue ?? null;
  return (
    <section className="plan">
      <h3>
        {metric === undefined ? plan.metric : local(metric.label)}
        {plan.component !== '' && ` · ${componentName(plan.component)}`}
      </h3>
      {current !== null && (
        <meter
          min={0}
          max={plan.limit}
          value={current}
          aria-label={t('prognosis.progress', { value: format(current), limit: format(plan.limit) })}
        />
      )}
      <Facts
        facts={[
          { label: t('field.number'), value: plan.number },
          { label: t('field.current'), value: current === null ? null : format(current) },
          { label: t('field.limit'), value: format(plan.limit) },
          {
            label: t('field.trend'),
            value: slope === null ? null : t('prognosis.perDay', { value: signed(slope, format) }),
          },
          { label: t('field.reaches'), value: <Forecast prognosis={prognosis} /> },
          { label: t('field.due'), value: formatDate(Date.parse(plan.dueAt), language) },
          { label: t('field.reason'), value: local(plan.dueReason.text) },
          { label: t('field.status'), value: t(`planStatus.${plan.status}`) },
          {
            label: t('field.order'),
            value: plan.workOrderId !== null && (
              <DetailLink detail={{ kind: 'order', id: plan.workOrderId }}>{t('detail.show')}</DetailLink>
            ),
          },
        ]}
      />
    </section>
  );
}

function signed(value: number, format: (value: number) => string): string {
  return value > 0 ? `+${format(value)}` : format(value);
}

/** The day it most likely comes, and between which days. */
function Forecast({ prognosis }: { readonly prognosis: MaintenancePlan['prognosis'] }) {
  const { t, language } = useTexts();
  if (prognosis === null) return t('prognosis.insufficient_data');
  if (prognosis.state !== 'trend') return t(`prognosis.${prognosis.state}`);
  const { p10At, p50At, p90At } = prognosis;
  const ms = (at: string | null) => Date.parse(at ?? '');
  const between =
    p90At === null
      ? t('prognosis.orLater', { early: formatDate(ms(p10At), language) })
      : formatDates(ms(p10At), ms(p90At), language);
  return (
    <span className="two-lines">
      <span>{formatDate(ms(p50At), language)}</span>
      <small className="quiet">{between}</small>
    </span>
  );
}
