import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { NewCustomer, NewSite } from '#contracts/customers.ts';
import { NewDevice } from '#contracts/devices.ts';
import { SKILLS } from '#contracts/faults.ts';
import { NewTechnician } from '#contracts/people.ts';
import { createApiClient } from './api-client.ts';
import { openLocalMemory } from './local-memory.ts';
import { seedMasterData } from './master-data.ts';
import { registerFleet } from './provision.ts';

type Row = Record<string, unknown> & { id: string };
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const PAGE = 2;
const SITE_ID = randomUUID();
const BODIES: Readonly<Record<string, { Check(body: unknown): boolean }>> = {
  customers: Compile(NewCustomer),
  sites: Compile(NewSite),
  technicians: Compile(NewTechnician),
  devices: Compile(NewDevice),
};

/** The other side of the wire: just enough of the HTTP contract, with pages of two records. */
async function openApi() {
  const tables = new Map<string, Row[]>();
  let rotations = 0;
  const tableOf = (name: string): Row[] => {
    const table = tables.get(name) ?? [];
    tables.set(name, table);
    return table;
  };
  const list = (name: string, from: number): Answer => {
    const items = tableOf(name).slice(from, from + PAGE);
    const next = from + PAGE < tableOf(name).length ? String(from + PAGE) : null;
    return { status: 200, body: { items, nextCursor: next } };
  };
  const insert = (name: string, row: Record<string, unknown>): Answer => {
    if (BODIES[name]?.Check(row) !== true) return { status: 422, body: { detail: 'not by the contract' } };
    const id = typeof row.id === 'string' ? row.id : randomUUID();
    if (tableOf(name).some((known) => known.id === id))
      return { status: 409, body: { detail: `${id} exists` } };
    tableOf(name).push({ ...row, id });
    const isPile = row.kind === 'charging_pile';
    const mqtt = { username: id, password: 'first' };
    const ocpp = { url: `ws://127.0.0.1/ocpp/${id}`, password: 'first of OCPP' };
    return { status: 201, body: isPile ? { id, ocpp } : { id, mqtt } };
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [name = '', , action] = url.pathname.replace('/api/v1/', '').split('/');
    let text = '';
    for await (const chunk of request) text += String(chunk);
    let answer: Answer = { status: 401, body: { detail: 'no session' } };
    if (request.headers.authorization === 'Bearer right') {
      if (request.method === 'GET') answer = list(name, Number(url.searchParams.get('cursor') ?? 0));
      else if (action === 'credentials') {
        rotations += 1;
        answer = { status: 201, body: { mqtt: { username: 'ac-01', password: `rotated-${rotations}` } } };
      } else answer = insert(name, JSON.parse(text) as Record<string, unknown>);
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl,
    tableOf,
    rotations: () => rotations,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function openFolder() {
  const path = mkdtempSync(join(tmpdir(), 'units-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const FLEET = [
  { id: 'ac-01', kind: 'ac_unit' as const, model: 'split-generic', siteId: SITE_ID },
  { id: 'ac-02', kind: 'ac_unit' as const, model: 'chiller-generic', siteId: null },
];

test('a fleet is registered once; its credentials are kept where only their owner reads them', async () => {
  await using server = await openApi();
  using folder = openFolder();
  const api = createApiClient({ baseUrl: server.baseUrl, token: 'right' });
  const memory = openLocalMemory(folder.path);

  expect(await registerFleet({ api, memory }, FLEET)).toBe(2);
  expect(await registerFleet({ api, memory: openLocalMemory(folder.path) }, FLEET)).toBe(0);

  expect(server.tableOf('devices')).toMatchObject([
    { id: 'ac-01', kind: 'ac_unit', model: 'split-generic', siteId: SITE_ID, serial: 'SIM-AC-01' },
    { id: 'ac-02', kind: 'ac_unit', model: 'chiller-generic' },
  ]);
  expect(server.rotations()).toBe(0);
  expect(openLocalMemory(folder.path).credentialsOf('ac-01')).toEqual({
    username: 'ac-01',
    password: 'first',
  });
  expect(statSync(join(folder.path, 'units.json')).mode & 0o777).toBe(0o600);
});

test('a charging pile is registered as one and signs in with its own id', async () => {
  await using server = await openApi();
  using folder = openFolder();
  const api = createApiClient({ baseUrl: server.baseUrl, token: 'right' });
  const memory = openLocalMemory(folder.path);

  await registerFleet({ api, memory }, [
    { id: 'pile-01', kind: 'charging_pile', model: 'dc-pile-generic', siteId: null },
  ]);

  expect(server.tableOf('devices')).toMatchObject([
    { id: 'pile-01', kind: 'charging_pile', model: 'dc-pile-generic', serial: 'SIM-PILE-01' },
  ]);
  expect(memory.credentialsOf('pile-01')).toEqual({ username: 'pile-01', password: 'first of OCPP' });
});

test('a registered unit whose credentials are lost gets new ones', async () => {
  await using server = await openApi();
  using first = openFolder();
  using second = openFolder();
  const api = createApiClient({ baseUrl: server.baseUrl, token: 'right' });
  await registerFleet({ api, memory: openLocalMemory(first.path) }, FLEET.slice(0, 1));

  const memory = openLocalMemory(second.path);
  await registerFleet({ api, memory }, FLEET.slice(0, 1));

  expect(memory.credentialsOf('ac-01')?.password).toBe('rotated-1');
});

test('a unit that the service has forgotten brings its past along again', async () => {
  await using server = await openApi();
  using folder = openFolder();
  const memory = openLocalMemory(folder.path);
  memory.rememberPast('ac-01', { fromMs: 1, knownUntilMs: 2 });

  await registerFleet({ api: createApiClient({ baseUrl: server.baseUrl, token: 'right' }), memory }, FLEET);

  expect(memory.pastOf('ac-01')).toBeNull();
});

test('the demo records are made once, whatever is there already, page by page', async () => {
  await using server = await openApi();
  const api = createApiClient({ baseUrl: server.baseUrl, token: 'right' });

  const first = await seedMasterData(api);
  const second = await seedMasterData(api);

  expect(first.created).toBe(14);
  expect(second).toEqual({ created: 0, siteIds: first.siteIds });
  expect(server.tableOf('customers')).toHaveLength(3);
  expect(server.tableOf('sites')).toHaveLength(5);
  expect(server.tableOf('technicians')).toHaveLength(6);
  const skills = server.tableOf('technicians').flatMap((row) => row.skills);
  expect(
    SKILLS.filter((skill) => !skills.includes(skill)),
    "every skill is somebody's",
  ).toEqual([]);
  for (const site of server.tableOf('sites')) {
    expect(site).toMatchObject({
      zone: 'north',
      timeZone: 'Asia/Shanghai',
    });
  }
});

test('a refused token and a silent API are one sentence with what to do next', async () => {
  await using server = await openApi();
  const wrong = createApiClient({ baseUrl: server.baseUrl, token: 'wrong' });
  const nobody = createApiClient({ baseUrl: 'http://127.0.0.1:1', token: 'right' });

  await expect(seedMasterData(wrong)).rejects.toThrow(
    'the API refused GET /customers (status 401, no session): pass a token that is valid with --token or AFTERCARE_TOKEN',
  );
  await expect(seedMasterData(nobody)).rejects.toThrow(
    /^cannot reach the API at http:\/\/127.0.0.1:1 .*--api is right$/,
  );
});

test('a damaged memory is refused with what to do about it', () => {
  using folder = openFolder();
  writeFileSync(join(folder.path, 'units.json'), '{"credentials":');

  expect(() => openLocalMemory(folder.path)).toThrow('give another --state-dir');
});
