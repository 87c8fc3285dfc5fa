import { type FormEvent, useEffect, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { signIn } from '../api/session.ts';
import { useTexts } from '../i18n/i18n.ts';
import { LanguageSwitch } from '../language-switch.tsx';
import { Logo } from '../logo.tsx';
import './sign-in.css';

type Refusal = 'wrong' | 'tooMany' | 'away' | { readonly code: string };

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ApiError)) return { code: 'UNKNOWN' };
  if (error.status === 0 || error.status >= 502) return 'away';
  if (error.status === 429) return 'tooMany';
  return error.status === 401 ? 'wrong' : { code: error.code };
}

interface Props {
  readonly expired: boolean;
  /** Somebody is about to come in: fetch what they will need. */
  readonly onIntent: () => void;
}

export function SignIn({ expired, onIntent }: Props) {
  const { t } = useTexts();
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);

  useEffect(() => {
    document.title = `${t('signIn.title')} · ${t('app.name')}`;
  }, [t]);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    onIntent();
    setBusy(true);
    setRefusal(null);
    try {
      await signIn(String(given.get('username')).trim(), String(given.get('password')));
    } catch (error) {
      setRefusal(refusalOf(error));
      setBusy(false);
      form.querySelector<HTMLInputElement>('input[name=password]')?.select();
    }
  };

  return (
    <div className="sign-in">
      <main className="sign-in-card">
        <header>
          <Logo size={44} />
          <LanguageSwitch />
        </header>
        <h1>{t('app.name')}</h1>
        <p className="quiet">{t('app.tagline')}</p>
        {expired && refusal === null && <p className="note">{t('signIn.expired')}</p>}
        <form onSubmit={(event) => void submit(event)} aria-label={t('signIn.title')}>
          <Field name="username" label={t('signIn.username')} type="text" isWrong={refusal === 'wrong'} />
          <Field name="password" label={t('signIn.password')} type="password" isWrong={refusal === 'wrong'} />
          <div role="alert" className="refusal" id="refusal">
            {refusal !== null && <p>{refusalText(t, refusal)}</p>}
          </div>
          <button type="submit" className="plain-button primary" disabled={isBusy}>
            {isBusy ? t('signIn.busy') : t('signIn.submit')}
          </button>
        </form>
        <p className="quiet hint">{t('signIn.firstTime')}</p>
      </main>
    </div>
  );
}

function refusalText(t: ReturnType<typeof useTexts>['t'], refusal: Refusal): string {
  return typeof refusal === 'string' ? t(`signIn.${refusal}`) : t('signIn.failed', { code: refusal.code });
}

interface FieldProps {
  readonly name: 'username' | 'password';
  readonly label: string;
  readonly type: 'text' | 'password';
  readonly isWrong: boolean;
}

function Field({ name, label, type, isWrong }: FieldProps) {
  return (
    <label>
      <span>{label}</span>
      <input
        name={name}
        type={type}
        required
        maxLength={name === 'username' ? 64 : 200}
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        autoComplete={name === 'username' ? 'username' : 'current-password'}
        aria-invalid={isWrong}
        aria-describedby="refusal"
      />
    </label>
  );
}
