import type { ReactNode } from 'react';
import type { SlaClock } from '#contracts/sla.ts';
import type { LocalText } from '#contracts/text.ts';
import { Instant } from '../desk/instant.tsx';
import { Mark } from '../desk/marks.tsx';
import { useTexts } from '../i18n/i18n.ts';

/** A headed part of a record; a part without content is left out. */
export function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

interface Step {
  readonly key: string;
  readonly at: string;
  readonly children: ReactNode;
}

export function Steps({ steps }: { readonly steps: readonly Step[] }) {
  return (
    <ol className="steps">
      {steps.map(({ key, at, children }) => (
        <li key={key}>
          <Instant at={at} />
          <div>{children}</div>
        </li>
      ))}
    </ol>
  );
}

/** Running promises: when they are due, and whether they were kept. */
export function Clocks({ clocks }: { readonly clocks: readonly SlaClock[] }) {
  const { t } = useTexts();
  if (clocks.length === 0) return null;
  return (
    <Part title={t('detail.clocks')}>
      <ul className="plain">
        {clocks.map((clock) => (
          <li key={clock.id} className="card-line">
            <span>
              <b>{t(`clock.${clock.kind}`)}</b>{' '}
              <span className="quiet">
                {t('field.due')} <Instant at={clock.dueAt} />
              </span>
            </span>
            <ClockMark clock={clock} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

function ClockMark({ clock }: { readonly clock: SlaClock }) {
  const { t } = useTexts();
  if (clock.met === true) {
    return (
      <Mark shape="check" tone="good">
        {t('detail.met')}
      </Mark>
    );
  }
  return clock.breachedAt !== null || clock.met === false ? (
    <Mark shape="cross" tone="critical">
      {t('detail.breached')}
    </Mark>
  ) : (
    <Mark shape="half" tone="brand">
      {t('detail.running')}
    </Mark>
  );
}

/** Text in both languages, or nothing. */
export function useMaybe() {
  const { local } = useTexts();
  return (text: LocalText | null | undefined) => (text ? local(text) : null);
}
