import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openBroker } from './testing/open-broker.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function openSimulator(args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', MAIN, '--state-dir', folder, ...args],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exited = once(child, 'close');
  return {
    child,
    errors: () => errors,
    exitCode: async (): Promise<number | null> => {
      await exited;
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

test.each([
  [['--scenario', 'nowhere'], 'no scenario nowhere: give the path of a JSON file'],
  [['--mqtt', 'mqtt://127.0.0.1:1'], 'cannot reach the MQTT broker at mqtt://127.0.0.1:1'],
  [['--api', 'http://127.0.0.1:1', '--token', 't'], 'cannot reach the API at http://127.0.0.1:1'],
])('%j ends with one sentence and a failing exit code', async (args, sentence) => {
  await using simulator = openSimulator(args);

  expect(await simulator.exitCode()).toBe(1);
  expect(simulator.errors()).toMatch(/^simulator: .+\n$/);
  expect(simulator.errors()).toContain(sentence);
});

test('a signal ends it after every unit has said goodbye, even when it comes twice', async () => {
  await using broker = await openBroker();
  await using simulator = openSimulator(['--scenario', 'quiet', '--fleet', '3', '--mqtt', broker.url]);
  const online = (isOnline: boolean) => (all: typeof broker.arrivals) =>
    all.filter(({ body }) => (body as { online?: boolean }).online === isOnline).length === 3;
  await broker.until(online(true));

  simulator.child.kill('SIGTERM');
  simulator.child.kill('SIGTERM');

  await broker.until(online(false));
  expect(await simulator.exitCode()).toBe(0);
  expect(simulator.errors()).toContain('connected 3/3');
});

test('a child ends when its parent closes the pipe', async () => {
  await using broker = await openBroker();
  await using simulator = openSimulator([
    ...['--scenario', 'quiet', '--fleet', '1', '--mqtt', broker.url],
    ...['--exit-with-stdin', '--quiet'],
  ]);
  await broker.until((all) => all.length > 0);

  simulator.child.stdin?.end();

  expect(await simulator.exitCode()).toBe(0);
  expect(simulator.errors()).toBe('');
});
