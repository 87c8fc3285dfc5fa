import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SimulatorError, simulatorError } from '../errors.ts';

const Problem = Compile(
  Type.Object({ detail: Type.Optional(Type.String()), title: Type.Optional(Type.String()) }),
);

export interface ApiReply {
  readonly status: number;
  readonly body: unknown;
}

/** The service's HTTP contract, as far as anybody with a token knows it. */
export interface ApiClient {
  /** A reply below 400, or of a status that `accept` names; anything else is SIMULATOR_API_REFUSED. */
  request(method: 'GET' | 'POST', path: string, options?: RequestOptions): Promise<ApiReply>;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly accept?: readonly number[];
}

const TIMEOUT_MS = 15_000;

export function createApiClient(config: { baseUrl: string; token: string }): ApiClient {
  const baseUrl = config.baseUrl.replace(/\/+$/, '');
  return {
    async request(method, path, { body, accept = [] } = {}) {
      const response = await call(baseUrl, path, {
        method,
        headers: {
          authorization: `Bearer ${config.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const reply = { status: response.status, body: await bodyOf(response) };
      if (response.status < 400 || accept.includes(response.status)) return reply;
      throw refused(`${method} ${path}`, reply);
    },
  };
}

async function call(baseUrl: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`${baseUrl}/api/v1${path}`, init);
  } catch (cause) {
    throw simulatorError(
      'SIMULATOR_API_UNREACHABLE',
      `cannot reach the API at ${baseUrl} (${reasonOf(cause)}): check that it runs and that --api is right`,
      cause,
    );
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

function refused(what: string, { status, body }: ApiReply): SimulatorError {
  const problem = Problem.Check(body) ? (body.detail ?? body.title ?? '') : '';
  const reason = problem === '' ? `status ${status}` : `status ${status}, ${problem}`;
  return new SimulatorError(
    'SIMULATOR_API_REFUSED',
    `the API refused ${what} (${reason}): ${adviceFor(status)}`,
  );
}

function adviceFor(status: number): string {
  if (status === 401) return 'pass a token that is valid with --token or AFTERCARE_TOKEN';
  if (status === 403) return 'use the token of a user who may register devices';
  if (status === 404) return 'check that --api is the address of this service and of this version';
  if (status >= 500) return "look at the service's log, then start the simulator again";
  return 'the service and the simulator disagree about the contract: use the same version of both';
}
