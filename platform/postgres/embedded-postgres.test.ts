import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { expect, test, vi } from 'vitest';
import { openTestFolder } from '#test/support/test-folder.ts';
import { openDatabase } from '../db/db.ts';
import { createLog } from '../log.ts';
import { type PostgresSettings, startPostgres } from './embedded-postgres.ts';
import { isAlive } from './is-alive.ts';

vi.setConfig({ testTimeout: 90_000 });

const log = createLog({ level: 'silent', format: 'json' });
const root = process.getuid?.() === 0;
const NOBODY = 65_534;
const PROGRAM = fileURLToPath(new URL('../../test/support/postgres-program.ts', import.meta.url));

async function openFolder() {
  const folder = await openTestFolder();
  return {
    path: folder.path,
    dataDir: join(folder.path, 'data'),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

function start(dataDir: string, more: Partial<PostgresSettings> = {}) {
  return startPostgres({ dataDir, log, settings: { shared_buffers: '16MB', fsync: 'off' }, ...more });
}

async function ask<R extends pg.QueryResultRow>(url: string, sql: string): Promise<R[]> {
  await using database = openDatabase({ url, maxConnections: 1 }, () => undefined);
  return (await database.pool.query<R>(sql)).rows;
}

async function postmasterPid(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

async function pretendInitialised(dataDir: string, version: string): Promise<void> {
  await mkdir(join(dataDir, 'cluster'), { recursive: true });
  await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), `${version}\n`);
}

/** Another Node process that runs PostgreSQL; killed when the test ends. */
function openProgram(dataDir: string, as: { uid?: number; gid?: number } = {}) {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', PROGRAM, dataDir], {
    ...as,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    exit,
    line: async (): Promise<Record<string, unknown>> => JSON.parse((await lines.next()).value ?? '{}'),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) child.kill('SIGTERM');
      await exit;
    },
  };
}

