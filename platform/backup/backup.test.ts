import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import type pg from 'pg';
import { expect, test, vi } from 'vitest';
import { openEmptyDatabase } from '#test/support/test-database.ts';
import { openTestFolder } from '#test/support/test-folder.ts';
import { type Migrations, migrate, sqlMigration } from '../db/migrate.ts';
import { restoreBackup } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

vi.setConfig({ testTimeout: 90_000 });

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const KEY = Buffer.from([0, 1, 2, 253, 254, 255]);

const SCHEMA: Migrations = {
  '20261121_01_owners': sqlMigration((db) =>
    sql`create table owner (
          id int primary key generated always as identity, "Odd ""name""" text, parent_id int references owner,
          best_thing_id bigint, doubled int generated always as (id * 2) stored)`.execute(db),
  ),
  '20261121_02_things': sqlMigration(async (db) => {
    await sql`create table thing (
      id bigserial primary key, owner_id int not null references owner, body jsonb, raw bytea, at timestamptz,
      price numeric(30, 10), tags text[], ratio float8, day date, span interval, ok boolean, key uuid)`.execute(
      db,
    );
    await sql`alter table owner add foreign key (best_thing_id) references thing`.execute(db);
    await sql`create table seeded (code text primary key)`.execute(db);
    await sql`insert into seeded values ('from the migration')`.execute(db);
  }),
  '20261121_03_points': sqlMigration(async (db) => {
    await sql`create table point (ts timestamptz, value float8, primary key (ts)) partition by range (ts)`.execute(
      db,
    );
    await sql`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$`.execute(
      db,
    );
    await sql`create table sealed (id int primary key)`.execute(db);
  }),
};
const LATER: Migrations = {
  '20261122_01_colour': sqlMigration((db) =>
    sql`alter table thing add column colour text not null default 'grey'`.execute(db),
  ),
};

async function openFolder() {
  const folder = await openTestFolder();
  return {
    file: join(folder.path, 'saved.backup.gz'),
    secretKeyFile: join(folder.path, 'new', 'secret.key'),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

async function openFilled() {
  const database = await openEmptyDatabase();
  await migrate(database.db, [SCHEMA]);
  await database.pool.query(`
    create table point_20261120 partition of point for values from ('2026-11-20Z') to ('2026-11-21Z');
    create table point_20261121 partition of point for values from ('2026-11-21Z') to ('2026-11-22Z');
    create table point_rest partition of point default;
    insert into owner ("Odd ""name""") values ('a\tb\\nc\\\\'), (null), ('空调 \\N');
    update owner set parent_id = 1 where id = 2;
    insert into thing (owner_id, body, raw, at, price, tags, ratio, day, span, ok, key) values
      (1, '{"a":[1,null,"é\\n"]}', '\\x000aff5c', '2026-11-21 12:34:56.789012+05:30', 12345678901234567890.0123456789,
       '{"x,y",NULL,"\\"q\\"","{}"}', 0.1, '2026-02-28', '1 mon -2 days 03:04:05.5', true,
       '0192f0c1-2a5b-7c3d-8e4f-0123456789ab'),
      (2, 'null', '', '-infinity', 'NaN', '{}', 'Infinity', 'infinity', '0', false, null),
      (3, null, null, null, -0.0000000001, null, -1.7976931348623157e308, null, null, null, null);
    update owner set best_thing_id = id;
    insert into thing (owner_id, body) select 1, jsonb_build_object('n', n, 'pad', repeat('x', 700))
      from generate_series(1, 5000) n;
    insert into thing (owner_id, body) values (1, to_jsonb(repeat('long ', 600000)));
    delete from seeded;
    insert into seeded values ('from the people');
    insert into point select '2026-11-20Z'::timestamptz + n * interval '1 minute', n / 3.0 from generate_series(0, 4000) n;
    insert into sealed values (1);
  `);
  return database;
}

const TABLES = ['owner', 'thing', 'seeded', 'point', 'sealed'];

async function everything(pool: pg.Pool): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const table of TABLES) {
    const { rows } = await pool.query<{ row: string }>(`select t::text as row from ${table} t order by 1`);
    found[table] = rows.map(({ row }) => row);
  }
  const { rows } = await pool.query<{ row: string }>(
    'select tableoid::regclass || $$ $$ || count(*) as row from point group by tableoid order by 1',
  );
  found.partitions = rows.map(({ row }) => row);
  return found;
}

