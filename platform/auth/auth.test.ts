import { expect, test } from 'vitest';
import { PARTNER_PERMISSIONS } from '#contracts/permissions.ts';
import { createManualClock } from '#platform/clock.ts';
import { openTestHttp, type TestHttp } from '#test/support/test-http.ts';
import { authRoutes } from './auth-routes.ts';
import { userRoutes } from './user-routes.ts';

const HOUR_MS = 3_600_000;
const PASSWORD = 'correct horse';

const open = (options: Parameters<typeof openTestHttp>[1] = {}) =>
  openTestHttp(({ auth }) => [authRoutes({ auth, publicUrl: null }), userRoutes(auth)], options);

async function addUser(http: TestHttp, username: string, roles: string[] = ['agent']) {
  const headers = await http.signIn('admin');
  const answer = await http.app.inject({
    method: 'POST',
    url: '/api/v1/users',
    headers,
    payload: { username, displayName: `${username} Li`, roles, password: PASSWORD },
  });
  expect(answer.statusCode).toBe(201);
  return { headers, user: answer.json() };
}

function login(http: TestHttp, payload: Record<string, unknown>, headers: Record<string, string> = {}) {
  return http.app.inject({ method: 'POST', url: '/api/v1/auth/login', payload, headers });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('the right password gives a token that tells who one is and what one may do', async () => {
  await using http = await open();
  await addUser(http, 'Wang');
  const answer = await login(http, { username: 'wANG', password: PASSWORD });
  expect(answer.json()).toEqual({ token: expect.stringMatching(/^[0-9a-f]{40}$/) });
  const me = await http.app.inject({ url: '/api/v1/auth/me', headers: bearer(answer.json().token) });
  expect(me.json()).toMatchObject({
    username: 'wang',
    displayName: 'Wang Li',
    roles: ['agent'],
    technicianId: null,
  });
  expect(me.json().permissions).toContain('tickets:write');
  expect(me.json().permissions).not.toContain('users:write');
});

test('a wrong password and an unknown user get the same answer, and each leaves an audit row without what was typed', async () => {
  await using http = await open();
  const { user } = await addUser(http, 'wang');
  const wrong = await login(http, { username: 'wang', password: 'not the one' });
  const unknown = await login(http, { username: 'hunter2', password: 'not the one' });
  expect(wrong.statusCode).toBe(401);
  expect(wrong.json()).toEqual(unknown.json());
  const { rows } = await http.database.pool.query(
    "select entity_id, actor_id, row_to_json(audit_record)::text as text from audit_record where action = 'user.sign_in_failed' order by id",
  );
  expect(rows.map((row) => [row.entity_id, row.actor_id])).toEqual([
    [user.id, 'system:anonymous'],
    ['unknown', 'system:anonymous'],
  ]);
  expect(JSON.stringify(rows)).not.toMatch(/hunter2|not the one/);
});

test('after ten wrong passwords for a name from one address even the right one has to wait', async () => {
  await using http = await open();
  await addUser(http, 'wang');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    expect((await login(http, { username: 'wang', password: 'wrong' })).statusCode).toBe(401);
  }
  const refused = await login(http, { username: 'wang', password: PASSWORD });
  expect(refused.json()).toMatchObject({ status: 429, code: 'AUTH_TOO_MANY_FAILURES' });
  const elsewhere = await http.app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { username: 'wang', password: PASSWORD },
    remoteAddress: '10.0.0.9',
  });
  expect(elsewhere.statusCode).toBe(200);
});

test('guessing in parallel gains nothing: ten guesses are checked, the others are refused unseen', async () => {
  await using http = await open();
  await addUser(http, 'wang');
  const guesses = Array.from({ length: 120 }, (_, n) =>
    login(http, { username: 'wang', password: `no ${n}` }),
  );
  const statuses = (await Promise.all(guesses)).map(({ statusCode }) => statusCode);
  expect(statuses.filter((status) => status === 401)).toHaveLength(10);
  expect(statuses.filter((status) => status === 429)).toHaveLength(110);
  const elsewhere = await http.app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { username: 'wang', password: PASSWORD },
    remoteAddress: '10.0.0.9',
  });
  const { token } = elsewhere.json();
  const changes = Array.from({ length: 30 }, (_, n) =>
    http.app.inject({
      method: 'POST',
      url: '/api/v1/auth/password',
      headers: bearer(token),
      payload: { oldPassword: `no ${n}`, newPassword: 'battery staple' },
      remoteAddress: '10.0.0.9',
    }),
  );
  const refused = (await Promise.all(changes)).filter(({ statusCode }) => statusCode === 422);
  expect(refused).toHaveLength(10);
});

