import { expect, test } from 'vitest';
import { isSignInKey, shownArgs, shownResult } from './secret-values.ts';

test.each(['BackendPassword', 'wifi_passwd', 'ApiKey', 'clientSecret', 'SimToken ', 'AuthorizationKey'])(
  'the value of %s is not shown',
  (key) => {
    expect(shownArgs({ key, value: 'v' })).toEqual({ key, value: '********' });
  },
);

test.each(['HeartbeatInterval', 'KeyboardLayout', 'MeterPublicKey'])('the value of %s is shown', (key) => {
  expect(shownArgs({ key, value: 'v' })).toEqual({ key, value: 'v' });
});

test('what is asked for by name, and what has no name, stays as it is', () => {
  for (const args of [{}, { key: ['ApiKey'] }, { key: 'ApiKey' }, { type: 'Soft' }]) {
    expect(shownArgs(args)).toEqual(args);
  }
});

test('secrets among the settings that a device tells are masked', () => {
  const shown = { key: 'HeartbeatInterval', readonly: false, value: '300' };
  const result = { configurationKey: [shown, { key: 'ApiKey', value: 'v' }], unknownKey: ['x'] };
  expect(shownResult(result)).toEqual({
    configurationKey: [shown, { key: 'ApiKey', value: '********' }],
    unknownKey: ['x'],
  });
  expect(shownResult({ configurationKey: 'none' })).toEqual({ configurationKey: 'none' });
});

test('the password of a station goes by its name, however that is written', () => {
  expect(isSignInKey(' authorizationKEY')).toBe(true);
  expect([isSignInKey('AuthorizationKeys'), isSignInKey(7), isSignInKey(undefined)]).toEqual([
    false,
    false,
    false,
  ]);
});
