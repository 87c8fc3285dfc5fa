import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openTestHttp } from '#test/support/test-http.ts';
import { AftercareError } from '../errors.ts';
import { serveConsole } from './serve-console.ts';

test('ready means that every check passes; a failing one is named', async () => {
  let isAway = true;
  const database = {
    name: 'database',
    check: async () => {
      if (isAway) throw new AftercareError('TEST_AWAY', 'away');
    },
  };
  const log = { name: 'log', check: async () => undefined };
  await using http = await openTestHttp(() => [], { readiness: [log, database] });
  expect((await http.app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' });
  expect((await http.app.inject({ url: '/readyz' })).json()).toMatchObject({
    status: 503,
    code: 'HTTP_NOT_READY',
    errors: [{ field: 'database' }],
  });
  isAway = false;
  expect((await http.app.inject({ url: '/readyz' })).json()).toEqual({ status: 'ready' });
});

test('metrics are for this machine, or for a manager from elsewhere', async () => {
  await using http = await openTestHttp(() => []);
  const from = (remoteAddress: string, headers = {}) =>
    http.app.inject({ url: '/metrics', remoteAddress, headers });
  await http.app.inject({ url: '/healthz' });
  expect((await from('127.0.0.1')).body).toContain(
    'aftercare_http_request_seconds_count{method="GET",route="/healthz"',
  );
  expect((await from('10.0.0.9')).statusCode).toBe(401);
  expect((await from('127.0.0.1', { 'x-forwarded-for': '10.0.0.9' })).statusCode).toBe(401);
  expect((await from('10.0.0.9', await http.signIn('agent'))).statusCode).toBe(403);
  expect((await from('10.0.0.9', await http.signIn('manager'))).statusCode).toBe(200);
});

test('the console answers every path that is not the API; hashed files are cached for ever', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aftercare-console-'));
  await mkdir(join(dir, 'assets'));
  await writeFile(join(dir, 'index.html'), '<title>built</title>');
  await writeFile(join(dir, 'assets', 'index-DiwrgTda.js'), 'run()');
  await writeFile(join(dir, '..', `${dir.split('/').at(-1)}-secret.txt`), 'secret');
  await using http = await openTestHttp(() => []);
  serveConsole(http.app, dir);
  for (const url of ['/', '/tickets/1', '/units/ac-1']) {
    const page = await http.app.inject({ url });
    expect([page.statusCode, page.body, page.headers['cache-control']]).toEqual([
      200,
      '<title>built</title>',
      'no-cache',
    ]);
  }
  const script = await http.app.inject({ url: '/assets/index-DiwrgTda.js' });
  expect([script.body, script.headers['cache-control']]).toEqual([
    'run()',
    'public, max-age=31536000, immutable',
  ]);
  await writeFile(join(dir, 'assets', 'index-DiwrgTda.js.gz'), gzipSync('run()'));
  const packed = await http.app.inject({
    url: '/assets/index-DiwrgTda.js',
    headers: { 'accept-encoding': 'gzip, br' },
  });
  expect([packed.headers['content-encoding'], String(gunzipSync(packed.rawPayload))]).toEqual([
    'gzip',
    'run()',
  ]);
  expect((await http.app.inject({ url: '/api/v1/nothing' })).json()).toMatchObject({ status: 404 });
  const outside = await http.app.inject({ url: `/..%2f${dir.split('/').at(-1)}-secret.txt` });
  expect(outside.body).not.toContain('secret');
  await rm(dir, { recursive: true });
  await rm(`${dir}-secret.txt`);
});

test('without a built console the page says how to build it', async () => {
  await using http = await openTestHttp(() => []);
  serveConsole(http.app, join(tmpdir(), 'no-such-folder'));
  const page = await http.app.inject({ url: '/' });
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.body).toContain('npm run build');
});
