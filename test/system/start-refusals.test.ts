import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type AppProgramOptions, postgresPid, refusedStart } from '#test/support/app-program.ts';
import { openTestDatabase } from '#test/support/test-database.ts';
import { openTestFolder } from '#test/support/test-folder.ts';

vi.setConfig({ testTimeout: 90_000 });

const isRoot = process.getuid?.() === 0;
const NOBODY = '65534';

/** A port that another program listens on. */
async function takePort() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? String(address.port) : '',
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

async function expectTaken(setting: string, options: AppProgramOptions, port: string): Promise<void> {
  const { code, said, leavesProcesses } = await refusedStart({
    ...options,
    env: { ...options.env, [setting]: port },
  });
  expect({ code, leavesProcesses }).toEqual({ code: 1, leavesProcesses: false });
  const lines = said.split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[A-Z]+_PORT_TAKEN: /);
  expect(lines[0]).toContain(`port ${port}`);
  expect(lines[0]).toContain(setting);
}

test('a taken HTTP or MQTT port is one sentence that names the setting, and nothing is left running', async () => {
  await using folder = await openTestFolder();
  await using database = await openTestDatabase();
  await using taken = await takePort();
  const dataDir = folder.path;
  await expectTaken('HTTP_PORT', { dataDir, env: { DATABASE_URL: database.url } }, taken.port);
  await expectTaken('MQTT_PORT', { dataDir }, taken.port);
  expect(await postgresPid(dataDir)).toBeUndefined();
});

test('a data folder that is a file is one sentence', async () => {
  await using folder = await openTestFolder();
  const dataDir = join(folder.path, 'a-file');
  await writeFile(dataDir, '');
  const { code, said, leavesProcesses } = await refusedStart({ dataDir });
  expect({ code, leavesProcesses }).toEqual({ code: 1, leavesProcesses: false });
  expect(said).toMatch(/^APP_DATA_DIR_UNWRITABLE: .*a-file.*DATA_DIR.*$/);
});

test.skipIf(!isRoot)('a data folder of somebody else is one sentence to an ordinary user', async () => {
  await using folder = await openTestFolder();
  const dataDir = join(folder.path, 'of-root');
  await mkdir(dataDir);
  await chmod(folder.path, 0o755);
  const prefix = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const { code, said } = await refusedStart({ dataDir, prefix, env: { HOME: '/' } });
  expect(code).toBe(1);
  expect(said).toMatch(/^APP_DATA_DIR_UNWRITABLE: .*of-root.*EACCES.*DATA_DIR.*$/);
});
