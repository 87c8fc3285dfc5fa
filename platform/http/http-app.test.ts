import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PERMISSIONS, type Permission, ROLES } from '#contracts/permissions.ts';
import { Problem } from '#contracts/problem.ts';
import { openTestHttp, type TestHttp } from '#test/support/test-http.ts';
import { AftercareError, type ErrorKind } from '../errors.ts';
import { etag, requireIfMatch } from './etag.ts';
import { Page } from './page.ts';
import type { Routes } from './routes.ts';

const Thing = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    count: Type.Optional(Type.Integer()),
    kind: Type.Optional(Type.Enum(['round', 'square'])),
    contact: Type.Optional(Type.Object({ phone: Type.String() }, { additionalProperties: false })),
    note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  },
  { $id: 'Thing', additionalProperties: false },
);

const things: Routes = (app) => {
  const config = { permission: 'signed_in' } as const;
  app.get(
    '/things',
    {
      config,
      schema: {
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ maximum: 5 })),
            tag: Type.Optional(Type.Array(Type.String())),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ limit: Type.Integer(), tag: Type.Array(Type.String()) }) },
      },
    },
    async ({ query }) => ({ limit: query.limit ?? 0, tag: query.tag ?? [] }),
  );
  app.get('/things/page', { config, schema: { response: { 200: Page(Thing) } } }, async () => ({
    items: [{ name: 'a', secret: 'x' }],
    nextCursor: null,
  }));
  app.post('/things', { config, schema: { body: Thing, response: { 201: Thing } } }, async (request, reply) =>
    reply.code(201).send(request.body),
  );
  app.patch('/things/1', { config, schema: { body: Thing } }, async (request, reply) => {
    requireIfMatch(request, 7);
    return reply.header('etag', etag(8)).send(request.body);
  });
  app.post('/fail/:kind', { config: { permission: 'public' } }, async (request) => {
    const { kind } = request.params as { kind: string };
    if (kind === 'crash') throw new Error('password=hunter2');
    throw new AftercareError('TEST_FAILED', 'told to fail', {
      kind: kind as ErrorKind,
      fields: [{ field: 'a.b', message: 'is odd' }],
      allowed: ['accept'],
    });
  });
};

let http: TestHttp;

beforeAll(async () => {
  http = await openTestHttp(() => [things]);
});

afterAll(() => http[Symbol.asyncDispose]());

test.each([
  ['malformed', 400],
  ['unauthenticated', 401],
  ['forbidden', 403],
  ['not_found', 404],
  ['conflict', 409],
  ['stale', 412],
  ['invalid', 422],
  ['precondition_required', 428],
  ['too_many', 429],
  ['unavailable', 503],
])(
  'an error of kind %s is a problem document of status %i with its code, fields and allowed moves',
  async (kind, status) => {
    const answer = await http.app.inject({ method: 'POST', url: `/api/v1/fail/${kind}` });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({
      status,
      code: 'TEST_FAILED',
      detail: 'told to fail',
      errors: [{ field: 'a.b', message: 'is odd' }],
      allowed: ['accept'],
    });
  },
);

test('an unexpected error tells the caller nothing but where to look', async () => {
  for (const kind of ['crash', 'internal']) {
    const answer = await http.app.inject({ method: 'POST', url: `/api/v1/fail/${kind}` });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('hunter2');
    expect(answer.json().detail).toContain('request ');
  }
});

test('a body that breaks its schema is a 422 that names every field at fault', async () => {
  const headers = await http.signIn('agent');
  const payload = { count: '5', kind: 'oval', contact: { fax: 1 }, note: 3, colour: 'red' };
  const answer = await http.app.inject({ method: 'POST', url: '/api/v1/things', headers, payload });
  expect(answer.statusCode).toBe(422);
  expect(answer.json()).toMatchObject({ code: 'HTTP_REQUEST_INVALID' });
  expect(
    Object.fromEntries(
      answer.json().errors.map((e: { field: string; message: string }) => [e.field, e.message]),
    ),
  ).toEqual({
    name: 'is required',
    colour: 'is not a known field',
    count: 'must be integer',
    kind: 'must be one of round, square',
    'contact.phone': 'is required',
    'contact.fax': 'is not a known field',
    note: 'must be string or null',
  });
});

