import { AftercareError } from '#platform/errors.ts';
import type { LoadDevice } from '../load/device.ts';

export interface LedgerAccount {
  readonly received: number;
  readonly spooledAtStart: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly deadLettered: number;
  readonly shed: number;
  readonly spooled: number;
  readonly inFlight: number;
  readonly imbalance: number;
}

/** The HTTP API as somebody with a token knows it. */
export interface Api {
  registerDevices(ids: readonly string[]): Promise<LoadDevice[]>;
  ledger(): Promise<LedgerAccount>;
  post(path: string, body: unknown): Promise<unknown>;
}

const TIMEOUT_MS = 30_000;
const MODEL = 'split-generic';

async function call(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  if (response.ok) return text === '' ? null : JSON.parse(text);
  throw new AftercareError(
    'BENCH_API_REFUSED',
    `${init.method ?? 'GET'} ${url}: ${response.status} ${text.slice(0, 300)}`,
  );
}

export async function isReady(httpPort: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/readyz`, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.ok;
}

export async function signIn(httpPort: number, password: string): Promise<string> {
  const body = JSON.stringify({ username: 'admin', password });
  const headers = { 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${httpPort}/api/v1/auth/login`;
  return ((await call(url, { method: 'POST', headers, body })) as { token: string }).token;
}

/** Devices that one file may register. */
const MAX_IMPORT = 5_000;

export function createApi(httpPort: number, token: string): Api {
  const base = `http://127.0.0.1:${httpPort}/api/v1`;
  const authorization = `Bearer ${token}`;
  return {
    async registerDevices(ids) {
      const headers = { authorization, 'content-type': 'text/csv' };
      const registered: LoadDevice[] = [];
      for (let first = 0; first < ids.length; first += MAX_IMPORT) {
        const rows = ids.slice(first, first + MAX_IMPORT).map((id) => `${id},ac_unit,${MODEL}`);
        const body = ['id,kind,model', ...rows].join('\n');
        const reply = await call(`${base}/devices/import`, { method: 'POST', headers, body });
        const { devices } = reply as { devices: { id: string; mqtt: Omit<LoadDevice, 'id'> }[] };
        registered.push(
          ...devices.map(({ id, mqtt: { username, password } }) => ({ id, username, password })),
        );
      }
      return registered;
    },
    async ledger() {
      const reply = (await call(`${base}/ledger`, { headers: { authorization } })) as {
        items: Omit<LedgerAccount, 'imbalance'>[];
        imbalance: number;
      };
      const [account] = reply.items;
      if (account === undefined) throw new AftercareError('BENCH_LEDGER_EMPTY', 'the ledger has no account');
      return { ...account, imbalance: reply.imbalance };
    },
    post: (path, body) =>
      call(`${base}${path}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  };
}

export function deviceIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `bench-${String(index + 1).padStart(5, '0')}`);
}
