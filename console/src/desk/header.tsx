import { App, Button, Dropdown } from 'antd';
import { signOut } from '../api/session.ts';
import { useTexts } from '../i18n/i18n.ts';
import { LanguageSwitch } from '../language-switch.tsx';
import { Link } from '../link.tsx';
import type { LiveState } from '../live/use-live.ts';
import { Logo } from '../logo.tsx';
import { Mark } from './marks.tsx';
import { useMe } from './me.ts';

/** `live` is null for those whom no event reaches. */
export function Header({ live }: { readonly live: LiveState | null }) {
  const { t } = useTexts();
  return (
    <header className="top">
      <div className="top-inner">
        <Link to="/" className="brand">
          <Logo size={30} />
          <span>{t('app.name')}</span>
        </Link>
        {live !== null && <LiveMark live={live} />}
        <span className="top-end">
          <LanguageSwitch />
          <Account />
        </span>
      </div>
    </header>
  );
}

function LiveMark({ live }: { readonly live: LiveState }) {
  const { t } = useTexts();
  return (
    <span role="status" aria-live="polite" className="live" title={t(`state.${live}Hint`)}>
      {live === 'live' ? (
        <Mark shape="disc" tone="good">
          {t('state.live')}
        </Mark>
      ) : (
        <Mark shape="ring" tone="major">
          {t('state.reconnecting')}
        </Mark>
      )}
    </span>
  );
}

function Account() {
  const { t } = useTexts();
  const { me } = useMe();
  const { message } = App.useApp();
  const name = me.displayName === '' ? me.username : me.displayName;
  const leave = () => {
    signOut().catch(() => message.error(t('state.awayTitle')));
  };
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          { key: 'who', label: t('app.signedInAs', { name }), disabled: true },
          { key: 'out', label: t('app.signOut'), onClick: leave },
        ],
      }}
    >
      <Button
        className="account"
        shape="circle"
        aria-label={`${t('app.account')}: ${name}`}
        title={t('app.signedInAs', { name })}
      >
        {[...name][0]?.toUpperCase()}
      </Button>
    </Dropdown>
  );
}
