import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { postgresPid, refusedStart, startAppProgram } from '#test/support/app-program.ts';
import { openTestFolder } from '#test/support/test-folder.ts';

vi.setConfig({ testTimeout: 120_000 });

test('a first start that was refused made no password; Ctrl-C, however often it arrives, drains and stops all', async () => {
  await using folder = await openTestFolder();
  const dataDir = folder.path;
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const refused = await refusedStart({ dataDir, env: { ADMIN_PASSWORD: '', MQTT_PORT: String(port) } });
  expect(refused).toMatchObject({ code: 1, leavesProcesses: false });
  taken.close();

  await using program = await startAppProgram({ dataDir });
  expect((await program.api.get('/auth/me')).username).toBe('admin');
  expect(await postgresPid(dataDir)).toBeDefined();
  program.kill('SIGINT');
  program.kill('SIGINT');
  program.kill('SIGTERM');
  expect(await program.exit).toBe(0);
  expect(await postgresPid(dataDir)).toBeUndefined();
});