const JSON_TYPE = 'application/json';

test.each([
  { what: 'broken JSON', body: '{"name":', type: JSON_TYPE, status: 400, code: 'HTTP_BODY_MALFORMED' },
  { what: 'NaN', body: '{"name":NaN}', type: JSON_TYPE, status: 400, code: 'HTTP_BODY_MALFORMED' },
  { what: 'nothing', body: '', type: JSON_TYPE, status: 400, code: 'HTTP_BODY_MALFORMED' },
  { what: '__proto__', body: '{"__proto__":{}}', type: JSON_TYPE, status: 400, code: 'HTTP_BODY_MALFORMED' },
  {
    what: '1e999',
    body: '{"name":"a","count":1e999}',
    type: JSON_TYPE,
    status: 422,
    code: 'HTTP_REQUEST_INVALID',
  },
  { what: 'XML', body: '<a/>', type: 'application/xml', status: 415, code: 'HTTP_MEDIA_TYPE_UNSUPPORTED' },
  {
    what: '2 MB',
    body: `"${'a'.repeat(2_000_000)}"`,
    type: JSON_TYPE,
    status: 413,
    code: 'HTTP_BODY_TOO_LARGE',
  },
])('a body of $what is refused with $status $code', async ({ body, type, status, code }) => {
  const headers = { ...(await http.signIn('agent')), 'content-type': type };
  const answer = await http.app.inject({ method: 'POST', url: '/api/v1/things', headers, payload: body });
  expect(answer.statusCode).toBe(status);
  expect(answer.json()).toMatchObject({ code, status });
});

test('query text is read as the type its schema says, and an unknown parameter is named', async () => {
  const headers = await http.signIn('agent');
  const get = (query: string) => http.app.inject({ url: `/api/v1/things?${query}`, headers });
  expect((await get('limit=3&tag=a')).json()).toEqual({ limit: 3, tag: ['a'] });
  expect((await get('limit=many')).json()).toMatchObject({ status: 422, errors: [{ field: 'limit' }] });
  expect((await get('page=3')).json()).toMatchObject({ status: 422, errors: [{ field: 'page' }] });
});

test('an answer holds only what its schema names', async () => {
  const headers = await http.signIn('agent');
  const answer = await http.app.inject({ url: '/api/v1/things/page', headers });
  expect(answer.json()).toEqual({ items: [{ name: 'a' }], nextCursor: null });
});

test('a path that is not there is a problem document, for an API path and a wrong method alike', async () => {
  for (const [method, url] of [
    ['GET', '/api/v1/nothing'],
    ['DELETE', '/api/v1/things'],
  ] as const) {
    const answer = await http.app.inject({ method, url });
    expect(answer.json()).toMatchObject({ status: 404, code: 'HTTP_NOT_FOUND' });
  }
  expect((await http.app.inject({ url: '/%zz' })).json()).toMatchObject({ code: 'HTTP_URL_MALFORMED' });
});

test('a change needs the ETag that was read last: 428 without it, 412 with an older one', async () => {
  const headers = await http.signIn('agent');
  const patch = (more: Record<string, string>) =>
    http.app.inject({
      method: 'PATCH',
      url: '/api/v1/things/1',
      headers: { ...headers, ...more },
      payload: { name: 'b' },
    });
  expect((await patch({})).json()).toMatchObject({ status: 428, code: 'HTTP_IF_MATCH_REQUIRED' });
  expect((await patch({ 'if-match': '"6"' })).json()).toMatchObject({
    status: 412,
    code: 'HTTP_IF_MATCH_STALE',
  });
  const done = await patch({ 'if-match': '"7"' });
  expect([done.statusCode, done.headers.etag]).toEqual([200, '"8"']);
});

