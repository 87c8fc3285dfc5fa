import { switchLanguage, useTexts } from './i18n/i18n.ts';
import { LANGUAGES } from './i18n/language.ts';

/** Each language in its own words. */
const NAMES = { 'zh-CN': '中文', en: 'English' } as const;

export function LanguageSwitch() {
  const { t, language } = useTexts();
  return (
    <fieldset className="language-switch" aria-label={t('app.language')}>
      {LANGUAGES.map((each) => (
        <button
          key={each}
          type="button"
          lang={each}
          aria-pressed={each === language}
          onClick={() => void switchLanguage(each)}
        >
          {NAMES[each]}
        </button>
      ))}
    </fieldset>
  );
}
