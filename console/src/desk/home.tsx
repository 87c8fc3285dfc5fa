import { Alert, Tabs } from 'antd';
import { useEffect } from 'react';
import { useTexts } from '../i18n/i18n.ts';
import { navigate, redirect, TABS, type Tab, tabPath } from '../router.ts';
import { Counters } from './counters.tsx';
import { useTabs } from './tabs.ts';
import { UnitsPanel } from './units-panel.tsx';
import { AlarmsPanel, OrdersPanel, TicketsPanel } from './work-panels.tsx';

const PANELS = {
  units: { label: 'tab.units', Panel: UnitsPanel },
  alarms: { label: 'tab.alarms', Panel: AlarmsPanel },
  tickets: { label: 'tab.tickets', Panel: TicketsPanel },
  'work-orders': { label: 'tab.orders', Panel: OrdersPanel },
} as const;

/** The lists; an address of one that is not for us leads to the first that is. */
export function Home({ tab }: { readonly tab: Tab }) {
  const { t } = useTexts();
  const tabs = useTabs();
  const shown = tabs.includes(tab) ? tab : tabs[0];
  useEffect(() => {
    if (shown !== undefined && shown !== tab) redirect(tabPath(shown) + window.location.search);
  }, [shown, tab]);
  return shown === undefined ? (
    <Alert type="info" showIcon title={t('state.nothingForYou')} />
  ) : (
    <Lists tabs={tabs} shown={shown} />
  );
}

function Lists({ tabs, shown }: { readonly tabs: readonly Tab[]; readonly shown: Tab }) {
  const { t } = useTexts();
  const title = t(PANELS[shown].label);
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  return (
    <>
      <h1 className="sr-only">{title}</h1>
      <Counters tabs={tabs} />
      <div className="sheet">
        <Tabs
          activeKey={shown}
          onChange={(key) => {
            const chosen = TABS.find((each) => each === key);
            if (chosen !== undefined) navigate(tabPath(chosen));
          }}
          destroyOnHidden
          items={tabs.map((key) => {
            const { label, Panel } = PANELS[key];
            return { key, label: t(label), children: <Panel /> };
          })}
        />
      </div>
    </>
  );
}