test('O1: each role reaches exactly the routes whose permission it holds', async () => {
  const permissions = Object.keys(PERMISSIONS) as Permission[];
  await using http = await openTestHttp(() => [
    (app) => {
      for (const permission of permissions) {
        app.get(`/needs/${permission.replace(':', '/')}`, { config: { permission } }, async () => ({}));
      }
    },
  ]);
  for (const role of ROLES) {
    const headers = await http.signIn(role);
    for (const permission of permissions) {
      const url = `/api/v1/needs/${permission.replace(':', '/')}`;
      const holders: readonly string[] = PERMISSIONS[permission];
      const expected = role === 'admin' || holders.includes(role) ? 200 : 403;
      const answer = await http.app.inject({ url, headers });
      expect([role, permission, answer.statusCode]).toEqual([role, permission, expected]);
    }
  }
  const anonymous = await http.app.inject({ url: '/api/v1/needs/alarms/read' });
  expect(anonymous.statusCode).toBe(401);
  expect(anonymous.headers['www-authenticate']).toBe('Bearer');
});

test('a route that names no permission stops the start', async () => {
  await using http = await openTestHttp(() => [
    (app) => {
      app.get('/open-door', async () => ({}));
    },
  ]);
  await expect(http.listen({ host: '127.0.0.1', port: 0 })).rejects.toThrow('GET /api/v1/open-door');
});

test('a taken port is one sentence that names the port and the variable', async () => {
  await using first = await openTestHttp(() => []);
  await using second = await openTestHttp(() => []);
  const port = await first.listen({ host: '127.0.0.1', port: 0 });
  await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'HTTP_PORT_TAKEN',
    message: expect.stringMatching(new RegExp(`${port}.*HTTP_PORT`)),
  });
});

test('the OpenAPI document lists a route with its schema, its permission and the problem document', async () => {
  const document = (await http.app.inject({ url: '/api/docs/json' })).json();
  expect(document.openapi).toBe('3.1.0');
  const { post } = document.paths['/api/v1/things'];
  expect(post['x-permission']).toBe('signed_in');
  expect(post.security).toEqual([{ bearer: [] }, { cookie: [] }]);
  expect(post.requestBody.content['application/json'].schema.required).toEqual(['name']);
  expect(post.responses.default.content['application/problem+json'].schema.$ref).toBe(
    '#/components/schemas/Problem',
  );
  expect(Object.keys(document.components.schemas.Problem.properties)).toEqual(
    Object.keys(Problem.properties),
  );
  expect(Object.keys(document.paths).every((path) => path.startsWith('/api/v1/'))).toBe(true);
  for (const name of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    expect(Object.keys(document.components.schemas)).toContain(name[1]);
  }
  expect((await http.app.inject({ url: '/api/docs' })).statusCode).toBe(200);
});

test('the page may load its own scripts and inline styles, and nothing may frame it', async () => {
  const { headers } = await http.app.inject({ url: '/healthz' });
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("style-src 'self' 'unsafe-inline'");
  expect(policy).toContain("frame-ancestors 'none'");
});

test('closing waits for the answer of a request in hand and takes no more', async () => {
  let finish: () => void = () => undefined;
  let arrived: () => void = () => undefined;
  const hasArrived = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const slow = await openTestHttp(() => [
    (app) => {
      app.get('/slow', { config: { permission: 'public' } }, async () => {
        arrived();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return { done: true };
      });
    },
  ]);
  const port = await slow.listen({ host: '127.0.0.1', port: 0 });
  const base = `http://127.0.0.1:${port}`;
  const answer = fetch(`${base}/api/v1/slow`);
  await hasArrived;
  const closed = slow[Symbol.asyncDispose]();
  await expect
    .poll(() =>
      fetch(`${base}/healthz`)
        .then((late) => late.status)
        .catch(() => 'refused'),
    )
    .not.toBe(200);
  finish();
  expect(await (await answer).json()).toEqual({ done: true });
  await closed;
});
