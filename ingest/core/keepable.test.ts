import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isKeepable } from './keepable.ts';

test.each([
  ['{"code":"E\\u0000"}', false],
  ['{"a\\u0000b":1}', false],
  ['[[{"detail":"half a pair \\ud83d"}]]', false],
  ['{"detail":"the other half \\ude00"}', false],
  ['{"detail":"a pair \\ud83d\\ude00, a newline \\u000a"}', true],
  ['{"detail":"a backslash before \\\\u0000"}', true],
  ['[null,1,true,"空调"]', true],
])('%s can be kept: %s', (json, expected) => {
  expect(isKeepable(JSON.parse(json))).toBe(expected);
});

test('however deep a message is nested, it is looked through', () => {
  const deep = '['.repeat(100_000);
  expect(isKeepable(JSON.parse(`${deep}"\\u0000"${']'.repeat(100_000)}`))).toBe(false);
});

test('whatever is well-formed text without U+0000 can be kept', () => {
  const text = fc.string({ unit: 'grapheme' }).map((each) => each.replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), text, (value, each) => {
      fc.pre(!JSON.stringify(value).includes('\\u0000'));
      return isKeepable([value, each]);
    }),
  );
});
