import { expect, test } from 'vitest';
import { COMMANDS } from '#contracts/commands.ts';
import { DEVICE_KINDS } from '#contracts/metrics.ts';
import { REPAIR_RUN_STATUSES } from '#contracts/playbooks.ts';
import { HOLD_REASONS } from '#contracts/work-orders.ts';
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

test('what the server names by a word of its own is told in words', () => {
  for (const { name, args } of COMMANDS) {
    expect(english.has(`commandName.${name}`), name).toBe(true);
    const enums = JSON.stringify(args).matchAll(/"enum":(\[[^\]]*\])/g);
    const values = [...enums].flatMap(([, list]): string[] => JSON.parse(list ?? '[]'));
    for (const value of values) {
      expect(english.has(`commandArg.${value}`) || english.has(`mode.${value}`), value).toBe(true);
    }
  }
  for (const reason of HOLD_REASONS) expect(english.has(`holdReason.${reason}`), reason).toBe(true);
  for (const kind of DEVICE_KINDS) expect(english.has(`kind.${kind}`), kind).toBe(true);
  for (const status of REPAIR_RUN_STATUSES) expect(english.has(`runStatus.${status}`), status).toBe(true);
  for (const action of ['start', 'skipped', 'cured', 'failed', 'aborted']) {
    expect(english.has(`action.remote_${action}`), action).toBe(true);
  }
});

test('the language chosen before wins, then the browser, then English', () => {
  expect(chooseLanguage('en', ['zh-CN'])).toBe('en');
  expect(chooseLanguage(null, ['fr', 'zh-TW', 'en'])).toBe('zh-CN');
  expect(chooseLanguage('klingon', ['en-GB'])).toBe('en');
  expect(chooseLanguage(null, ['fr'])).toBe('en');
});
