import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ALL_MIGRATIONS } from '#app/migrations.ts';
import { openDatabase } from '#platform/db/db.ts';
import { migrate } from '#platform/db/migrate.ts';
import { createLog } from '#platform/log.ts';
import { type EmbeddedPostgres, startPostgres } from '#platform/postgres/embedded-postgres.ts';
import { isAlive } from '#platform/postgres/is-alive.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the run's PostgreSQL server, which holds the database `template_aftercare`. */
    postgresAdminUrl: string;
  }
}

const PREFIX = 'aftercare-test-postgres-';
const NOT_DURABLE = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '64MB',
};

/** One PostgreSQL server a test run, with a migrated template that each test's database is copied from. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweepKilledRuns();
  const dataDir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const postgres = await start(dataDir);
  const teardown = async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await createTemplate(postgres.adminUrl);
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide('postgresAdminUrl', postgres.adminUrl);
  return teardown;
}

async function createTemplate(adminUrl: string): Promise<void> {
  const template = new URL(adminUrl);
  template.pathname = '/template_aftercare';
  await using admin = openDatabase({ url: adminUrl, maxConnections: 1 }, () => undefined);
  await admin.pool.query('create database template_aftercare');
  await using database = openDatabase({ url: template.href, maxConnections: 2 }, () => undefined);
  await migrate(database.db, ALL_MIGRATIONS);
}

function start(dataDir: string): Promise<EmbeddedPostgres> {
  return startPostgres({
    dataDir,
    log: createLog({ level: 'silent', format: 'json' }),
    settings: NOT_DURABLE,
  });
}

/** Servers and folders of runs that were killed before they could stop theirs. */
async function sweepKilledRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const runner = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!(runner > 0) || isAlive(runner)) continue;
    const dataDir = join(tmpdir(), name);
    const files: string[] = await readdir(join(dataDir, 'cluster')).catch(() => []);
    if (files.includes('postmaster.pid')) await (await start(dataDir)).stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
