import { expect, test } from 'vitest';
import { openTestDevices } from '#test/support/test-devices.ts';

test('device models tell what their fault codes mean and in which units they measure', async () => {
  await using devices = await openTestDevices();
  const answer = await devices.call('GET', '/device-models', { role: 'agent' });
  expect(answer.statusCode).toBe(200);
  const items = answer.json<{ items: { id: string; faultCodes: unknown[]; metrics: unknown[] }[] }>().items;
  expect(items.map(({ id }) => id)).toEqual([
    'split-generic',
    'vrf-generic',
    'chiller-generic',
    'ac-pile-generic',
    'dc-pile-generic',
  ]);
  expect(items[0]?.faultCodes).toContainEqual({
    code: 'E1',
    family: 'high_pressure',
    label: { 'zh-CN': '高压保护', en: 'High pressure' },
  });
  expect(items[0]?.faultCodes).toContainEqual(expect.objectContaining({ code: 'H1', family: 'state' }));
  expect(items[2]?.metrics).toContainEqual(
    expect.objectContaining({ name: 'suction_pressure', unit: 'bar' }),
  );
});
