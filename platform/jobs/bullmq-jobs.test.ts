import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openTestDatabase } from '#test/support/test-database.ts';
import { createClock } from '../clock.ts';
import { openBullmqJobs } from './bullmq-jobs.ts';

const WAIT = { timeout: 20_000 };
const TERMINATE = 'X'.charCodeAt(0);

function fatal(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0');
  const head = Buffer.from([...Buffer.from('E'), 0, 0, 0, 0]);
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** A way to PostgreSQL that can be cut, or end each connection with an error the moment the client leaves it. */
async function openWay(url: string) {
  const to = new URL(url);
  const sockets = new Set<Socket>();
  const state = { isCut: false, isDying: false, refused: 0, died: 0 };
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (state.isCut) {
      state.refused += 1;
      client.destroy();
      return;
    }
    const upstream = connect(Number(to.port), to.hostname);
    upstream.on('error', () => undefined);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      if (!state.isDying || chunk[0] !== TERMINATE) return upstream.write(chunk);
      state.died += 1;
      return client.end(fatal());
    });
    upstream.pipe(client);
    client.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    state,
    cut: () => {
      state.isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function createLines() {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, told: () => lines.map(({ msg }) => msg) };
}

test('an outage of PostgreSQL is told once when it begins and once when it ends, and the jobs go on', async () => {
  await using database = await openTestDatabase();
  await using way = await openWay(database.url);
  const { log, told } = createLines();
  await using jobs = await openBullmqJobs({ clock: createClock(), log }, { connectionString: way.url });
  const ran: unknown[] = [];
  jobs.define('greet', async (payload) => void ran.push(payload));
  await jobs.start();
  await jobs.enqueue('greet', 'before', { id: 'a' });
  await expect.poll(() => ran, WAIT).toEqual(['before']);

  way.cut();
  await expect.poll(() => way.state.refused, WAIT).toBeGreaterThan(5);
  expect(told()).toEqual(['job queue is away: jobs wait']);

  way.state.isCut = false;
  await expect.poll(told, WAIT).toContain('job queue is back');
  await jobs.enqueue('greet', 'after', { id: 'b' });
  await expect.poll(() => ran, WAIT).toContain('after');
  expect(told()).toEqual(['job queue is away: jobs wait', 'job queue is back']);
});

test('PostgreSQL that dies while the jobs close does not take the process with it', async () => {
  await using database = await openTestDatabase();
  await using way = await openWay(database.url);
  const { log } = createLines();
  {
    await using jobs = await openBullmqJobs({ clock: createClock(), log }, { connectionString: way.url });
    jobs.define('greet', async () => undefined);
    await jobs.start();
    way.state.isDying = true;
  }
  await expect.poll(() => way.state.died, WAIT).toBeGreaterThanOrEqual(3);
});
