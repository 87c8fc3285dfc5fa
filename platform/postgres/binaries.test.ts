import { execFile } from 'node:child_process';
import { cp, lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findPackage, prepareBinaries } from './binaries.ts';

const run = promisify(execFile);
const linked = process.platform === 'linux';

/** The package as an install without scripts leaves it: no links between its libraries. */
async function openPackageWithoutLinks() {
  const path = await mkdtemp(join(tmpdir(), 'aftercare-binaries-'));
  for (const part of ['bin', 'lib', 'pg-symlinks.json']) {
    await cp(join(findPackage(), 'native', part), join(path, 'native', part), {
      recursive: true,
      filter: async (source) => !source.endsWith('.a') && !(await lstat(source)).isSymbolicLink(),
    });
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test.skipIf(!linked)('library links that the install left out are put back', async () => {
  await using copy = await openPackageWithoutLinks();
  const postgres = join(copy.path, 'native', 'bin', 'postgres');
  await expect(run(postgres, ['--version'])).rejects.toThrow('cannot open shared object file');

  expect(await prepareBinaries(copy.path)).toMatchObject({ postgres, majorVersion: '18' });
  expect((await run(postgres, ['--version'])).stdout).toContain('PostgreSQL');
});
