import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const ROOT = resolve(import.meta.dirname, '../..');
const DIST = join(ROOT, 'console/dist');

interface Chunk {
  readonly file: string;
  readonly src?: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

/** Builds the console as `npm run build` does, from the sources as they are. */
export async function buildConsole(): Promise<void> {
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const env = { ...process.env, NODE_ENV: 'production' };
  const options = ['build', '--config', 'console/vite.config.ts', '--logLevel', 'warn'];
  await promisify(execFile)(process.execPath, [vite, ...options], { cwd: ROOT, env });
}

/** What a browser loads, in gzipped bytes, to show these pages of the built console, named by their sources. */
export async function firstLoadBytes(sources: readonly string[]): Promise<number> {
  const manifest: Record<string, Chunk> = JSON.parse(
    await readFile(join(DIST, '.vite/manifest.json'), 'utf8'),
  );
  const files = new Set(['index.html']);
  const add = (key: string) => {
    const chunk = manifest[key];
    if (chunk === undefined) throw new RangeError(`the console has no chunk ${key}`);
    if (files.has(chunk.file)) return;
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    for (const each of chunk.imports ?? []) add(each);
  };
  for (const source of sources) add(source);
  const sizes = await Promise.all(
    [...files].map(async (file) => gzipSync(await readFile(join(DIST, file))).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
