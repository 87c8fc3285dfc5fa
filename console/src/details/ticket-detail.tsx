import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { faultFamily } from '#contracts/faults.ts';
import type { TicketDetail } from '#contracts/tickets.ts';
import { ordersQuery, ticketQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { Instant } from '../desk/instant.tsx';
import { OrderStatusMark, PriorityMark, SeverityMark, TicketStatusMark } from '../desk/marks.tsx';
import { useComponentName, usePersonName, useReasonText } from '../desk/names.ts';
import { Facts } from '../facts.tsx';
import { useTexts } from '../i18n/i18n.ts';
import { DetailLink, Link } from '../link.tsx';
import { unitPath } from '../router.ts';
import { Clocks, Part, Steps, useMaybe } from './parts.tsx';
import { RemoteRepair } from './remote-repair.tsx';

interface TicketDetailsProps {
  readonly id: string;
  readonly onNumber: (number: string) => void;
}

export function TicketDetails({ id, onNumber }: TicketDetailsProps) {
  const query = useQuery(ticketQuery(id));
  const number = query.data?.number ?? '';
  useEffect(() => onNumber(number), [number, onNumber]);
  return <Answer query={query}>{(ticket) => <Shown ticket={ticket} />}</Answer>;
}

function Shown({ ticket }: { readonly ticket: TicketDetail }) {
  const { t, local } = useTexts();
  const componentName = useComponentName();
  const maybe = useMaybe();
  return (
    <>
      <p className="headline">{local(ticket.summary)}</p>
      <p className="marks">
        <TicketStatusMark status={ticket.status} />
        <PriorityMark priority={ticket.priority} />
        {ticket.isEmergency && <SeverityMark severity="critical">{t('detail.emergency')}</SeverityMark>}
      </p>
      <Facts
        facts={[
          {
            label: t('field.unit'),
            value: ticket.deviceId && <Link to={unitPath(ticket.deviceId)}>{ticket.deviceId}</Link>,
          },
          { label: t('field.component'), value: componentName(ticket.component) },
          { label: t('field.fault'), value: local(faultFamily(ticket.faultFamily).label) },
          { label: t('field.code'), value: ticket.faultCode },
          { label: t('field.source'), value: t(`source.${ticket.source}`) },
          { label: t('field.category'), value: t(`category.${ticket.category}`) },
          { label: t('field.coverage'), value: t(`coverage.${ticket.coverage}`) },
          { label: t('field.opened'), value: <Instant at={ticket.openedAt} /> },
          { label: t('field.cause'), value: maybe(ticket.preliminaryCause) },
          { label: t('field.plan'), value: maybe(ticket.plan) },
          { label: t('field.resolution'), value: ticket.resolution && t(`resolution.${ticket.resolution}`) },
        ]}
      />
      <RemoteRepair runs={ticket.remoteRuns} attempts={ticket.remoteAttempts} />
      <Orders ticket={ticket} />
      <Clocks clocks={ticket.clocks} />
      <Reports ticket={ticket} />
      <History ticket={ticket} />
    </>
  );
}

function Orders({ ticket }: { readonly ticket: TicketDetail }) {
  const { t } = useTexts();
  const { data } = useQuery(ordersQuery(ticket.deviceId === null ? {} : { deviceId: ticket.deviceId }));
  if (ticket.workOrderIds.length === 0) return null;
  const byId = new Map(data?.items.map((order) => [order.id, order]));
  return (
    <Part title={t('field.orders')}>
      <ul className="plain">
        {ticket.workOrderIds.map((id) => {
          const order = byId.get(id);
          return (
            <li key={id} className="card-line">
              <DetailLink detail={{ kind: 'order', id }}>{order?.number ?? t('field.order')}</DetailLink>
              {order !== undefined && <OrderStatusMark status={order.status} />}
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

function Reports({ ticket }: { readonly ticket: TicketDetail }) {
  const { t } = useTexts();
  const maybe = useMaybe();
  return (
    <Part title={`${t('detail.reports')} · ${ticket.reportCount}`}>
      <Steps
        steps={ticket.reports.map(({ ref, kind, source, at, clearedAt, text }) => ({
          key: ref,
          at,
          children: (
            <>
              <b>{t(kind === 'alarm' ? 'detail.reportAlarm' : 'detail.reportRequest')}</b> ·{' '}
              {t(`source.${source}`)}
              {text !== null && <div>{maybe(text)}</div>}
              {clearedAt !== null && (
                <div className="quiet">
                  {t('detail.cleared')} <Instant at={clearedAt} />
                </div>
              )}
            </>
          ),
        }))}
      />
    </Part>
  );
}

function History({ ticket }: { readonly ticket: TicketDetail }) {
  const { t, nameOf } = useTexts();
  const personName = usePersonName();
  const reasonText = useReasonText();
  return (
    <Part title={t('detail.history')}>
      <Steps
        steps={ticket.timeline.map(({ at, action, by, reason }, index) => ({
          key: `${at} ${index}`,
          at,
          children: (
            <>
              <b>{nameOf('action', action)}</b> · {personName(by)}
              {reason !== null && reason !== '' && <div className="quiet">{reasonText(reason)}</div>}
            </>
          ),
        }))}
      />
    </Part>
  );
}
