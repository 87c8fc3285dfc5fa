import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { createManualClock } from '#platform/clock.ts';
import { openTestHttp } from '#test/support/test-http.ts';
import { AftercareError } from '../errors.ts';
import { sweepIdempotencyKeys } from './idempotency.ts';
import type { Routes } from './routes.ts';

const DAY_MS = 24 * 3_600_000;

/** Counts what really happened; `gate` holds the answer back. */
function countedOrders(gate: Promise<void> = Promise.resolve()) {
  let happened = 0;
  const body = Type.Object({ item: Type.String() }, { additionalProperties: false });
  const routes: Routes = (app) => {
    app.post('/orders', { config: { permission: 'signed_in' }, schema: { body } }, async (request, reply) => {
      happened += 1;
      await gate;
      if (request.body.item === 'crash' && happened === 1) throw new AftercareError('TEST_CRASH', 'once');
      if (request.body.item === 'sold out') {
        throw new AftercareError('TEST_SOLD_OUT', 'none left', { kind: 'conflict' });
      }
      return reply.code(201).header('location', `/orders/${happened}`).send({ number: happened });
    });
  };
  return { routes, happened: () => happened };
}

const order = (headers: Record<string, string>, key: string, item = 'filter') => ({
  method: 'POST' as const,
  url: '/api/v1/orders',
  headers: { ...headers, 'idempotency-key': key },
  payload: { item },
});

test('a change sent again with its key happens once and gets the first answer', async () => {
  const orders = countedOrders();
  await using http = await openTestHttp(() => [orders.routes]);
  const me = await http.signIn('agent');
  const first = await http.app.inject(order(me, 'k1'));
  const again = await http.app.inject(order(me, 'k1'));
  expect([again.statusCode, again.body, again.headers.location]).toEqual([201, first.body, '/orders/1']);
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(again.headers['content-type']).toBe(first.headers['content-type']);
  expect(orders.happened()).toBe(1);
});

test('a refusal is replayed as well, a crash is not: the change may be tried again', async () => {
  const orders = countedOrders();
  await using http = await openTestHttp(() => [orders.routes]);
  const me = await http.signIn('agent');
  expect((await http.app.inject(order(me, 'k1', 'crash'))).statusCode).toBe(500);
  expect((await http.app.inject(order(me, 'k1', 'crash'))).statusCode).toBe(201);
  const refused = await http.app.inject(order(me, 'k2', 'sold out'));
  const again = await http.app.inject(order(me, 'k2', 'sold out'));
  expect([again.statusCode, again.body]).toEqual([409, refused.body]);
  expect(again.headers['content-type']).toContain('application/problem+json');
  expect(orders.happened()).toBe(3);
});

test('a key used for another request is refused, and keys of different people do not meet', async () => {
  const orders = countedOrders();
  await using http = await openTestHttp(() => [orders.routes]);
  const me = await http.signIn('agent');
  await http.app.inject(order(me, 'k1'));
  const other = await http.app.inject(order(me, 'k1', 'fan'));
  expect(other.json()).toMatchObject({ status: 422, code: 'HTTP_IDEMPOTENCY_KEY_REUSED' });
  expect((await http.app.inject(order(await http.signIn('agent'), 'k1'))).json()).toEqual({ number: 2 });
  const blank = await http.app.inject(order(me, 'two words'));
  expect(blank.json()).toMatchObject({ status: 400, code: 'HTTP_IDEMPOTENCY_KEY_INVALID' });
});

test('of many at once with one key one happens and the others are told to wait', async () => {
  let open: () => void = () => undefined;
  const orders = countedOrders(
    new Promise((resolve) => {
      open = resolve;
    }),
  );
  await using http = await openTestHttp(() => [orders.routes]);
  const me = await http.signIn('agent');
  const running = Array.from({ length: 8 }, () => http.app.inject(order(me, 'k1')).then((answer) => answer));
  const settled: number[] = [];
  await new Promise<void>((resolve) => {
    for (const answer of running) {
      void answer.then(({ statusCode }) => {
        settled.push(statusCode);
        if (settled.length === 7) resolve();
      });
    }
  });
  open();
  await Promise.all(running);
  expect(settled.sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  expect(orders.happened()).toBe(1);
  expect((await http.app.inject(order(me, 'k1'))).json()).toEqual({ number: 1 });
});

test('answers are kept unreadable without the server key, for 14 days', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const orders = countedOrders();
  await using http = await openTestHttp(() => [orders.routes], { clock });
  const me = await http.signIn('agent');
  await http.app.inject(order(me, 'k1'));
  const { db, pool } = http.database;
  const { rows } = await pool.query('select body from idempotency_key');
  expect(rows[0].body.toString('latin1')).not.toContain('number');
  clock.advance(13 * DAY_MS);
  expect(await sweepIdempotencyKeys({ db, clock })).toBe(0);
  clock.advance(2 * DAY_MS);
  expect(await sweepIdempotencyKeys({ db, clock })).toBe(1);
});

test('a key whose process died before it answered may be used again after a minute', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const orders = countedOrders();
  await using http = await openTestHttp(() => [orders.routes], { clock });
  const me = await http.signIn('agent');
  await http.app.inject(order(me, 'k1'));
  await http.database.pool.query('update idempotency_key set status = null');
  expect((await http.app.inject(order(me, 'k1'))).statusCode).toBe(409);
  clock.advance(61_000);
  expect((await http.app.inject(order(me, 'k1'))).json()).toEqual({ number: 2 });
});
