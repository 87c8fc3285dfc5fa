import { expect, test } from 'vitest';
import { en } from './en.ts';
import { chooseLanguage } from './language.ts';
import { zhCn } from './zh-cn.ts';

function flatten(texts: object, prefix = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[prefix + key, value]] : flatten(value, `${prefix}${key}.`),
  );
}

const english = new Map(flatten(en));
const chinese = new Map(flatten(zhCn));
const places = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

test('both languages have the same texts', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
});

test('no text is empty, and both languages fill in the same values', () => {
  for (const [key, text] of english) {
    expect(text, key).not.toBe('');
    expect(chinese.get(key), key).not.toBe('');
    expect(places(chinese.get(key) ?? ''), key).toEqual(places(text));
  }
});

test('the language chosen before wins, then the browser, then English', () => {
  expect(chooseLanguage('en', ['zh-CN'])).toBe('en');
  expect(chooseLanguage(null, ['fr', 'zh-TW', 'en'])).toBe('zh-CN');
  expect(chooseLanguage('klingon', ['en-GB'])).toBe('en');
  expect(chooseLanguage(null, ['fr'])).toBe('en');
});
