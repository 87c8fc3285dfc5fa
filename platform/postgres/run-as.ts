import { execFile, type SpawnOptions } from 'node:child_process';
import { chown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AftercareError } from '../errors.ts';

const run = promisify(execFile);

const NOBODY = 65_534;

/** How a program is started so that PostgreSQL, which refuses root, accepts it. */
export interface RunAs {
  /** Words before the program's own path. */
  readonly prefix: readonly string[];
  readonly options: Pick<SpawnOptions, 'uid' | 'gid'>;
}

const AS_OURSELVES: RunAs = { prefix: [], options: {} };
const IN_NAMESPACE: RunAs = {
  prefix: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`],
  options: {},
};

/**
 * As root: as the owner of the folder when that is another user, else inside a user namespace, else as nobody,
 * to whom the folder is then given. As anyone else: as ourselves.
 */
export async function chooseRunAs(dataDir: string, program: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) return AS_OURSELVES;
  const owner = await stat(dataDir);
  if (owner.uid !== 0) return { prefix: [], options: { uid: owner.uid, gid: owner.gid } };
  if (await canRun(IN_NAMESPACE, program)) return IN_NAMESPACE;
  const asNobody: RunAs = { prefix: [], options: { uid: NOBODY, gid: NOBODY } };
  if (await canRun(asNobody, program)) {
    await giveTo(dataDir, NOBODY);
    return asNobody;
  }
  throw new AftercareError(
    'POSTGRES_REFUSES_ROOT',
    'PostgreSQL does not run as root, and here neither a user namespace (unshare) nor the user nobody can run it: start Aftercare as an ordinary user, or set DATABASE_URL',
  );
}

/** Command and arguments that run `program` that way. */
export function commandLine(as: RunAs, program: string, args: readonly string[]): [string, string[]] {
  const [first = program, ...rest] = [...as.prefix, program, ...args];
  return [first, rest];
}

async function canRun(as: RunAs, program: string): Promise<boolean> {
  const [command, args] = commandLine(as, program, ['--version']);
  return run(command, args, { ...as.options, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

async function giveTo(path: string, id: number): Promise<void> {
  await chown(path, id, id);
  for (const entry of await readdir(path, { recursive: true })) await chown(join(path, entry), id, id);
}
