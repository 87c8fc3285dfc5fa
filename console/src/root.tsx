import { lazy, Suspense, useEffect } from 'react';
import { checkSession, useSession } from './api/session.ts';
import { Crash } from './crash.tsx';
import { useTexts } from './i18n/i18n.ts';
import { SignIn } from './sign-in/sign-in.tsx';

const loadDesk = () => import('./desk/desk.tsx');
const Desk = lazy(() => loadDesk().then((module) => ({ default: module.Desk })));

const RETRY_MS = 3_000;

/** Sign-in or the desk, at whatever address one came to. */
export function Root() {
  const { t } = useTexts();
  const session = useSession();

  useEffect(() => {
    if (session.state === 'checking') void checkSession();
    if (session.state !== 'away') return;
    const timer = window.setTimeout(() => void checkSession(), RETRY_MS);
    return () => window.clearTimeout(timer);
  }, [session]);

  if (session.state === 'out') {
    return <SignIn expired={session.expired} onIntent={() => void loadDesk()} />;
  }
  if (session.state === 'away') {
    return (
      <main className="splash" role="alert">
        <h1>{t('state.awayTitle')}</h1>
        <p>{t('state.awayText')}</p>
        <button type="button" className="plain-button" onClick={() => void checkSession()}>
          {t('state.retry')}
        </button>
      </main>
    );
  }
  const waiting = <div className="splash" role="status" aria-label={t('app.loading')} />;
  if (session.state === 'checking') return waiting;
  return (
    <Crash>
      <Suspense fallback={waiting}>
        <Desk me={session.me} />
      </Suspense>
    </Crash>
  );
}
