import { expect, test } from 'vitest';
import { DEVICE_MODELS } from '#contracts/device-models.ts';
import { openTestDevices } from '#test/support/test-devices.ts';

interface Shown {
  readonly id: string;
  readonly vendor: string;
  readonly series: string;
  readonly faultCodes: unknown[];
  readonly metrics: unknown[];
}

test('device models tell what their fault codes mean and in which units they measure', async () => {
  await using devices = await openTestDevices();
  const answer = await devices.call('GET', '/device-models', { role: 'agent' });
  expect(answer.statusCode).toBe(200);
  const { items } = answer.json<{ items: Shown[] }>();
  expect(items.map(({ id }) => id)).toEqual(DEVICE_MODELS.map(({ id }) => id));
  const codesOf = (id: string) => items.find((item) => item.id === id)?.faultCodes;
  expect(codesOf('split-generic')).toContainEqual({
    code: 'E1',
    family: 'high_pressure',
    label: { 'zh-CN': '高压保护', en: 'High pressure' },
    severity: 'critical',
    skill: 'refrigeration',
    isSafety: false,
    playbook: null,
    parts: ['high-pressure-switch', 'outdoor-fan-motor'],
  });
  expect(codesOf('dc-pile-generic')).toContainEqual(
    expect.objectContaining({ code: 'ReaderFailure', skill: 'charging', playbook: 'pile-reset' }),
  );
  expect(codesOf('dc-pile-generic')).toContainEqual(
    expect.objectContaining({ code: 'GroundFailure', isSafety: true, playbook: null }),
  );
  expect(items.find(({ id }) => id === 'chiller-generic')?.metrics).toContainEqual(
    expect.objectContaining({ name: 'suction_pressure', unit: 'bar' }),
  );
});

test('one device model tells whose series it is and which of its codes are states', async () => {
  await using devices = await openTestDevices();
  const answer = await devices.call('GET', '/device-models/gree-gmv', { role: 'agent' });
  expect(answer.statusCode).toBe(200);
  const model = answer.json<Shown>();
  expect(model).toMatchObject({ vendor: 'Gree', series: 'GMV' });
  expect(model.faultCodes).toContainEqual({
    code: 'A3',
    family: 'state',
    label: { 'zh-CN': '运行状态，不是故障', en: 'Operating state, no fault' },
    severity: null,
    skill: null,
    isSafety: false,
    playbook: null,
    parts: [],
  });
  const unknown = await devices.call('GET', '/device-models/nonesuch', { role: 'agent' });
  expect(unknown.statusCode).toBe(404);
  expect(unknown.json()).toMatchObject({ code: 'DEVICE_MODEL_NOT_FOUND' });
});