function source(url: string) {
  return { url, secretKey: KEY, nowMs: NOW_MS };
}

const quiet = () => {};

test('a backup restores every row of every type, the sequences and the secret key', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await using fresh = await openEmptyDatabase();
  const saved = await writeBackup(source(old.url), folder.file, quiet);
  expect((await stat(folder.file)).mode & 0o777).toBe(0o600);

  const target = { url: fresh.url, migrations: [SCHEMA], secretKeyFile: folder.secretKeyFile };
  expect(await restoreBackup(folder.file, target, quiet)).toEqual(saved);

  expect(await everything(fresh.pool)).toEqual(await everything(old.pool));
  expect(await readFile(folder.secretKeyFile)).toEqual(KEY);
  expect((await stat(folder.secretKeyFile)).mode & 0o777).toBe(0o600);
  const next = await fresh.pool.query('insert into owner default values returning id, doubled');
  expect(next.rows).toEqual([{ id: 4, doubled: 8 }]);
  await expect(fresh.pool.query('insert into thing (owner_id) values (99)')).rejects.toThrow('foreign key');
});

test('a backup is one instant, whatever is written meanwhile', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await using fresh = await openEmptyDatabase();
  const before = await everything(old.pool);
  let written = Promise.resolve<unknown>(undefined);
  await writeBackup(source(old.url), folder.file, (line) => {
    if (line.startsWith('owner'))
      written = old.pool.query('delete from point; insert into sealed values (2)');
  });
  await written;
  await restoreBackup(
    folder.file,
    { url: fresh.url, migrations: [SCHEMA], secretKeyFile: folder.secretKeyFile },
    quiet,
  );
  expect(await everything(fresh.pool)).toEqual(before);
});

test('a trigger that guards a table neither stops the restore nor is lost', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await using fresh = await openEmptyDatabase();
  const guarded: Migrations = {
    '20261121_04_guard': sqlMigration((db) =>
      sql`create trigger guard before insert or update or delete on sealed
          for each row execute function refuse()`.execute(db),
    ),
  };
  await migrate(old.db, [SCHEMA, guarded]);
  await writeBackup(source(old.url), folder.file, quiet);
  const target = { url: fresh.url, migrations: [SCHEMA, guarded], secretKeyFile: folder.secretKeyFile };
  await restoreBackup(folder.file, target, quiet);
  expect((await everything(fresh.pool)).sealed).toEqual(['(1)']);
  await expect(fresh.pool.query('delete from sealed')).rejects.toThrow('no');
});

test('a backup of an older release is restored and brought up to date', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await using fresh = await openEmptyDatabase();
  await writeBackup(source(old.url), folder.file, quiet);
  await restoreBackup(
    folder.file,
    { url: fresh.url, migrations: [LATER, SCHEMA], secretKeyFile: folder.secretKeyFile },
    quiet,
  );
  const { rows } = await fresh.pool.query('select distinct colour from thing');
  expect(rows).toEqual([{ colour: 'grey' }]);
});

test('a backup of a newer release is refused and leaves the database empty', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await using fresh = await openEmptyDatabase();
  await migrate(old.db, [SCHEMA, LATER]);
  await writeBackup(source(old.url), folder.file, quiet);
  const target = { url: fresh.url, migrations: [SCHEMA], secretKeyFile: folder.secretKeyFile };
  await expect(restoreBackup(folder.file, target, quiet)).rejects.toMatchObject({
    code: 'BACKUP_NEWER',
    message: expect.stringContaining('20261122_01_colour'),
  });
});

