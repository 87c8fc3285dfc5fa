import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase } from '#test/support/test-database.ts';
import { openDatabase, sqlState, UNIQUE_VIOLATION } from './db.ts';
import { migrate, sqlMigration } from './migrate.ts';

test('an instant reads back to the millisecond, in whatever zone the session is', async () => {
  await using database = await openTestDatabase();
  const instants = [0, 1, 1_790_000_000_000, 1_790_000_000_120, 1_790_000_000_123, Date.UTC(1990, 6, 1), -1];
  for (const zone of ['UTC', 'Asia/Shanghai', 'Asia/Kolkata', 'America/St_Johns']) {
    const read = await database.db.connection().execute(async (db) => {
      await sql`select set_config('TimeZone', ${zone}, false)`.execute(db);
      const { rows } = await sql<{ at: number }>`
        select v.at from unnest(${instants.map((ms) => new Date(ms))}::timestamptz[]) with ordinality as v (at, place)
        order by v.place
      `.execute(db);
      return rows.map(({ at }) => at);
    });
    expect(read, zone).toEqual(instants);
  }
});

test('int8 reads as a number', async () => {
  await using database = await openTestDatabase();
  const { rows } = await database.pool.query('select 9007199254740991::int8 as n');
  expect(rows).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
});

test('a connection killed inside a transaction fails that transaction only', async () => {
  await using database = await openTestDatabase();
  const errors: Error[] = [];
  await using victim = openDatabase({ url: database.url, maxConnections: 1 }, (error) => errors.push(error));
  const killed = victim.db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    await sql`select 1`.execute(tx);
  });

  await expect(killed).rejects.toThrow();
  expect((await victim.pool.query('select 1 as alive')).rows).toEqual([{ alive: 1 }]);
});

test('the state of a database error tells which it was', async () => {
  await using database = await openTestDatabase();
  await database.pool.query('create table once (id int primary key); insert into once values (1)');
  const error = await database.pool.query('insert into once values (1)').catch((cause: unknown) => cause);
  expect(sqlState(error)).toBe(UNIQUE_VIOLATION);
  expect(sqlState(new Error('else'))).toBeUndefined();
  expect(sqlState(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))).toBeUndefined();
});

test('of several processes that migrate at once, one does, each migration once', async () => {
  await using database = await openTestDatabase();
  await database.pool.query('drop schema public cascade; create schema public');
  const source = {
    '20260101_01_a': sqlMigration((db) => sql`create table a (id int)`.execute(db)),
    '20260101_02_b': sqlMigration((db) => sql`create table b (id int)`.execute(db)),
  };
  await using other = openDatabase({ url: database.url, maxConnections: 2 }, () => undefined);

  const ran = await Promise.all([
    migrate(database.db, [source]),
    migrate(other.db, [source]),
    migrate(other.db, [source]),
  ]);

  expect(ran.flat()).toEqual(['20260101_01_a', '20260101_02_b']);
  expect(await migrate(database.db, [source])).toEqual([]);
});

test('a migration that fails is named', async () => {
  await using database = await openTestDatabase();
  const broken = { '29990101_01_broken': sqlMigration((db) => sql`select nonsense`.execute(db)) };
  await database.pool.query('drop schema public cascade; create schema public');
  await expect(migrate(database.db, [broken])).rejects.toThrow(
    expect.objectContaining({
      code: 'PLATFORM_MIGRATION_FAILED',
      message: expect.stringContaining('29990101_01_broken'),
    }),
  );
});
