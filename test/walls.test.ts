import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** A file in a folder, and an import that its wall forbids. */
const FORBIDDEN: readonly (readonly [file: string, specifier: string])[] = [
  ['contracts/planted.ts', '#platform/errors.ts'],
  ['contracts/planted.ts', '../rules/index.ts'],
  ['contracts/planted.ts', 'kysely'],
  ['platform/http/planted.ts', '#ticketing/units/index.ts'],
  ['platform/planted.ts', '../gateway/mqtt/broker.ts'],
  ['gateway/mqtt/planted.ts', '#ingest/index.ts'],
  ['gateway/planted.ts', '../rules/index.ts'],
  ['ingest/planted.ts', '#rules/index.ts'],
  ['ingest/log/planted.ts', '../../gateway/mqtt/broker.ts'],
  ['rules/planted.ts', '#ticketing/tickets/index.ts'],
  ['rules/alarms/planted.ts', '../../ingest/index.ts'],
  ['ticketing/tickets/planted.ts', '#rules/index.ts'],
  ['ticketing/planted.ts', '../gateway/mqtt/broker.ts'],
  ['simulators/planted.ts', '#platform/clock.ts'],
  ['simulators/planted.ts', '../app/config.ts'],
  ['dashboards/planted.ts', '#rules/index.ts'],
  ['console/src/planted.ts', '#ticketing/tickets/index.ts'],
  ['console/src/planted.ts', '../../platform/clock.ts'],
  ['rules/core/planted.ts', 'kysely'],
  ['rules/core/planted.ts', 'node:fs'],
  ['rules/core/planted.ts', '#platform/clock.ts'],
  ['ticketing/sla/core/planted.ts', '../fire-clocks.ts'],
  ['gateway/planted.ts', '#app/config.ts'],
  ['ticketing/planted.ts', '#test/support/test-database.ts'],
];

/** Imports that the design allows from the same places. */
const ALLOWED: readonly (readonly [file: string, specifier: string])[] = [
  ['contracts/planted.ts', './text.ts'],
  ['contracts/planted.ts', 'typebox'],
  ['platform/planted.ts', '#contracts/events.ts'],
  ['gateway/planted.ts', '#platform/errors.ts'],
  ['ticketing/tickets/planted.ts', '../units/index.ts'],
  ['rules/core/planted.ts', './engine.ts'],
  ['rules/core/planted.ts', '#contracts/alarms.ts'],
  ['console/src/planted.ts', '#contracts/alarms.ts'],
  ['simulators/planted.ts', '#contracts/mqtt.ts'],
  ['app/planted.ts', '#rules/index.ts'],
];

const REPORTED = 'noRestrictedImports';

/** Lints a tree that holds nothing but our configuration and the planted files; gives the files refused. */
async function lintPlanted(planted: readonly (readonly [string, string])[]): Promise<Set<number>> {
  const folder = await mkdtemp(join(tmpdir(), 'aftercare-walls-'));
  try {
    const config = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8')) as object;
    await writeFile(
      join(folder, 'biome.json'),
      JSON.stringify({ ...config, $schema: undefined, vcs: undefined }),
    );
    for (const [index, [file, specifier]] of planted.entries()) {
      const path = join(folder, file.replace('planted', `planted-${index}`));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `export * from '${specifier}';\n`);
    }
    const output = await new Promise<string>((resolveOutput) => {
      const biome = join(root, 'node_modules/.bin/biome');
      const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.'];
      execFile(biome, args, { cwd: folder, maxBuffer: 50_000_000 }, (_, stdout, stderr) =>
        resolveOutput(stdout || stderr),
      );
    });
    const { diagnostics } = JSON.parse(output) as {
      diagnostics: { category: string; location: { path: unknown } }[];
    };
    const refused = diagnostics
      .filter((diagnostic) => diagnostic.category.includes(REPORTED))
      .map((diagnostic) => /planted-(\d+)/.exec(JSON.stringify(diagnostic.location.path))?.[1]);
    return new Set(refused.map(Number));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('an import through any wall is refused by the linter', async () => {
  const refused = await lintPlanted(FORBIDDEN);
  expect(FORBIDDEN.filter((_, index) => !refused.has(index))).toEqual([]);
});

test('the imports that the design allows pass', async () => {
  const refused = await lintPlanted(ALLOWED);
  expect(ALLOWED.filter((_, index) => refused.has(index))).toEqual([]);
});
