import { Drawer } from 'antd';
import { useState } from 'react';
import { useIsWide } from '../desk/data-list.tsx';
import { useTexts } from '../i18n/i18n.ts';
import { type Detail, openDetail } from '../router.ts';
import { OrderDetail } from './order-detail.tsx';
import { TicketDetails } from './ticket-detail.tsx';

/** A ticket or an order, over the page one is on; the browser's way back closes it. */
export function DetailDrawer({ detail }: { readonly detail: Detail }) {
  const { t } = useTexts();
  const isWide = useIsWide();
  const [number, setNumber] = useState('');
  const name = detail.kind === 'ticket' ? t('field.ticket') : t('field.order');
  return (
    <Drawer
      open
      size={isWide ? 620 : '100%'}
      title={`${name} ${number}`}
      onClose={() => openDetail(null)}
      closable={{ 'aria-label': t('detail.close') }}
    >
      {detail.kind === 'ticket' ? (
        <TicketDetails key={detail.id} id={detail.id} onNumber={setNumber} />
      ) : (
        <OrderDetail key={detail.id} id={detail.id} onNumber={setNumber} />
      )}
    </Drawer>
  );
}
