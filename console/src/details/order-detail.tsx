import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { WorkOrderDetail } from '#contracts/work-orders.ts';
import { orderQuery } from '../api/queries.ts';
import { Answer } from '../desk/answer.tsx';
import { Instant } from '../desk/instant.tsx';
import { OrderStatusMark, PriorityMark, SeverityMark, VerificationMark } from '../desk/marks.tsx';
import { useMe } from '../desk/me.ts';
import { useComponentName, useModelName, useTechnicianName } from '../desk/names.ts';
import { UnitLink } from '../desk/unit-link.tsx';
import { Facts } from '../facts.tsx';
import { useTexts } from '../i18n/i18n.ts';
import { DetailLink } from '../link.tsx';
import { Assignments, Log, Proof } from './order-parts.tsx';
import { Clocks, Part, Steps, useMaybe } from './parts.tsx';
import { RemoteRepair } from './remote-repair.tsx';

interface OrderDetailProps {
  readonly id: string;
  readonly onNumber: (number: string) => void;
}

export function OrderDetail({ id, onNumber }: OrderDetailProps) {
  const query = useQuery(orderQuery(id));
  const number = query.data?.number ?? '';
  useEffect(() => onNumber(number), [number, onNumber]);
  return <Answer query={query}>{(order) => <Shown order={order} />}</Answer>;
}

interface OrderProps {
  readonly order: WorkOrderDetail;
}

function Shown({ order }: OrderProps) {
  const { t, local } = useTexts();
  return (
    <>
      <p className="headline">{local(order.title)}</p>
      <p className="marks">
        <OrderStatusMark status={order.status} />
        <PriorityMark priority={order.priority} />
        <VerificationMark verification={order.verification} />
        {order.fault?.isEmergency === true && (
          <SeverityMark severity="critical">{t('detail.emergency')}</SeverityMark>
        )}
      </p>
      <Job order={order} />
      <Place order={order} />
      <Assignments order={order} />
      <Clocks clocks={order.clocks} />
      <Evidence order={order} />
      <RemoteRepair runs={[]} attempts={order.remoteAttempts} />
      <Proof order={order} />
      <Log order={order} />
    </>
  );
}

function Job({ order }: OrderProps) {
  const { t, local } = useTexts();
  const { may } = useMe();
  const maybe = useMaybe();
  const nameOf = useTechnicianName();
  const { fault, dueAt, etaAt, appointment, test, signature, callback } = order;
  return (
    <Facts
      facts={[
        { label: t('field.kind'), value: t(`orderKind.${order.kind}`) },
        {
          label: t('field.ticket'),
          value: order.ticketId !== null && may('tickets:read') && (
            <DetailLink detail={{ kind: 'ticket', id: order.ticketId }}>{t('detail.show')}</DetailLink>
          ),
        },
        { label: t('field.fault'), value: fault && local(fault.label) },
        { label: t('field.code'), value: fault?.code },
        { label: t('field.cause'), value: maybe(order.preliminaryCause) },
        { label: t('field.confirmedCause'), value: order.confirmedCause },
        { label: t('field.plan'), value: maybe(order.plan) },
        {
          label: t('field.technician'),
          value: order.technicianId === null ? t('detail.notAssigned') : nameOf(order.technicianId),
        },
        { label: t('field.assistants'), value: order.assistantIds.map(nameOf).join(', ') },
        { label: t('field.opened'), value: <Instant at={order.openedAt} /> },
        { label: t('field.due'), value: dueAt && <Instant at={dueAt} /> },
        { label: t('field.eta'), value: etaAt && <Instant at={etaAt} /> },
        {
          label: t('field.appointment'),
          value: appointment && (
            <>
              <Instant at={appointment.from} /> – <Instant at={appointment.until} />
            </>
          ),
        },
        {
          label: t('field.test'),
          value:
            test &&
            [t(test.passed ? 'detail.passed' : 'detail.failed'), test.text].filter(Boolean).join(': '),
        },
        {
          label: t('field.signature'),
          value: signature?.refusedReason
            ? t('detail.refused', { reason: signature.refusedReason })
            : signature?.name,
        },
        {
          label: t('field.callback'),
          value:
            callback &&
            [t(callback.satisfied ? 'detail.satisfied' : 'detail.unsatisfied'), callback.text]
              .filter(Boolean)
              .join(': '),
        },
      ]}
    />
  );
}

function Place({ order }: OrderProps) {
  const { t, nameOf } = useTexts();
  const modelName = useModelName();
  const componentName = useComponentName();
  const { unit, site, customer, contact, deviceId } = order;
  return (
    <Part title={t('detail.card')}>
      <Facts
        facts={[
          { label: t('field.unit'), value: deviceId && <UnitLink deviceId={deviceId} /> },
          { label: t('field.component'), value: componentName(order.component) },
          { label: t('field.number'), value: unit?.number },
          { label: t('field.model'), value: unit && modelName(unit.model) },
          { label: t('field.serial'), value: unit?.serial },
          { label: t('field.customer'), value: customer?.name },
          {
            label: t('field.contact'),
            value: contact && (
              <>
                {contact.name} {contact.phone && <a href={`tel:${contact.phone}`}>{contact.phone}</a>}
              </>
            ),
          },
          { label: t('field.site'), value: site?.name },
          { label: t('field.address'), value: site?.address },
          {
            label: t('detail.missing'),
            value: order.missing.map((field) => nameOf('missing', field)).join(', '),
          },
        ]}
      />
      {order.masked.length > 0 && <p className="quiet reported">{t('detail.masked')}</p>}
    </Part>
  );
}

function Evidence({ order }: OrderProps) {
  const { t } = useTexts();
  const maybe = useMaybe();
  if (order.evidence.length === 0) return null;
  return (
    <Part title={t('detail.evidence')}>
      <Steps
        steps={order.evidence.map(({ ref, kind, at, text }) => ({
          key: ref,
          at,
          children: (
            <>
              <b>{t(kind === 'alarm' ? 'detail.reportAlarm' : 'detail.reportRequest')}</b>
              {text !== null && <div>{maybe(text)}</div>}
            </>
          ),
        }))}
      />
    </Part>
  );
}
