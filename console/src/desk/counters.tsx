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

interface CountersProps {
  /** The lists that one may see; no other is counted. */
  readonly tabs: readonly Tab[];
}

/** What stands in the field at a glance; each number leads to its list. */
export function Counters({ tabs }: CountersProps) {
  return (
    <ul className="counters">
      {tabs.includes('units') && <UnitCounter />}
      {tabs.includes('alarms') && <AlarmCounter />}
      {tabs.includes('tickets') && <TicketCounter />}
      {tabs.includes('work-orders') && <OrderCounters />}
    </ul>
  );
}

function UnitCounter() {
  const { t } = useTexts();
  const devices = useQuery(devicesQuery()).data;
  const total = devices?.items.length;
  return (
    <Counter
      label={t('count.units')}
      value={devices?.items.filter(({ isConnected }) => isConnected).length}
      isAtLeast={isCut(devices)}
      tab="units"
    >
      {total !== undefined && t('count.ofTotal', { total: isCut(devices) ? `${total}+` : total })}
    </Counter>
  );
}

function AlarmCounter() {
  const { t } = useTexts();
  const alarms = useQuery(openAlarmsQuery()).data;
  return (
    <Counter label={t('count.alarms')} value={alarms?.items.length} isAtLeast={isCut(alarms)} tab="alarms">
      {alarms !== undefined && <SeverityCounts alarms={alarms.items} />}
    </Counter>
  );
}

function TicketCounter() {
  const { t } = useTexts();
  const tickets = useQuery(ticketsQuery()).data;
  const open = tickets?.items.filter(isOpenTicket);
  return (
    <Counter label={t('count.tickets')} value={open?.length} isAtLeast={isCut(tickets)} tab="tickets">
      {open !== undefined &&
        t('count.ticketsHint', { count: open.filter(({ status }) => status === 'open').length })}
    </Counter>
  );
}

function OrderCounters() {
  const { t } = useTexts();
  const orders = useQuery(ordersQuery()).data;
  const inHand = orders?.items.filter(isInHand);
  return (
    <>
      <Counter label={t('count.orders')} value={inHand?.length} isAtLeast={isCut(orders)} tab="work-orders">
        {inHand !== undefined &&
          t('count.ordersHint', {
            count: inHand.filter(({ technicianId }) => technicianId === null).length,
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
    </>
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
