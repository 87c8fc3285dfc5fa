import type pg from 'pg';
import type { Header, TableStart, Trailer } from './backup-file.ts';

/** Kept by the migrator itself: a restore runs the migrations instead of loading their list. */
const MIGRATOR_TABLES = ['kysely_migration', 'kysely_migration_lock'];

/** So that text leaves one server and enters another unchanged. */
export const PLAIN_TEXT = `set local datestyle to 'ISO'; set local intervalstyle to 'postgres';
  set local timezone to 'UTC'; set local bytea_output to 'hex'; set local extra_float_digits to 1`;

/** Every table of schema public, partitioned ones once, with the columns that are stored and not generated. */
export async function listTables(client: pg.ClientBase): Promise<TableStart[]> {
  const { rows } = await client.query<TableStart>(
    `select c.relname as table,
            array(select a.attname::text from pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                   order by a.attnum) as columns
       from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname <> all ($1)
      order by c.relname`,
    [MIGRATOR_TABLES],
  );
  return rows;
}

export async function listMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows: found } = await client.query(
    "select to_regclass('public.kysely_migration') is not null as there",
  );
  if (!found[0]?.there) return [];
  const { rows } = await client.query<{ name: string }>(
    'select name from public.kysely_migration order by name',
  );
  return rows.map((row) => row.name);
}

/** Partitions are made as days go by, not by migrations, so the backup carries how. Parents come first. */
export async function listPartitions(client: pg.ClientBase): Promise<Header['partitions']> {
  const { rows } = await client.query<Header['partitions'][number]>(
    `with recursive tree as (
       select c.oid, 0 as depth from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'p' and not c.relispartition
       union all
       select i.inhrelid, tree.depth + 1 from tree join pg_inherits i on i.inhparent = tree.oid
     )
     select c.relname as name,
            format('create table if not exists public.%I partition of public.%I %s%s', c.relname, p.relname,
                   pg_get_expr(c.relpartbound, c.oid),
                   case when c.relkind = 'p' then ' partition by ' || pg_get_partkeydef(c.oid) else '' end)
              as definition
       from tree
       join pg_class c on c.oid = tree.oid
       join pg_inherits i on i.inhrelid = c.oid
       join pg_class p on p.oid = i.inhparent
      order by tree.depth, c.relname`,
  );
  return rows;
}

export async function listSequences(client: pg.ClientBase): Promise<Trailer['sequences']> {
  const { rows } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S' order by 1",
  );
  const sequences: Trailer['sequences'] = [];
  for (const { name } of rows) {
    const state = await client.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${quoted(name)}`,
    );
    sequences.push({ name, value: state.rows[0]?.value ?? '1', called: state.rows[0]?.called ?? false });
  }
  return sequences;
}

/** Statements that take every foreign key off, and those that put them back and check them. */
export async function foreignKeys(client: pg.ClientBase): Promise<{ drop: string[]; add: string[] }> {
  const { rows } = await client.query<{ drop: string; add: string }>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
            format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
              as add
       from pg_constraint
      where contype = 'f' and conparentid = 0 and connamespace = 'public'::regnamespace`,
  );
  return { drop: rows.map((row) => row.drop), add: rows.map((row) => row.add) };
}

/** A table's name in SQL. */
export function quoted(name: string): string {
  return `public.${identifier(name)}`;
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
