import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { type Database, openDatabase } from '#platform/db/db.ts';

export interface TestDatabase extends Database {
  readonly url: string;
}

/** A database of its own with every migration applied and no rows; dropped when disposed. */
export function openTestDatabase(): Promise<TestDatabase> {
  return openCopyOf('template_aftercare');
}

/** A database of its own with nothing in it; dropped when disposed. */
export function openEmptyDatabase(): Promise<TestDatabase> {
  return openCopyOf('template1');
}

async function openCopyOf(template: string): Promise<TestDatabase> {
  const adminUrl = inject('postgresAdminUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(adminUrl, `create database ${name} template ${template}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const database = openDatabase({ url: url.href, maxConnections: 10 }, () => undefined);
  return {
    ...database,
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await administer(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function administer(adminUrl: string, statement: string): Promise<void> {
  await using admin = openDatabase({ url: adminUrl, maxConnections: 1 }, () => undefined);
  await admin.pool.query(statement);
}
