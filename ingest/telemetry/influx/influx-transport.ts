import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { InfluxDB } from '@influxdata/influxdb-client';

export interface InfluxRequest {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  readonly timeoutMs: number;
}

/** HTTP by the official client, over connections that are kept. Rejects with its HttpError for a status above 299. */
export interface InfluxTransport extends Disposable {
  /** Resolves with the headers of the answer once its body was read. */
  send(request: InfluxRequest, body?: Uint8Array): Promise<Readonly<Record<string, unknown>>>;
  /** Lines of the answer as they arrive. */
  lines(request: InfluxRequest): AsyncIterable<string>;
}

/** Silence on a connection for this long ends it, whatever the request allows. */
const IDLE_MS = 360_000;

export function createInfluxTransport(url: string, token: string | undefined): InfluxTransport {
  const agent = new (url.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const { transport } = new InfluxDB({
    url,
    ...(token !== undefined && { token }),
    timeout: IDLE_MS,
    transportOptions: { agent },
  });
  return {
    send({ path, timeoutMs, ...options }, body) {
      // It declares text, but makes a Buffer of whatever it is given: bytes are copied as they are.
      const given = (body ?? '') as string;
      const signal = AbortSignal.timeout(timeoutMs);
      return new Promise((resolve, reject) => {
        let head: Readonly<Record<string, unknown>> = {};
        transport.send(
          path,
          given,
          { ...options, signal },
          {
            responseStarted: (headers) => {
              head = headers;
            },
            complete: () => resolve(head),
            error: reject,
          },
        );
      });
    },
    async *lines({ path, timeoutMs, ...options }) {
      const signal = AbortSignal.timeout(timeoutMs);
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of transport.iterate(path, '', { ...options, signal })) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
      yield rest;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
