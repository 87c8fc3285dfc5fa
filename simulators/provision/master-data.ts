import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { SimulatorError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';

const Listed = Compile(
  Type.Object({
    items: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  }),
);
const Created = Compile(Type.Object({ id: Type.String() }));

const CUSTOMERS = [
  { kind: 'corporate', name: '华东零售集团', phone: '+86 21 5555 0101' },
  { kind: 'corporate', name: 'Harbour Hotels', phone: '+86 21 5555 0102' },
  { kind: 'corporate', name: '浦江数据中心', phone: '+86 21 5555 0103' },
] as const;

const ZONE = { zone: 'north', timeZone: 'Asia/Shanghai' } as const;

const SITES = [
  {
    customer: '华东零售集团',
    name: '人民广场店',
    address: '上海市黄浦区西藏中路 268 号',
    at: [31.2339, 121.4737],
  },
  {
    customer: '华东零售集团',
    name: '五角场店',
    address: '上海市杨浦区邯郸路 600 号',
    at: [31.3011, 121.5146],
  },
  {
    customer: 'Harbour Hotels',
    name: 'Bund House',
    address: '18 Zhongshan East 1st Road, Shanghai',
    at: [31.2385, 121.4908],
  },
  {
    customer: 'Harbour Hotels',
    name: 'Airport Inn',
    address: '900 Yingbin Avenue, Shanghai',
    at: [31.1518, 121.8068],
  },
  {
    customer: '浦江数据中心',
    name: '张江机房',
    address: '上海市浦东新区张衡路 200 号',
    at: [31.2034, 121.6006],
  },
] as const;

const TECHNICIANS = [
  { name: '王磊', phone: '+86 138 0000 0001', zone: 'north', skills: ['refrigeration', 'general'] },
  { name: '李娜', phone: '+86 138 0000 0002', zone: 'north', skills: ['refrigeration', 'electrical'] },
  { name: 'Chen Wei', phone: '+86 138 0000 0003', zone: 'north', skills: ['electrical', 'controls'] },
  { name: 'Maria Santos', phone: '+86 138 0000 0004', zone: 'north', skills: ['controls', 'general'] },
  { name: '赵强', phone: '+86 138 0000 0005', zone: 'north', skills: ['high_voltage', 'charging'] },
  {
    name: 'Liu Yang',
    phone: '+86 138 0000 0006',
    zone: 'north',
    skills: ['charging', 'high_voltage', 'general'],
  },
] as const;

/** The ids of the sites that the demo's units stand at, in a fixed order. */
export interface MasterData {
  readonly siteIds: readonly string[];
  /** Records that were not there before. */
  readonly created: number;
}

/** Makes the demo's customers, sites and technicians, each unless one of that name is there already. */
export async function seedMasterData(api: ApiClient): Promise<MasterData> {
  const customers = await ensureAll(api, '/customers', CUSTOMERS);
  const sites = await ensureAll(
    api,
    '/sites',
    SITES.map(({ customer, at, ...site }) => ({
      ...site,
      ...ZONE,
      customerId: customers.ids.get(customer) ?? '',
      latitude: at[0],
      longitude: at[1],
    })),
  );
  const technicians = await ensureAll(api, '/technicians', TECHNICIANS);
  return {
    siteIds: [...sites.ids.values()],
    created: customers.created + sites.created + technicians.created,
  };
}

async function ensureAll(
  api: ApiClient,
  path: string,
  wanted: readonly { readonly name: string }[],
): Promise<{ ids: ReadonlyMap<string, string>; created: number }> {
  const known = await listByName(api, path);
  const ids = new Map<string, string>();
  let created = 0;
  for (const record of wanted) {
    let id = known.get(record.name);
    if (id === undefined) {
      id = await create(api, path, record);
      created += 1;
    }
    ids.set(record.name, id);
  }
  return { ids, created };
}

async function create(api: ApiClient, path: string, body: unknown): Promise<string> {
  const reply = await api.request('POST', path, { body });
  if (!Created.Check(reply.body)) throw surprising('POST', path);
  return reply.body.id;
}

async function listByName(api: ApiClient, path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const { body } = await api.request('GET', `${path}${query}`);
    if (!Listed.Check(body)) throw surprising('GET', path);
    for (const { id, name } of body.items) found.set(name, id);
    cursor = body.nextCursor;
  } while (cursor !== null);
  return found;
}

function surprising(method: string, path: string): SimulatorError {
  return new SimulatorError(
    'SIMULATOR_API_REPLY_INVALID',
    `the API answered ${method} ${path} with something else: use the same version of service and simulator`,
  );
}
