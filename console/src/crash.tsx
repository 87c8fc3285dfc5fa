import { Component, type ReactNode } from 'react';
import { useTexts } from './i18n/i18n.ts';

function CrashPage() {
  const { t } = useTexts();
  return (
    <main className="splash" role="alert">
      <h1>{t('state.crashTitle')}</h1>
      <p>{t('state.crashText')}</p>
      <button type="button" className="plain-button" onClick={() => window.location.reload()}>
        {t('state.reload')}
      </button>
    </main>
  );
}

/** Says so, and how to go on, when a page below fails to draw or to load. */
export class Crash extends Component<{ readonly children: ReactNode }, { readonly hasCrashed: boolean }> {
  override state = { hasCrashed: false };

  static getDerivedStateFromError() {
    return { hasCrashed: true };
  }

  override render() {
    return this.state.hasCrashed ? <CrashPage /> : this.props.children;
  }
}
