import { useQuery } from '@tanstack/react-query';
import { Card } from 'antd';
import { useEffect } from 'react';
import type { Device } from '#contracts/devices.ts';
import { alarmsQuery, deviceQuery, ordersQuery, ticketsQuery, unitQuery } from '../api/queries.ts';
import { AlarmList } from '../desk/alarm-list.tsx';
import { Answer } from '../desk/answer.tsx';
import { OnlineMark } from '../desk/marks.tsx';
import { useMe } from '../desk/me.ts';
import { OrderList } from '../desk/order-list.tsx';
import { TicketList } from '../desk/ticket-list.tsx';
import { useTexts } from '../i18n/i18n.ts';
import { Link } from '../link.tsx';
import { ChargingSessions } from './charging-sessions.tsx';
import { Commands } from './commands.tsx';
import { Identity } from './identity.tsx';
import { kindOf } from './kind.ts';
import { LastHour } from './last-hour.tsx';
import { LiveValues } from './live-values.tsx';
import { Plans } from './plans.tsx';

export function UnitPage({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTexts();
  const device = useQuery(deviceQuery(deviceId));
  useEffect(() => {
    document.title = `${deviceId} · ${t('app.name')}`;
  }, [deviceId, t]);
  return (
    <>
      <nav className="crumb">
        <Link to="/">← {t('app.back')}</Link>
      </nav>
      <Answer query={device} missing={t('unit.unknown', { id: deviceId })}>
        {(found) => <Found device={found} />}
      </Answer>
    </>
  );
}

function Found({ device }: { readonly device: Device }) {
  const { nameOf } = useTexts();
  const { may } = useMe();
  const about = { deviceId: device.id };
  const unit = useQuery({ ...unitQuery(device.unitId), enabled: may('customers:read') });
  const alarms = useQuery({ ...alarmsQuery(about), enabled: may('alarms:read') });
  return (
    <>
      <header className="unit-head">
        <h1>{device.id}</h1>
        <OnlineMark device={device} />
        <span className="quiet">{nameOf('kind', device.kind)}</span>
      </header>
      <div className="unit-grid">
        <div className="unit-main">
          {may('telemetry:read') && (
            <LastHour deviceId={device.id} kind={kindOf(device)} alarms={alarms.data?.items ?? []} />
          )}
          {kindOf(device) === 'charging_pile' && <ChargingSessions device={device} />}
          <Work device={device} />
          {may('commands:read') && <Commands device={device} />}
        </div>
        <aside className="unit-side">
          <Identity device={device} unit={unit.data} />
          {may('telemetry:read') && <LiveValues device={device} />}
          {may('maintenance:read') && <Plans deviceId={device.id} kind={kindOf(device)} />}
        </aside>
      </div>
    </>
  );
}

function Work({ device }: { readonly device: Device }) {
  const { may } = useMe();
  const about = { deviceId: device.id };
  return (
    <>
      {may('alarms:read') && <Alarms about={about} />}
      {may('tickets:read') && <Tickets about={about} />}
      {may('work_orders:read') && <Orders about={about} />}
    </>
  );
}

interface AboutProps {
  readonly about: { readonly deviceId: string };
}

function Alarms({ about }: AboutProps) {
  const { t } = useTexts();
  const alarms = useQuery(alarmsQuery(about));
  return (
    <Card title={<h2>{t('tab.alarms')}</h2>}>
      <Answer query={alarms}>
        {({ items }) => <AlarmList alarms={items} empty={t('empty.unitAlarms')} hidesUnit />}
      </Answer>
    </Card>
  );
}

function Tickets({ about }: AboutProps) {
  const { t } = useTexts();
  const tickets = useQuery(ticketsQuery(about));
  return (
    <Card title={<h2>{t('tab.tickets')}</h2>}>
      <Answer query={tickets}>
        {({ items }) => <TicketList tickets={items} empty={t('empty.unitTickets')} hidesUnit />}
      </Answer>
    </Card>
  );
}

function Orders({ about }: AboutProps) {
  const { t } = useTexts();
  const orders = useQuery(ordersQuery(about));
  return (
    <Card title={<h2>{t('tab.orders')}</h2>}>
      <Answer query={orders}>
        {({ items }) => <OrderList orders={items} empty={t('empty.unitOrders')} hidesUnit />}
      </Answer>
    </Card>
  );
}