test('signing in with the right password never counts as a guess', async () => {
  await using http = await open();
  await addUser(http, 'wang');
  for (let attempt = 0; attempt < 12; attempt += 1) {
    expect((await login(http, { username: 'wang', password: PASSWORD })).statusCode).toBe(200);
  }
});

test('a bearer ends after 30 days, a cookie 12 hours after it was last used', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  await using http = await open({ clock });
  await addUser(http, 'wang');
  const { token } = (await login(http, { username: 'wang', password: PASSWORD })).json();
  const origin = { host: 'aftercare.test', origin: 'http://aftercare.test' };
  const signedIn = await login(http, { username: 'wang', password: PASSWORD, cookie: true }, origin);
  const [{ value = '' } = {}] = signedIn.cookies;
  const me = async (headers: Record<string, string>) =>
    (await http.app.inject({ url: '/api/v1/auth/me', headers })).statusCode;
  const cookie = { cookie: `aftercare_session=${value}` };
  for (let hours = 0; hours < 33; hours += 11) {
    clock.advance(11 * HOUR_MS);
    expect(await me(cookie)).toBe(200);
  }
  clock.advance(13 * HOUR_MS);
  expect(await me(cookie)).toBe(401);
  expect(await me(bearer(token))).toBe(200);
  clock.advance(29 * 24 * HOUR_MS);
  expect(await me(bearer(token))).toBe(401);
  expect(await http.auth.sweepSessions()).toBeGreaterThanOrEqual(2);
});

test('the session cookie is out of reach of scripts, and changes by it must come from our own pages', async () => {
  await using http = await open();
  await addUser(http, 'wang', ['admin']);
  const host = { host: 'aftercare.test' };
  const ours = { ...host, origin: 'http://aftercare.test' };
  const theirs = { ...host, origin: 'http://evil.test' };
  const credentials = { username: 'wang', password: PASSWORD, cookie: true };
  expect((await login(http, credentials, theirs)).statusCode).toBe(403);
  const signedIn = await login(http, credentials, ours);
  expect(signedIn.json()).toMatchObject({ user: { username: 'wang' } });
  expect(signedIn.json().token).toBeUndefined();
  const [session] = signedIn.cookies;
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
  const cookie = { cookie: `aftercare_session=${session?.value}` };
  const read = await http.app.inject({ url: '/api/v1/users', headers: { ...cookie, ...theirs } });
  expect(read.statusCode).toBe(200);
  const logout = (headers: Record<string, string>) =>
    http.app.inject({ method: 'POST', url: '/api/v1/auth/logout', headers: { ...cookie, ...headers } });
  expect((await logout(host)).json()).toMatchObject({ code: 'HTTP_ORIGIN_REFUSED' });
  expect((await logout(theirs)).json()).toMatchObject({ code: 'HTTP_ORIGIN_REFUSED' });
  expect((await logout(ours)).statusCode).toBe(204);
  expect((await http.app.inject({ url: '/api/v1/auth/me', headers: cookie })).statusCode).toBe(401);
});

test('deactivating a user ends their sessions at once; a new role is in force at once', async () => {
  await using http = await open();
  const { headers, user } = await addUser(http, 'wang');
  const { token } = (await login(http, { username: 'wang', password: PASSWORD })).json();
  const users = () => http.app.inject({ url: '/api/v1/users', headers: bearer(token) });
  const change = (payload: object, version: number) =>
    http.app.inject({
      method: 'PATCH',
      url: `/api/v1/users/${user.id}`,
      headers: { ...headers, 'if-match': `"${version}"` },
      payload,
    });
  expect((await users()).statusCode).toBe(403);
  expect((await change({ roles: ['admin'] }, 1)).headers.etag).toBe('"2"');
  expect((await users()).statusCode).toBe(200);
  expect((await change({ isActive: false }, 1)).statusCode).toBe(412);
  expect((await change({ isActive: false }, 2)).json()).toMatchObject({ isActive: false, version: 3 });
  expect((await users()).statusCode).toBe(401);
  expect((await login(http, { username: 'wang', password: PASSWORD })).statusCode).toBe(401);
});

test('R1: whoever works for an outsourced centre may do its work and nothing else, even as an admin', async () => {
  await using http = await open();
  const { user } = await addUser(http, 'wang', ['dispatcher', 'admin']);
  const centre = '019e0000-0000-7000-8000-00000000cccc';
  await http.database.pool.query(
    `update user_account set centre_id = $1, centre_kind = 'outsourced' where id = $2`,
    [centre, user.id],
  );
  const { token } = (await login(http, { username: 'wang', password: PASSWORD })).json();
  const me = (await http.app.inject({ url: '/api/v1/auth/me', headers: bearer(token) })).json();
  expect(me).toMatchObject({ centreId: centre, roles: ['dispatcher', 'admin'] });
  expect(me.permissions.toSorted()).toEqual([...PARTNER_PERMISSIONS].toSorted());
  const users = await http.app.inject({ url: '/api/v1/users', headers: bearer(token) });
  expect(users.statusCode).toBe(403);
});

