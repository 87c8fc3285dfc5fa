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

/** What the command ledger says of commands, and what a remote repair says of its end. */
const COMMAND_DETAILS = [
  ['answer_invalid', 'carrier_failed', 'changed', 'deadline_passed', 'no_answer_by_deadline', 'no_connector'],
  ['not_sent_by_deadline', 'not_subscribed', 'restarted', 'session_running', 'session_unknown'],
  ['too_many_commands', 'unknown_command', 'Accepted', 'Rejected', 'Unlocked', 'UnlockFailed'],
].flat();
const RUN_REASONS = [
  ['cool_down', 'emergency', 'limit', 'no_alarm', 'no_device', 'no_playbook', 'not_connected', 'not_cured'],
  ['recurred', 'run_in_progress', 'safety', 'self_cleared', 'session_running', 'stopped'],
  ['technician_on_site', 'too_long', 'unit_suspended', 'work_in_hand', 'wrong_kind'],
].flat();

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
  for (const detail of COMMAND_DETAILS) expect(english.has(`commandDetail.${detail}`), detail).toBe(true);
  for (const reason of RUN_REASONS) expect(english.has(`moveReason.${reason}`), reason).toBe(true);
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
