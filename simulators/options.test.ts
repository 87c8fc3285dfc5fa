import { expect, test } from 'vitest';
import { HELP, parseOptions } from './options.ts';

test('without options the demo runs against the local broker', () => {
  expect(parseOptions([], undefined)).toMatchObject({
    scenario: 'demo',
    mqttUrl: 'mqtt://127.0.0.1:1883',
    intervalMs: 5_000,
    speed: 1,
    api: null,
    httpPort: null,
    isQuiet: false,
  });
});

test('injections name a unit, a mode, perhaps a code and a time', () => {
  const { injections } = parseOptions(
    ['--inject', 'ac-03:high_pressure@30', '--inject', 'ac-04:code:E6', '--inject', 'ac-05:offline@1.5'],
    undefined,
  );

  expect(injections).toEqual([
    { atS: 30, unit: 'ac-03', do: 'fault', mode: 'high_pressure' },
    { atS: 0, unit: 'ac-04', do: 'fault', mode: 'code', code: 'E6' },
    { atS: 1.5, unit: 'ac-05', do: 'fault', mode: 'offline' },
  ]);
});

test('the token comes from the command line, else from the environment', () => {
  const args = ['--api', 'http://127.0.0.1:8080'];

  expect(parseOptions(args, 'env').api?.token).toBe('env');
  expect(parseOptions([...args, '--token', 'line'], 'env').api?.token).toBe('line');
  expect(() => parseOptions(args, undefined)).toThrow('pass --token or set AFTERCARE_TOKEN');
});

test.each([
  [['--fleet', '1.5'], '--fleet 1.5 must be a whole number from 1 to 20000'],
  [['--interval', '0'], '--interval 0 must be a number'],
  [['--mqtt', 'localhost'], '--mqtt localhost is no address'],
  [['--api', 'ftp://x', '--token', 't'], '--api ftp://x is no address'],
  [['--inject', 'ac-03'], 'is no injection'],
  [['--inject', 'ac-03:gremlins@3'], 'is no injection'],
  [['--http', '70000'], '--http 70000 must be'],
  [['--nonsense'], 'see --help'],
])('%j is refused in one sentence', (args, sentence) => {
  expect(() => parseOptions(args, undefined)).toThrow(sentence);
});

test('the help names every option', () => {
  for (const option of ['scenario', 'fleet', 'seed', 'mqtt', 'interval', 'speed', 'inject', 'http', 'api']) {
    expect(HELP).toContain(`--${option} `);
  }
});