test('a database with tables in it is refused and keeps them', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await writeBackup(source(old.url), folder.file, quiet);
  const before = await everything(old.pool);
  const target = { url: old.url, migrations: [SCHEMA], secretKeyFile: folder.secretKeyFile };
  await expect(restoreBackup(folder.file, target, quiet)).rejects.toMatchObject({
    code: 'BACKUP_TARGET_NOT_EMPTY',
  });
  expect(await everything(old.pool)).toEqual(before);
});

test('another secret key in place is refused and kept', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await using fresh = await openEmptyDatabase();
  await writeBackup(source(old.url), folder.file, quiet);
  const secretKeyFile = `${folder.file}.key`;
  await writeFile(secretKeyFile, 'another');
  const target = { url: fresh.url, migrations: [SCHEMA], secretKeyFile };
  await expect(restoreBackup(folder.file, target, quiet)).rejects.toMatchObject({
    code: 'BACKUP_SECRET_KEY_DIFFERS',
  });
  expect(await readFile(secretKeyFile, 'utf8')).toBe('another');
  expect((await fresh.pool.query("select to_regclass('owner') as found")).rows).toEqual([{ found: null }]);
});

test('a file that is cut off, altered or no backup at all is refused and loads nothing', async () => {
  await using folder = await openFolder();
  await using old = await openFilled();
  await using fresh = await openEmptyDatabase();
  await writeBackup(source(old.url), folder.file, quiet);
  const whole = await readFile(folder.file);
  const plain = gunzipSync(whole);
  const oneDigitOff = Buffer.from(plain);
  const at = oneDigitOff.indexOf('"n": 4321,');
  oneDigitOff.write('"n": 4322,', at);

  const flipped = Buffer.from(whole);
  flipped.writeUInt8(whole.readUInt8(whole.length >> 1) ^ 0x10, whole.length >> 1);
  const damaged = {
    'cut off': whole.subarray(0, whole.length >> 1),
    'cut off between parts': gzipSync(plain.subarray(0, plain.lastIndexOf('Z\0'))),
    'a bit flipped': flipped,
    'a digit changed, zipped anew': gzipSync(oneDigitOff),
    'followed by more': gzipSync(Buffer.concat([plain, Buffer.from('D\0\0\0\0')])),
    'not zipped': Buffer.from('hello'),
    'another zipped file': gzipSync('hello, this is no backup'),
    empty: Buffer.alloc(0),
  };
  for (const [what, bytes] of Object.entries(damaged)) {
    await writeFile(folder.file, bytes);
    const target = { url: fresh.url, migrations: [SCHEMA], secretKeyFile: folder.secretKeyFile };
    await expect(restoreBackup(folder.file, target, quiet), what).rejects.toMatchObject({
      code: 'BACKUP_CORRUPT',
    });
    const { rows } = await fresh.pool.query("select to_regclass('owner') as found");
    expect(rows, what).toEqual([{ found: null }]);
    await expect(stat(folder.secretKeyFile), what).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

test('a backup never writes over a file, and leaves none when it fails', async () => {
  await using folder = await openFolder();
  await using empty = await openEmptyDatabase();
  await expect(writeBackup(source(empty.url), folder.file, quiet)).rejects.toMatchObject({
    code: 'BACKUP_NOTHING_THERE',
  });
  await expect(stat(folder.file)).rejects.toMatchObject({ code: 'ENOENT' });
  await writeFile(folder.file, 'precious');
  await expect(writeBackup(source(empty.url), folder.file, quiet)).rejects.toMatchObject({
    code: 'BACKUP_FILE_EXISTS',
  });
  expect(await readFile(folder.file, 'utf8')).toBe('precious');
});
