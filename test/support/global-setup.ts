import type { TestProject } from 'vitest/node';
import { ALL_MIGRATIONS } from '#app/migrations.ts';
import { openDatabase } from '#platform/db/db.ts';
import { migrate } from '#platform/db/migrate.ts';
import { createLog } from '#platform/log.ts';
import { type EmbeddedPostgres, startPostgres } from '#platform/postgres/embedded-postgres.ts';
import { openTestFolder, sweepTestFolders } from './test-folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the run's PostgreSQL server, which holds the database `template_aftercare`. */
    postgresAdminUrl: string;
  }
}

const NOT_DURABLE = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '64MB',
};

/** One PostgreSQL server a test run, with a migrated template that each test's database is copied from. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweepTestFolders();
  const folder = await openTestFolder();
  const postgres = await start(folder.path);
  const teardown = async () => {
    await postgres.stop();
    await folder[Symbol.asyncDispose]();
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
