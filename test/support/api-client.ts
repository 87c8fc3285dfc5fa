/** What an answer holds; tests read what they expect to be there. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the body
type Body = any;

export interface Answer {
  readonly status: number;
  readonly body: Body;
}

/** Somebody's calls of the HTTP API, over its socket; paths are below /api/v1. */
export interface ApiClient {
  /** The body of a 200. */
  get(path: string): Promise<Body>;
  /** The body of a 2xx. */
  post(path: string, body?: object): Promise<Body>;
  /** Any answer, refusals too. */
  call(method: string, path: string, body?: object): Promise<Answer>;
  readonly token: string;
}

export function createApiClient(httpUrl: string, token: string): ApiClient {
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${httpUrl}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  const expectOk = async (method: string, path: string, body?: object): Promise<Body> => {
    const answer = await call(method, path, body);
    if (answer.status >= 300) {
      throw new RangeError(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  };
  return {
    token,
    call,
    get: (path) => expectOk('GET', path),
    post: (path, body) => expectOk('POST', path, body),
  };
}

/** Signs in by name and password, as a person does. */
export async function signIn(httpUrl: string, username: string, password: string): Promise<ApiClient> {
  const { token } = await createApiClient(httpUrl, '').post('/auth/login', { username, password });
  return createApiClient(httpUrl, token);
}
