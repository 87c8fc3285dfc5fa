import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { LocalText } from '#contracts/text.ts';
import { en } from './en.ts';
import { chooseLanguage, type Language } from './language.ts';
import { zhCn } from './zh-cn.ts';

const TEXTS = { en, 'zh-CN': zhCn } as const;
const STORED = 'aftercare.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

/** Starts in the language that was chosen here before, else the browser's. */
export async function startI18n(): Promise<void> {
  const language = chooseLanguage(localStorage.getItem(STORED), navigator.languages);
  i18next.on('languageChanged', (name) => {
    document.documentElement.lang = name;
  });
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: en }, 'zh-CN': { translation: zhCn } },
    interpolation: { escapeValue: false },
  });
}

/** Texts for names that the server gives as plain strings. */
export type NameGroup =
  | 'action'
  | 'orderAction'
  | 'moveReason'
  | 'missing'
  | 'mode'
  | 'fanMode'
  | 'unitAction'
  | 'connectorStatus'
  | 'commandStatus'
  | 'commandName'
  | 'commandArg'
  | 'commandDetail'
  | 'stopReason'
  | 'kind';

/** Translations, the language itself, and how to read what the server gives: texts in both, and names. */
export function useTexts() {
  const { t, i18n } = useTranslation();
  const language = i18n.language as Language;
  return {
    t,
    language,
    local: (text: LocalText) => text[language],
    /** The name's text, or the name itself where there is none. */
    nameOf: (group: NameGroup, name: string): string => {
      const names: Readonly<Record<string, string>> = TEXTS[language][group];
      return names[name] ?? name;
    },
  };
}

export async function switchLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language);
  await i18next.changeLanguage(language);
}
