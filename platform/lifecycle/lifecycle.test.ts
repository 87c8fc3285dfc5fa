import { expect, test } from 'vitest';
import { createLog } from '../log.ts';
import { createLifecycle } from './lifecycle.ts';

const log = createLog({ level: 'silent', format: 'json' });

test('what was started last stops first, each before the next begins to', async () => {
  const order: string[] = [];
  const lifecycle = createLifecycle(log);
  lifecycle.defer('database', () => {
    order.push('database');
  });
  const jobs = lifecycle.use('jobs', {
    [Symbol.asyncDispose]: async () => {
      order.push('jobs stopping');
      await Promise.resolve();
      order.push('jobs stopped');
    },
  });
  lifecycle.use('file', { [Symbol.dispose]: () => void order.push('file') });

  expect(jobs[Symbol.asyncDispose]).toBeTypeOf('function');
  expect(await lifecycle.dispose()).toEqual([]);
  expect(order).toEqual(['file', 'jobs stopping', 'jobs stopped', 'database']);
});

test('one that fails to stop does not keep the others running, and its error comes back', async () => {
  const stopped: string[] = [];
  const lifecycle = createLifecycle(log);
  lifecycle.defer('first', () => void stopped.push('first'));
  lifecycle.defer('broken', () => {
    throw new Error('stuck');
  });
  lifecycle.defer('last', () => void stopped.push('last'));

  expect(await lifecycle.dispose()).toEqual([new Error('stuck')]);
  expect(stopped).toEqual(['last', 'first']);
});

test('one that never stops is left behind after its time', async () => {
  const stopped: string[] = [];
  const lifecycle = createLifecycle(log);
  lifecycle.defer('first', () => void stopped.push('first'));
  lifecycle.defer('hanging', () => new Promise<void>(() => undefined), 1);

  await lifecycle.dispose();
  expect(stopped).toEqual(['first']);
});

test('a second stop waits for the first and stops nothing twice', async () => {
  let stops = 0;
  const lifecycle = createLifecycle(log);
  lifecycle.defer('once', async () => {
    stops += 1;
  });

  await Promise.all([lifecycle.dispose(), lifecycle.dispose()]);
  expect(stops).toBe(1);
});

test('what is started while everything stops is stopped too', async () => {
  const stopped: string[] = [];
  const lifecycle = createLifecycle(log);
  lifecycle.defer('first', async () => {
    lifecycle.defer('late', () => void stopped.push('late'));
  });

  await lifecycle.dispose();
  await lifecycle.dispose();
  expect(stopped).toEqual(['late']);
});

test('a start that fails half-way is undone by the same stack', async () => {
  const stopped: string[] = [];
  const start = async () => {
    await using lifecycle = createLifecycle(log);
    lifecycle.defer('database', () => void stopped.push('database'));
    throw new Error('port taken');
  };

  await expect(start()).rejects.toThrow('port taken');
  expect(stopped).toEqual(['database']);
});