test("one changes one's own password with the old one, which ends every session", async () => {
  await using http = await open();
  await addUser(http, 'wang');
  const { token } = (await login(http, { username: 'wang', password: PASSWORD })).json();
  const change = (payload: object) =>
    http.app.inject({ method: 'POST', url: '/api/v1/auth/password', headers: bearer(token), payload });
  expect((await change({ oldPassword: 'wrong', newPassword: 'battery staple' })).json()).toMatchObject({
    status: 422,
    errors: [{ field: 'oldPassword' }],
  });
  expect((await change({ oldPassword: PASSWORD, newPassword: 'short' })).json()).toMatchObject({
    status: 422,
    errors: [{ field: 'newPassword' }],
  });
  expect((await change({ oldPassword: PASSWORD, newPassword: 'battery staple' })).statusCode).toBe(204);
  expect((await http.app.inject({ url: '/api/v1/auth/me', headers: bearer(token) })).statusCode).toBe(401);
  expect((await login(http, { username: 'wang', password: 'battery staple' })).statusCode).toBe(200);
});

test('a user name is taken whatever its case, and a short password is refused by name', async () => {
  await using http = await open();
  const { headers } = await addUser(http, 'wang');
  const create = (payload: object) =>
    http.app.inject({ method: 'POST', url: '/api/v1/users', headers, payload });
  const user = { displayName: 'Li', roles: [], password: PASSWORD };
  expect((await create({ ...user, username: 'WANG' })).json()).toMatchObject({
    status: 409,
    code: 'AUTH_USERNAME_TAKEN',
  });
  expect((await create({ ...user, username: 'li', password: 'short' })).json()).toMatchObject({
    status: 422,
    errors: [{ field: 'password' }],
  });
  const list = await http.app.inject({ url: '/api/v1/users?limit=1', headers });
  expect(list.json().items).toHaveLength(1);
  const next = await http.app.inject({ url: `/api/v1/users?cursor=${list.json().nextCursor}`, headers });
  expect(next.json()).toMatchObject({ nextCursor: null });
});

test('the first start refuses a short admin password', async () => {
  await using http = await open();
  await expect(http.auth.ensureAdmin('short')).rejects.toMatchObject({ code: 'AUTH_PASSWORD_WEAK' });
});

test('the first start makes an admin with a password told once; the last admin cannot be taken away', async () => {
  await using http = await open();
  const first = await http.auth.ensureAdmin(null);
  expect(first).toMatchObject({ created: true, password: expect.stringMatching(/^.{20}$/) });
  expect(await http.auth.ensureAdmin('another password')).toEqual({
    created: false,
    password: null,
    userId: first.userId,
  });
  const { token } = (await login(http, { username: 'admin', password: first.password })).json();
  const { rows } = await http.database.pool.query('select password_hash from user_account');
  expect(rows[0].password_hash).toMatch(/^scrypt\$/);
  const demote = await http.app.inject({
    method: 'PATCH',
    url: `/api/v1/users/${first.userId}`,
    headers: { ...bearer(token), 'if-match': '*' },
    payload: { roles: ['agent'] },
  });
  expect(demote.json()).toMatchObject({ status: 409, code: 'AUTH_LAST_ADMIN' });
  await expect((await open()).auth.ensureAdmin('short')).rejects.toMatchObject({
    code: 'AUTH_PASSWORD_WEAK',
  });
});

test('tokens are stored hashed', async () => {
  await using http = await open();
  const { userId } = await http.signIn('agent');
  const token = await http.auth.mintToken(userId, HOUR_MS);
  const { rows } = await http.database.pool.query('select token_hash from session');
  expect(rows.map((row) => row.token_hash.toString('hex')).join()).not.toContain(token);
  expect(await http.auth.resolve(token)).toMatchObject({ userId });
  expect(await http.auth.resolve(`${token.slice(1)}0`)).toBeNull();
});

test('a name that no database can keep is refused, not an accident', async () => {
  await using http = await open();
  const answer = await http.app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { username: '\u0000', password: 'whatever it is' },
  });
  expect(answer.json()).toMatchObject({ status: 400, code: 'HTTP_TEXT_INVALID' });
});
