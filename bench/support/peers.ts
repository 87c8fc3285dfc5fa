import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AftercareError } from '#platform/errors.ts';
import { PROJECT } from './children.ts';
import { say } from './report.ts';

/** Peers have packages of their own, which the product never sees; ignored by git. */
const CACHE = join(PROJECT, 'data', 'bench', 'peers');
const FILES = ['package.json', 'package-lock.json'] as const;

/** The folder of a peer with its packages, installed by its lock file the first time. */
export async function installPeer(name: string): Promise<string> {
  const source = join(PROJECT, 'bench', 'peers', name);
  const lock = await readFile(join(source, 'package-lock.json'));
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = join(CACHE, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  say(`installing ${name} into ${folder}`);
  const making = `${folder}.${process.pid}`;
  await mkdir(making, { recursive: true });
  for (const file of FILES) await copyFile(join(source, file), join(making, file));
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund', '--omit=optional'], {
    cwd: making,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(npm, 'exit')) as [number | null];
  if (code !== 0) {
    await rm(making, { recursive: true, force: true });
    throw new AftercareError('BENCH_PEER_NOT_INSTALLED', `npm ci of ${name} ended with ${code}`);
  }
  await rename(making, folder);
  return folder;
}
