import { faultFamily } from '#contracts/faults.ts';
import type { Ticket } from '#contracts/tickets.ts';
import { useTexts } from '../i18n/i18n.ts';
import { DetailLink } from '../link.tsx';
import { type Column, DataList } from './data-list.tsx';
import { Instant } from './instant.tsx';
import { PriorityMark, TicketStatusMark } from './marks.tsx';
import { useComponentName } from './names.ts';
import { UnitLink } from './unit-link.tsx';

interface TicketListProps {
  readonly tickets: readonly Ticket[];
  readonly empty: string;
  readonly hidesUnit?: boolean;
}

export function TicketList({ tickets, empty, hidesUnit = false }: TicketListProps) {
  const { t } = useTexts();
  const unit: Column<Ticket> = {
    key: 'unit',
    title: t('field.unit'),
    by: ({ deviceId }) => deviceId ?? '',
    render: (ticket) => <TicketUnit ticket={ticket} />,
  };
  const columns: Column<Ticket>[] = [
    {
      key: 'number',
      title: t('field.number'),
      by: ({ number }) => number,
      render: ({ id, number }) => <DetailLink detail={{ kind: 'ticket', id }}>{number}</DetailLink>,
    },
    {
      key: 'priority',
      title: t('field.priority'),
      by: ({ priority }) => priority,
      render: ({ priority }) => <PriorityMark priority={priority} />,
    },
    { key: 'fault', title: t('field.fault'), render: (ticket) => <Fault ticket={ticket} /> },
    ...(hidesUnit ? [] : [unit]),
    {
      key: 'status',
      title: t('field.status'),
      by: ({ status }) => status,
      render: (ticket) => <TicketState ticket={ticket} />,
    },
    {
      key: 'source',
      title: t('field.source'),
      by: ({ source }) => source,
      render: ({ source }) => t(`source.${source}`),
    },
    {
      key: 'opened',
      title: t('field.opened'),
      by: ({ openedAt }) => openedAt,
      render: ({ openedAt }) => <Instant at={openedAt} />,
    },
    {
      key: 'orders',
      title: t('field.orders'),
      align: 'right',
      render: (ticket) => <TicketOrders ticket={ticket} />,
    },
  ];
  return (
    <DataList
      label={t('tab.tickets')}
      rows={tickets}
      rowKey={({ id }) => id}
      columns={columns}
      empty={empty}
      card={(ticket) => (
        <div className="card">
          <span className="card-line">
            <DetailLink detail={{ kind: 'ticket', id: ticket.id }}>{ticket.number}</DetailLink>
            <TicketState ticket={ticket} />
          </span>
          <span>
            <PriorityMark priority={ticket.priority} /> <Fault ticket={ticket} />
          </span>
          <span className="card-line">
            {hidesUnit ? <span /> : <TicketUnit ticket={ticket} />}
            <span className="quiet">{t(`source.${ticket.source}`)}</span>
          </span>
          <span className="card-line">
            <Instant at={ticket.openedAt} />
            <TicketOrders ticket={ticket} />
          </span>
        </div>
      )}
    />
  );
}

function Fault({ ticket }: { readonly ticket: Ticket }) {
  const { local } = useTexts();
  const componentName = useComponentName();
  return (
    <span>
      {local(faultFamily(ticket.faultFamily).label)}
      {ticket.component !== '' && <span className="quiet"> · {componentName(ticket.component)}</span>}
      {ticket.faultCode !== null && <code className="code">{ticket.faultCode}</code>}
    </span>
  );
}

/** Where it stands, and how it was resolved. */
function TicketState({ ticket: { status, resolution } }: { readonly ticket: Ticket }) {
  const { t } = useTexts();
  return (
    <span className="two-lines">
      <TicketStatusMark status={status} />
      {resolution !== null && <small className="quiet">{t(`resolution.${resolution}`)}</small>}
    </span>
  );
}

function TicketUnit({ ticket }: { readonly ticket: Ticket }) {
  const { t } = useTexts();
  if (ticket.deviceId === null) return t('app.none');
  return <UnitLink deviceId={ticket.deviceId} />;
}

/** The orders of a ticket: the only one opens itself, of several the ticket tells more. */
function TicketOrders({ ticket }: { readonly ticket: Ticket }) {
  const { t } = useTexts();
  const [first, ...others] = ticket.workOrderIds;
  if (first === undefined) return <span className="quiet">{t('app.none')}</span>;
  if (others.length > 0) {
    return <DetailLink detail={{ kind: 'ticket', id: ticket.id }}>{ticket.workOrderIds.length}</DetailLink>;
  }
  return <DetailLink detail={{ kind: 'order', id: first }}>{t('field.order')}</DetailLink>;
}
