import { QueryClientProvider } from '@tanstack/react-query';
import { Alert, App, ConfigProvider } from 'antd';
import enUs from 'antd/locale/en_US';
import zhCn from 'antd/locale/zh_CN';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { createQueryClient } from '../api/query-client.ts';
import type { Me } from '../api/session.ts';
import { useTexts } from '../i18n/i18n.ts';
import { Link } from '../link.tsx';
import { useLive } from '../live/use-live.ts';
import { usePlace } from '../router.ts';
import './desk.css';
import { Header } from './header.tsx';
import { Home } from './home.tsx';
import { MeContext, useMe } from './me.ts';

const UnitPage = lazy(() => import('../unit/unit-page.tsx').then((it) => ({ default: it.UnitPage })));
const DetailDrawer = lazy(() =>
  import('../details/detail-drawer.tsx').then((it) => ({ default: it.DetailDrawer })),
);

const LOCALES = { en: enUs, 'zh-CN': zhCn } as const;
const THEME = {
  token: {
    colorPrimary: '#0b5563',
    colorPrimaryHover: '#0f6d7f',
    colorPrimaryBg: '#e6f1f3',
    colorPrimaryBgHover: '#d7e8eb',
    colorInfo: '#0b5563',
    colorInfoBg: '#eaf3f5',
    colorInfoBorder: '#b5d3da',
    colorLink: '#0b5563',
    colorText: '#16242b',
    colorTextSecondary: '#566a73',
    colorTextDescription: '#566a73',
    colorBgLayout: '#f3f6f7',
    borderRadius: 8,
    fontFamily: 'var(--font)',
  },
} as const;

/** Everything behind sign-in. */
export function Desk({ me }: { readonly me: Me }) {
  const { language } = useTexts();
  const [queries] = useState(createQueryClient);
  return (
    <QueryClientProvider client={queries}>
      <ConfigProvider locale={LOCALES[language]} theme={THEME} button={{ autoInsertSpace: false }}>
        <App>
          <MeContext value={me}>
            <Pages />
          </MeContext>
        </App>
      </ConfigProvider>
    </QueryClientProvider>
  );
}

function Pages() {
  const { t } = useTexts();
  const { may } = useMe();
  const live = useLive(may('events:read'));
  const { page, tab, deviceId, detail } = usePlace();

  const shown = `${page} ${deviceId}`;
  const before = useRef(shown);
  const content = useRef<HTMLElement>(null);

  useEffect(() => {
    if (before.current === shown) return;
    before.current = shown;
    window.scrollTo(0, 0);
    content.current?.focus({ preventScroll: true });
  }, [shown]);

  return (
    <>
      <a href="#content" className="skip">
        {t('app.skip')}
      </a>
      <Header live={live} />
      <main ref={content} id="content" className="content" tabIndex={-1}>
        <Suspense fallback={null}>
          {page === 'home' && <Home tab={tab} />}
          {page === 'unit' && may('devices:read') && <UnitPage key={deviceId} deviceId={deviceId} />}
          {page === 'unit' && !may('devices:read') && <NoPage text={t('state.forbidden')} />}
          {page === 'unknown' && <NoPage text={t('state.notFound')} />}
        </Suspense>
        <Suspense fallback={null}>{detail !== null && <DetailDrawer detail={detail} />}</Suspense>
      </main>
    </>
  );
}

function NoPage({ text }: { readonly text: string }) {
  const { t } = useTexts();
  return <Alert type="info" showIcon title={text} action={<Link to="/">{t('state.goHome')}</Link>} />;
}
