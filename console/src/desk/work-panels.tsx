import { useQuery } from '@tanstack/react-query';
import { Segmented } from 'antd';
import { type ReactNode, useState } from 'react';
import { alarmsQuery, LIST_LIMIT, openAlarmsQuery, ordersQuery, ticketsQuery } from '../api/queries.ts';
import { useTexts } from '../i18n/i18n.ts';
import { AlarmList } from './alarm-list.tsx';
import { Answer } from './answer.tsx';
import { isInHand, isOpenTicket, severityRank } from './open-work.ts';
import { OrderList } from './order-list.tsx';
import { TicketList } from './ticket-list.tsx';

interface PanelProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly children: ReactNode;
}

function Panel<T extends string>({ label, value, onChange, options, children }: PanelProps<T>) {
  const { t } = useTexts();
  return (
    <section aria-label={label}>
      <div className="filters">
        <Segmented<T>
          aria-label={t('filter.show')}
          value={value}
          onChange={onChange}
          options={[...options]}
        />
      </div>
      {children}
    </section>
  );
}

/** Said below a list that the server cut off. */
function Limited({ cursor }: { readonly cursor: string | null }) {
  const { t } = useTexts();
  return cursor === null ? null : <p className="quiet">{t('filter.limited', { count: LIST_LIMIT })}</p>;
}

export function AlarmsPanel() {
  const { t } = useTexts();
  const [show, setShow] = useState<'open' | 'all'>('open');
  const query = useQuery(show === 'open' ? openAlarmsQuery() : alarmsQuery());
  const options = (['open', 'all'] as const).map((value) => ({ value, label: t(`filter.${value}`) }));
  return (
    <Panel label={t('tab.alarms')} value={show} onChange={setShow} options={options}>
      <Answer query={query}>
        {({ items, nextCursor }) => (
          <>
            <AlarmList
              alarms={show === 'all' ? items : worstFirst(items)}
              empty={t(show === 'open' ? 'empty.alarms' : 'empty.alarmsAll')}
            />
            <Limited cursor={nextCursor} />
          </>
        )}
      </Answer>
    </Panel>
  );
}

function worstFirst<T extends { severity: Parameters<typeof severityRank>[0] }>(alarms: readonly T[]): T[] {
  return [...alarms].sort((one, other) => severityRank(one.severity) - severityRank(other.severity));
}

export function TicketsPanel() {
  const { t } = useTexts();
  const [show, setShow] = useState<'open' | 'all'>('open');
  const query = useQuery(ticketsQuery());
  const options = (['open', 'all'] as const).map((value) => ({ value, label: t(`filter.${value}`) }));
  return (
    <Panel label={t('tab.tickets')} value={show} onChange={setShow} options={options}>
      <Answer query={query}>
        {({ items, nextCursor }) => (
          <>
            <TicketList
              tickets={show === 'all' ? items : items.filter(isOpenTicket)}
              empty={t(show === 'open' ? 'empty.tickets' : 'empty.any')}
            />
            <Limited cursor={nextCursor} />
          </>
        )}
      </Answer>
    </Panel>
  );
}

const ORDER_SHOWS = ['inHand', 'maintenance', 'all'] as const;
const ORDERS_EMPTY = { inHand: 'empty.orders', maintenance: 'empty.maintenance', all: 'empty.any' } as const;

export function OrdersPanel() {
  const { t } = useTexts();
  const [show, setShow] = useState<(typeof ORDER_SHOWS)[number]>('inHand');
  const query = useQuery(ordersQuery());
  const options = ORDER_SHOWS.map((value) => ({ value, label: t(`filter.${value}`) }));
  return (
    <Panel label={t('tab.orders')} value={show} onChange={setShow} options={options}>
      <Answer query={query}>
        {({ items, nextCursor }) => (
          <>
            <OrderList
              orders={items.filter(
                (order) =>
                  show === 'all' || (isInHand(order) && (show === 'inHand' || order.kind === 'maintenance')),
              )}
              empty={t(ORDERS_EMPTY[show])}
            />
            <Limited cursor={nextCursor} />
          </>
        )}
      </Answer>
    </Panel>
  );
}
