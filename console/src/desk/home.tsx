import { Tabs } from 'antd';
import { useEffect } from 'react';
import { useTexts } from '../i18n/i18n.ts';
import { navigate, TABS, type Tab, tabPath } from '../router.ts';
import { Counters } from './counters.tsx';
import { UnitsPanel } from './units-panel.tsx';
import { AlarmsPanel, OrdersPanel, TicketsPanel } from './work-panels.tsx';

const PANELS = {
  units: { label: 'tab.units', Panel: UnitsPanel },
  alarms: { label: 'tab.alarms', Panel: AlarmsPanel },
  tickets: { label: 'tab.tickets', Panel: TicketsPanel },
  'work-orders': { label: 'tab.orders', Panel: OrdersPanel },
} as const;

export function Home({ tab }: { readonly tab: Tab }) {
  const { t } = useTexts();
  const title = t(PANELS[tab].label);
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  return (
    <>
      <h1 className="sr-only">{title}</h1>
      <Counters />
      <div className="sheet">
        <Tabs
          activeKey={tab}
          onChange={(key) => {
            const chosen = TABS.find((each) => each === key);
            if (chosen !== undefined) navigate(tabPath(chosen));
          }}
          destroyOnHidden
          items={TABS.map((key) => {
            const { label, Panel } = PANELS[key];
            return { key, label: t(label), children: <Panel /> };
          })}
        />
      </div>
    </>
  );
}
