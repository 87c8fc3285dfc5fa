import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { devicesQuery, openAlarmsQuery, ordersQuery, ticketsQuery } from '../api/queries.ts';
import { formatNumber } from '../format/quantity.ts';
import { useTexts } from '../i18n/i18n.ts';
import { Link } from '../link.tsx';
import { type Tab, tabPath } from '../router.ts';
import { SeverityMark } from './marks.tsx';
import { countAlarms, isInHand, isOpenTicket, SEVERITY_ORDER } from './open-work.ts';

interface CounterProps {
  readonly label: string;
  /** Undefined while it is not known. */
  readonly value: number | undefined;
  /** Whether the list was longer than what was counted. */
  readonly isAtLeast: boolean;
  readonly tab: Tab;
  readonly children: ReactNode;
}

function Counter({ label, value, isAtLeast, tab, children }: CounterProps) {
  const { t, language } = useTexts();
  return (
    <li>
      <Link to={tabPath(tab)} className="counter">
        <span className="counter-label">{label}</span>
        <span className="counter-value">
          {value === undefined ? t('app.none') : formatNumber(value, 0, language)}
          {isAtLeast && '+'}
        </span>
        <span className="counter-hint quiet">{children}</span>
      </Link>
    </li>
  );
}

/** What stands in the field at a glance; each number leads to its list. */
export function Counters() {
  const { t } = useTexts();
  const devices = useQuery(devicesQuery()).data;
  const alarms = useQuery(openAlarmsQuery()).data;
  const tickets = useQuery(ticketsQuery()).data;
  const orders = useQuery(ordersQuery()).data;
  const openTickets = tickets?.items.filter(isOpenTicket);
  const inHand = orders?.items.filter(isInHand);
  const total = devices?.items.length ?? 0;

  return (
    <ul className="counters">
      <Counter
        label={t('count.units')}
        value={devices?.items.filter(({ isConnected }) => isConnected).length}
        isAtLeast={isCut(devices)}
        tab="units"
      >
        {t('count.ofTotal', { total: isCut(devices) ? `${total}+` : total })}
      </Counter>
      <Counter label={t('count.alarms')} value={alarms?.items.length} isAtLeast={isCut(alarms)} tab="alarms">
        <SeverityCounts alarms={alarms?.items ?? []} />
      </Counter>
      <Counter
        label={t('count.tickets')}
        value={openTickets?.length}
        isAtLeast={isCut(tickets)}
        tab="tickets"
      >
        {t('count.ticketsHint', {
          count: openTickets?.filter(({ status }) => status === 'open').length ?? 0,
        })}
      </Counter>
      <Counter label={t('count.orders')} value={inHand?.length} isAtLeast={isCut(orders)} tab="work-orders">
        {t('count.ordersHint', {
          count: inHand?.filter(({ technicianId }) => technicianId === null).length ?? 0,
        })}
      </Counter>
      <Counter
        label={t('count.maintenance')}
        value={inHand?.filter(({ kind }) => kind === 'maintenance').length}
        isAtLeast={isCut(orders)}
        tab="work-orders"
      >
        {t('count.maintenanceHint')}
      </Counter>
    </ul>
  );
}

function isCut(page: { readonly nextCursor: string | null } | undefined): boolean {
  return page !== undefined && page.nextCursor !== null;
}

function SeverityCounts({ alarms }: { readonly alarms: Parameters<typeof countAlarms>[0] }) {
  const { t } = useTexts();
  const { total, bySeverity } = countAlarms(alarms);
  if (total === 0) return t('count.noAlarms');
  return (
    <span className="severity-counts">
      {SEVERITY_ORDER.filter((severity) => bySeverity[severity] > 0).map((severity) => (
        <span key={severity} title={t(`severity.${severity}`)}>
          <SeverityMark severity={severity}>
            {bySeverity[severity]}
            <span className="sr-only"> {t(`severity.${severity}`)}</span>
          </SeverityMark>
        </span>
      ))}
    </span>
  );
}
