import { expect, test } from 'vitest';
import { refusedCall } from './dead-letters.ts';

function kept(text: string): string | null {
  return refusedCall('cp-1', 'GATEWAY_CALL_INVALID', { text }).payload?.toString() ?? null;
}

const inText = (value: unknown) => JSON.stringify(value);

test.each([
  ['text', '[2,"1","Authorize",{"idTag":"ALICE"}]'],
  ['a number', '[2,"1","Authorize",{"idTag":4711}]'],
  ['an object', '[2,"1","Authorize",{"idTag":{"id":"ALICE","n":4711}}]'],
  ['a list', '[2,"1","Authorize",{"parentIdTag":["ALICE"]}]'],
  ['under a name with escapes', String.raw`[2,"1","Authorize",{"\u0069dTag":"ALICE","id\u0054ag":4711}]`],
  ['under a name in other letters', '[2,"1","Authorize",{"IDTAG":"ALICE"}]'],
  ['deep inside', '[2,"1","X",{"a":[{"b":{"idTagInfo":{"parentIdTag":"ALICE"}}}]}]'],
  ['in vendor data', `[2,"1","DataTransfer",{"data":${inText('{"idTag":"ALICE"}')}}]`],
  [
    'in vendor data with escapes',
    `[2,"1","DataTransfer",{"data":${inText(String.raw`{"\u0069dTag":4711}`)}}]`,
  ],
  ['in data in data', `[2,"1","X",{"data":${inText(inText({ a: inText({ idTag: 'ALICE' }) }))}}]`],
  ['in vendor data that is no JSON', '[2,"1","DataTransfer",{"data":"idTag=ALICE"}]'],
])('R1: the tag of a person is not kept: %s', (_, text) => {
  expect(kept(text)).toMatch(/^\[2,"1","/);
  expect(kept(text)).toContain('-');
  expect(kept(text)).not.toMatch(/ALICE|4711/);
});

test.each([
  '[2,"1","Authorize",{"idTag":"ALICE',
  '[2,"1","Authorize",{"idTag":4711',
  String.raw`[2,"1","Authorize",{"\u0069dTag":"ALICE`,
  String.raw`[2,"1","X",{"data":"{\"parentIdTag\":\"ALICE`,
])('R1: of a frame that breaks off and names a tag nothing is kept: %s', (text) => {
  expect(kept(text)).toBeNull();
});

test('a frame without tags is kept as it came, its first 16 KB', () => {
  const text = '[2, "1","StatusNotification",{"errorCode":1e400';
  expect(kept(text)).toBe(text);
  expect(kept('x'.repeat(20_000))).toHaveLength(16_384);
});

test('R1: a tag past the first 16 KB is masked before the cut', () => {
  const text = `[2,"1","X",{"a":"${'x'.repeat(16_400)}","idTag":"ALICE IN CHAINS"}]`;
  expect(kept(text)).toHaveLength(16_384);
  expect(kept(text)).not.toContain('ALI');
});
