import { expect, test } from 'vitest';
import { openTestDatabase } from './test-database.ts';

test('two test databases do not see each other', async () => {
  await using one = await openTestDatabase();
  await using other = await openTestDatabase();
  await one.pool.query('create table here (id int)');
  const { rows } = await other.pool.query("select to_regclass('here') as found");
  expect(rows).toEqual([{ found: null }]);
});
