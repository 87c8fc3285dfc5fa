import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SimulatorError, simulatorError } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { FAULT_MODES, type FaultMode } from '../scenario/scenario.ts';

const Injection = Compile(
  Type.Object(
    {
      mode: Type.Optional(Type.Unsafe<FaultMode>(Type.Enum([...FAULT_MODES]))),
      code: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      component: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{0,32}$' })),
      level: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
      overS: Type.Optional(Type.Number({ minimum: 0 })),
    },
    { additionalProperties: false },
  ),
);

const MAX_BODY_BYTES = 10_000;
const SWITCHES = ['offline', 'online', 'heal', 'session'] as const;

export interface ControlServer extends AsyncDisposable {
  readonly url: string;
}

/** HTTP on loopback to see and to break the fleet while it runs; port 0 takes any free one. */
export async function startControlServer(fleet: Fleet, port: number): Promise<ControlServer> {
  const server = createServer((request, response) => {
    void handle(fleet, request)
      .then(({ status, body }) => reply(response, status, body))
      .catch((error: unknown) => reply(response, statusOf(error), { detail: reasonOf(error) }));
  });
  await listen(server, port);
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actual}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        simulatorError(
          'SIMULATOR_PORT_TAKEN',
          `cannot listen on port ${port} (${reasonOf(cause)}): give another one with --http`,
          cause,
        ),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function handle(fleet: Fleet, request: IncomingMessage): Promise<Answer> {
  const [root, unitId, what, ...rest] = (request.url ?? '/').split('?')[0]?.split('/').slice(1) ?? [];
  if (root !== 'units' || rest.length > 0) return nowhere(request);
  if (unitId === undefined) {
    return request.method === 'GET' ? { status: 200, body: { items: fleet.units() } } : nowhere(request);
  }
  const id = decodeURIComponent(unitId);
  if (what === 'faults' && request.method === 'POST') {
    fleet.apply(id, { do: 'fault', ...injectionOf(await bodyOf(request)) });
    return { status: 200, body: unitOf(fleet, id) };
  }
  if (what === 'faults' && request.method === 'DELETE') {
    fleet.apply(id, { do: 'heal' });
    return { status: 200, body: unitOf(fleet, id) };
  }
  const action = SWITCHES.find((name) => name === what);
  if (action === undefined || request.method !== 'POST') return nowhere(request);
  fleet.apply(id, { do: action });
  return { status: 200, body: unitOf(fleet, id) };
}

function nowhere(request: IncomingMessage): Answer {
  const detail = `no ${request.method} ${request.url} here: see GET /units, POST or DELETE /units/{id}/faults, POST /units/{id}/offline, online, heal or session`;
  return { status: 404, body: { detail } };
}

function unitOf(fleet: Fleet, id: string): unknown {
  return fleet.units().find((unit) => unit.id === id) ?? null;
}

function injectionOf(body: unknown) {
  if (!Injection.Check(body)) {
    throw new SimulatorError(
      'SIMULATOR_INJECTION_INVALID',
      `send {"mode":…} with one of ${FAULT_MODES.join(', ')}, or {"code":"E1"}`,
    );
  }
  const mode = body.mode ?? 'code';
  if (mode !== 'code' || body.code !== undefined) return { ...body, mode };
  throw new SimulatorError('SIMULATOR_INJECTION_INVALID', 'a fault without a mode needs a code');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new SimulatorError('SIMULATOR_INJECTION_INVALID', 'the body is too long');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    return null;
  }
}

function statusOf(error: unknown): number {
  if (!(error instanceof SimulatorError)) return 400;
  return error.code === 'SIMULATOR_UNIT_UNKNOWN' ? 404 : 422;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
