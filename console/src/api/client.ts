import type { Problem } from '#contracts/problem.ts';

/** What the server refused, by its problem document; `status` 0: it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(given: { status: number; code: string; detail: string }, options?: ErrorOptions) {
    super(given.detail, options);
    this.name = 'ApiError';
    this.status = given.status;
    this.code = given.code;
  }
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

async function refusal(response: Response): Promise<ApiError> {
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  const { code = 'HTTP_ERROR', detail = response.statusText } = problem;
  return new ApiError({ status: response.status, code, detail });
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(`/api/v1${path}`, { credentials: 'same-origin', ...init }).catch(
    (error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(
        { status: 0, code: 'NETWORK', detail: 'the server cannot be reached' },
        { cause: error },
      );
    },
  );
  if (response.ok) return response;
  throw await refusal(response);
}

type Params = Readonly<Record<string, string | number | boolean | undefined>>;

/** GET below /api/v1; parameters that are undefined are left out. */
export async function getJson<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const suffix = query.size === 0 ? '' : `?${query}`;
  const response = await ask(path + suffix, signal === undefined ? {} : { signal });
  return response.json();
}

/** POST below /api/v1; undefined for an answer without a body. */
export async function postJson<T>(path: string, body?: unknown): Promise<T> {
  const response = await ask(path, {
    method: 'POST',
    headers: {
      'idempotency-key': crypto.randomUUID(),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return response.status === 204 ? (undefined as T) : response.json();
}
