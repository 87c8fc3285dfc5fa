import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { AftercareError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { isAlive } from './is-alive.ts';
import { chooseRunAs, commandLine, type RunAs } from './run-as.ts';

const run = promisify(execFile);

export const ROLE = 'aftercare';
const DRAFT = 'cluster.new-';

/** A folder made ready: `cluster` is PostgreSQL's own, beside it the password and the server's log. */
export interface DataFolder {
  readonly path: string;
  readonly cluster: string;
  readonly logFile: string;
  readonly password: string;
  readonly runAs: RunAs;
}

/** What PostgreSQL writes about itself while it runs. */
export interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** Makes or checks the folder; initialises it the first time, all or nothing, on the disk if `durable`. */
export async function prepareDataFolder(
  dataDir: string,
  binaries: Binaries,
  durable: boolean,
): Promise<DataFolder> {
  const path = await makeWritable(resolve(dataDir));
  const cluster = join(path, 'cluster');
  const version = (await readIfThere(join(cluster, 'PG_VERSION')))?.trim();
  if (version !== undefined && version !== binaries.majorVersion) {
    throw new AftercareError(
      'POSTGRES_VERSION_DIFFERS',
      `the data in ${path} was written by PostgreSQL ${version} and this release brings PostgreSQL ${binaries.majorVersion}: make a backup with the release that wrote it and restore it into an empty folder`,
    );
  }
  const runAs = await chooseRunAs(path, binaries.postgres);
  const password = await readPassword(path, version !== undefined, runAs);
  const folder = { path, cluster, logFile: join(path, 'postgres.log'), password, runAs };
  if (version === undefined) await initialise(folder, binaries, durable);
  return folder;
}

/** The running server's note in the folder, or undefined when there is none. */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const lines = (await readIfThere(join(cluster, 'postmaster.pid')))?.split('\n') ?? [];
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!(pid > 0 && port > 0)) return undefined;
  return { pid, port, ready: lines[7]?.trim() === 'ready' };
}

async function makeWritable(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const probe = join(path, `.writable-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
    return await realpath(path);
  } catch (error) {
    throw unwritable(path, error as NodeJS.ErrnoException);
  }
}

function unwritable(path: string, cause: NodeJS.ErrnoException): AftercareError {
  return new AftercareError(
    'POSTGRES_DATA_FOLDER_UNWRITABLE',
    `the data folder ${path} cannot be written (${cause.code}): give it to the user that runs Aftercare, or set DATA_DIR to another folder`,
    { cause },
  );
}

async function readPassword(path: string, initialised: boolean, runAs: RunAs): Promise<string> {
  const file = join(path, 'password');
  const known = (await readIfThere(file))?.trim();
  if (known !== undefined && known !== '') return known;
  if (initialised) {
    throw new AftercareError(
      'POSTGRES_PASSWORD_MISSING',
      `${file} is missing, and without it the data beside it cannot be opened: put the file back`,
    );
  }
  const password = randomBytes(20).toString('base64url');
  await writeFile(file, password, { mode: 0o600 });
  const { uid, gid } = runAs.options;
  if (uid !== undefined && gid !== undefined) await chown(file, uid, gid);
  return password;
}

async function initialise(folder: DataFolder, binaries: Binaries, durable: boolean): Promise<void> {
  await sweepDrafts(folder.path);
  const draft = join(folder.path, `${DRAFT}${process.pid}`);
  const [command, args] = commandLine(folder.runAs, binaries.initdb, [
    `--pgdata=${draft}`,
    `--username=${ROLE}`,
    `--pwfile=${join(folder.path, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ]);
  try {
    await run(command, args, { ...folder.runAs.options, cwd: '/' });
    await rename(draft, folder.cluster);
  } catch (error) {
    throw initFailed(folder.path, error);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What starts that were killed half-way left behind. */
async function sweepDrafts(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    const maker = name.startsWith(DRAFT) ? Number(name.slice(DRAFT.length)) : Number.NaN;
    const abandoned = maker === process.pid || (maker > 0 && !isAlive(maker));
    if (abandoned) await rm(join(path, name), { recursive: true, force: true });
  }
}

function initFailed(path: string, cause: unknown): AftercareError {
  const said = String((cause as { stderr?: string }).stderr ?? cause).trim();
  return new AftercareError(
    'POSTGRES_INIT_FAILED',
    `the database in ${path} could not be made: ${said.split('\n').at(-1)}`,
    { cause },
  );
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new AftercareError('POSTGRES_DATA_FOLDER_UNREADABLE', `${file} cannot be read (${error.code})`, {
      cause: error,
    });
  });
}