test('a new folder gets a server on loopback that only its own password opens', async () => {
  await using folder = await openFolder();
  await using postgres = await start(folder.dataDir);

  expect(await ask(postgres.url, 'show shared_buffers')).toEqual([{ shared_buffers: '16MB' }]);
  expect(await ask(postgres.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect(
    await ask(postgres.url, 'select current_database() as name, current_setting($$timezone$$) as zone'),
  ).toEqual([{ name: 'aftercare', zone: 'UTC' }]);
  expect(await ask(postgres.url, "select upper('é空调') as text")).toEqual([{ text: 'É空调' }]);
  expect((await stat(join(folder.dataDir, 'password'))).mode & 0o777).toBe(0o600);
  const guess = new URL(postgres.url);
  guess.password = 'password';
  await expect(ask(guess.href, 'select 1')).rejects.toThrow('password authentication failed');
});

test('what was stored is there after a stop and a start', async () => {
  await using folder = await openFolder();
  {
    await using postgres = await start(folder.dataDir);
    await ask(postgres.url, 'create table kept as select 42 as n');
  }
  await using postgres = await start(folder.dataDir);
  expect(await ask(postgres.url, 'select n from kept')).toEqual([{ n: 42 }]);
});

test.skipIf(!root)('an ordinary user runs it on a folder of their own', async () => {
  await using folder = await openFolder();
  await chown(folder.path, NOBODY, NOBODY);
  await using program = openProgram(folder.dataDir, { uid: NOBODY, gid: NOBODY });
  const { url } = await program.line();
  expect(await ask(String(url), 'select 1 as one')).toEqual([{ one: 1 }]);
  expect((await stat(join(folder.dataDir, 'cluster'))).uid).toBe(NOBODY);
});

test.skipIf(!root)('root runs it on a folder that an ordinary user made, and leaves it theirs', async () => {
  await using folder = await openFolder();
  await chmod(folder.path, 0o755);
  await mkdir(folder.dataDir);
  await chown(folder.dataDir, NOBODY, NOBODY);
  await using postgres = await start(folder.dataDir);
  expect(await ask(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  for (const name of ['cluster', 'password', 'postgres.log']) {
    expect((await stat(join(folder.dataDir, name))).uid).toBe(NOBODY);
  }
});

test.skipIf(!root)('a folder of somebody else is one clear sentence to an ordinary user', async () => {
  await using folder = await openFolder();
  await using program = openProgram(folder.dataDir, { uid: NOBODY, gid: NOBODY });
  expect(await program.line()).toEqual({
    refused: `the data folder ${folder.dataDir} cannot be written (EACCES): give it to the user that runs Aftercare, or set DATA_DIR to another folder`,
  });
});

test('a server whose Node was killed is taken over with its data, and ended at the next stop', async () => {
  await using folder = await openFolder();
  await using program = openProgram(folder.dataDir);
  const { url, port } = await program.line();
  await ask(String(url), 'create table kept as select 42 as n');
  const pid = await postmasterPid(folder.dataDir);
  process.kill(program.pid, 'SIGKILL');
  await program.exit;

  {
    await using postgres = await start(folder.dataDir);
    expect(postgres.port).toBe(port);
    expect(await postmasterPid(folder.dataDir)).toBe(pid);
    expect(await ask(postgres.url, 'select n from kept')).toEqual([{ n: 42 }]);
  }
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
});

test('a folder in use is refused, or joined when the caller asks for that', async () => {
  await using folder = await openFolder();
  await using postgres = await start(folder.dataDir);
  await expect(start(folder.dataDir)).rejects.toMatchObject({ code: 'POSTGRES_DATA_FOLDER_IN_USE' });
  {
    await using guest = await start(folder.dataDir, { whenInUse: 'join' });
    expect(guest.url).toBe(postgres.url);
  }
  expect(await ask(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a killed PostgreSQL comes back on the same port with every committed row', async () => {
  await using folder = await openFolder();
  await using postgres = await start(folder.dataDir);
  await using database = openDatabase({ url: postgres.url, maxConnections: 2 }, () => undefined);
  await database.pool.query('create table kept (n int)');
  for (let n = 1; n <= 20; n += 1) await database.pool.query('insert into kept values ($1)', [n]);

  const pid = await postmasterPid(folder.dataDir);
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(async () => expect(await postmasterPid(folder.dataDir)).not.toBe(pid), {
    timeout: 60_000,
  });
  await vi.waitFor(
    async () => {
      const { rows } = await database.pool.query('select count(*) as count from kept');
      expect(rows).toEqual([{ count: 20 }]);
    },
    { timeout: 60_000 },
  );
});

test('a server taken over comes back too when it is killed', async () => {
  await using folder = await openFolder();
  await using program = openProgram(folder.dataDir);
  await program.line();
  process.kill(program.pid, 'SIGKILL');
  await program.exit;

  await using postgres = await start(folder.dataDir);
  await ask(postgres.url, 'create table kept as select 42 as n');
  const pid = await postmasterPid(folder.dataDir);
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(
    async () => {
      expect(await ask(postgres.url, 'select n from kept')).toEqual([{ n: 42 }]);
      expect(await postmasterPid(folder.dataDir)).not.toBe(pid);
    },
    { timeout: 60_000 },
  );
});

test('Ctrl-C to the whole process group leaves PostgreSQL up until its owner has finished', async () => {
  await using folder = await openFolder();
  await using program = openProgram(folder.dataDir);
  await program.line();
  const pid = await postmasterPid(folder.dataDir);
  process.kill(-program.pid, 'SIGINT');
  expect(await program.line()).toEqual({ answer: 'served to the end' });
  expect(await program.exit).toEqual([0, null]);
  expect(isAlive(pid)).toBe(false);
});

test('data of another major version is refused with a sentence that names both', async () => {
  await using folder = await openFolder();
  await pretendInitialised(folder.dataDir, '17');
  await expect(start(folder.dataDir)).rejects.toMatchObject({
    code: 'POSTGRES_VERSION_DIFFERS',
    message: expect.stringMatching(/written by PostgreSQL 17 and this release brings PostgreSQL 18:/),
  });
});

test('a data folder that cannot be made is one clear sentence', async () => {
  await using folder = await openFolder();
  await writeFile(folder.dataDir, 'a file is in the way');
  await expect(start(join(folder.dataDir, 'below'))).rejects.toMatchObject({
    code: 'POSTGRES_DATA_FOLDER_UNWRITABLE',
    message: expect.stringContaining('ENOTDIR'),
  });
});

test('a taken port is one clear sentence', async () => {
  await using folder = await openFolder();
  await pretendInitialised(folder.dataDir, '18');
  await writeFile(join(folder.dataDir, 'password'), 'known');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(start(folder.dataDir, { port })).rejects.toMatchObject({
    code: 'POSTGRES_PORT_TAKEN',
    message: expect.stringContaining(`port ${port} on 127.0.0.1`),
  });
  server.close();
});

test('data without its password is refused, not replaced', async () => {
  await using folder = await openFolder();
  await pretendInitialised(folder.dataDir, '18');
  await expect(start(folder.dataDir)).rejects.toMatchObject({ code: 'POSTGRES_PASSWORD_MISSING' });
});
