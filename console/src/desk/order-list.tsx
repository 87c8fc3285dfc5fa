import type { WorkOrder } from '#contracts/work-orders.ts';
import { useTexts } from '../i18n/i18n.ts';
import { DetailLink } from '../link.tsx';
import { type Column, DataList } from './data-list.tsx';
import { Instant } from './instant.tsx';
import { OrderStatusMark, PriorityMark, VerificationMark } from './marks.tsx';
import { useTechnicianName } from './names.ts';
import { UnitLink } from './unit-link.tsx';

interface OrderListProps {
  readonly orders: readonly WorkOrder[];
  readonly empty: string;
  readonly hidesUnit?: boolean;
}

export function OrderList({ orders, empty, hidesUnit = false }: OrderListProps) {
  const { t } = useTexts();
  return (
    <DataList
      label={t('tab.orders')}
      rows={orders}
      rowKey={({ id }) => id}
      columns={useOrderColumns(hidesUnit)}
      empty={empty}
      card={(order) => <OrderCard order={order} hidesUnit={hidesUnit} />}
    />
  );
}

function useOrderColumns(hidesUnit: boolean): readonly Column<WorkOrder>[] {
  const { t } = useTexts();
  const unit: Column<WorkOrder> = {
    key: 'unit',
    title: t('field.unit'),
    by: ({ deviceId }) => deviceId ?? '',
    render: (order) => <OrderUnit order={order} />,
  };
  return [
    {
      key: 'number',
      title: t('field.number'),
      by: ({ number }) => number,
      render: ({ id, number }) => <DetailLink detail={{ kind: 'order', id }}>{number}</DetailLink>,
    },
    {
      key: 'priority',
      title: t('field.priority'),
      by: ({ priority }) => priority,
      render: ({ priority }) => <PriorityMark priority={priority} />,
    },
    { key: 'kind', title: t('field.kind'), render: (order) => <OrderTitle order={order} /> },
    ...(hidesUnit ? [] : [unit]),
    {
      key: 'technician',
      title: t('field.technician'),
      render: (order) => <OrderTechnician order={order} />,
    },
    {
      key: 'status',
      title: t('field.status'),
      by: ({ status }) => status,
      render: ({ status }) => <OrderStatusMark status={status} />,
    },
    {
      key: 'verification',
      title: t('field.verification'),
      by: ({ verification }) => verification,
      render: ({ verification }) => <VerificationMark verification={verification} />,
    },
    {
      key: 'due',
      title: t('field.due'),
      by: ({ dueAt }) => dueAt ?? '',
      render: ({ dueAt }) => (dueAt === null ? t('app.none') : <Instant at={dueAt} />),
    },
    {
      key: 'opened',
      title: t('field.opened'),
      by: ({ openedAt }) => openedAt,
      render: ({ openedAt }) => <Instant at={openedAt} />,
    },
  ];
}

interface OrderProps {
  readonly order: WorkOrder;
}

function OrderCard({ order, hidesUnit }: OrderProps & { readonly hidesUnit: boolean }) {
  const { t } = useTexts();
  return (
    <div className="card">
      <span className="card-line">
        <DetailLink detail={{ kind: 'order', id: order.id }}>{order.number}</DetailLink>
        <OrderStatusMark status={order.status} />
      </span>
      <span className="card-line start">
        <PriorityMark priority={order.priority} /> <OrderTitle order={order} />
      </span>
      <span className="card-line">
        {hidesUnit ? <span /> : <OrderUnit order={order} />}
        <OrderTechnician order={order} />
      </span>
      <span className="card-line">
        <VerificationMark verification={order.verification} />
        {order.dueAt === null ? (
          <Instant at={order.openedAt} />
        ) : (
          <span>
            {t('field.due')} <Instant at={order.dueAt} />
          </span>
        )}
      </span>
    </div>
  );
}

function OrderTitle({ order }: OrderProps) {
  const { t, local } = useTexts();
  return (
    <span className="two-lines">
      <span>{local(order.title)}</span>
      <small className="quiet">{t(`orderKind.${order.kind}`)}</small>
    </span>
  );
}

function OrderUnit({ order }: OrderProps) {
  const { t } = useTexts();
  if (order.deviceId === null) return t('app.none');
  return <UnitLink deviceId={order.deviceId} />;
}

function OrderTechnician({ order }: OrderProps) {
  const { t } = useTexts();
  const nameOf = useTechnicianName();
  if (order.technicianId !== null) return nameOf(order.technicianId);
  const why = order.holdReason === null ? t('detail.notAssigned') : t(`holdReason.${order.holdReason}`);
  return <span className="quiet">{why}</span>;
}
