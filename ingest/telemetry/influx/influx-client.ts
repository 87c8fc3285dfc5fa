import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { HttpError } from '@influxdata/influxdb-client';
import { AftercareError } from '#platform/errors.ts';
import type { Logger } from '#platform/log.ts';
import { bucketMissing, queryRefused, storeAway, unauthorised, writeRefused } from './errors.ts';
import { createInfluxTransport, type InfluxRequest } from './influx-transport.ts';
import { name } from './influxql.ts';
import { type Refusal, readRefusal } from './refusal.ts';

export interface InfluxSettings {
  /** InfluxDB 1.8 to 3, or what speaks its write protocol. */
  readonly url: string;
  /** `user:password` for 1.x with authentication. */
  readonly token: string | undefined;
  readonly org: string;
  /** The database of 1.x, made there if it is missing and we may. */
  readonly bucket: string;
}

/** One series of an answer: a group of its tags. */
export interface InfluxSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (number | string | boolean | null)[])[];
}

/**
 * One server, which may be away at any time: which version it is, is found out at use. Rejects with an
 * AftercareError that says what to do, and logs each kind of trouble once.
 */
export interface InfluxClient extends AsyncDisposable {
  /** Sends lines with times in ms, one request at a time; gives why it refused any of them, else null. */
  write(lines: Uint8Array): Promise<Refusal | null>;
  /** Asks in InfluxQL; series come as they arrive. Nothing for a database that is not there yet. */
  query(statement: string): AsyncIterable<InfluxSeries>;
  /** Runs an InfluxQL command. */
  run(statement: string): Promise<void>;
}

type Use = 'read' | 'write';

interface Server {
  readonly writePath: string;
  readonly headers: Readonly<Record<string, string>>;
}

const PING_TIMEOUT_MS = 5_000;
const WRITE_TIMEOUT_MS = 30_000;
/** A rollup of many devices takes its time. */
const QUERY_TIMEOUT_MS = 300_000;
/** Small bodies are not worth packing. */
const PACKED_ABOVE_BYTES = 4_096;

const pack = promisify(gzip);

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** Line protocol, packed lightly where it crosses a network. */
async function bodyOf(lines: Uint8Array, url: string) {
  const plain = { 'content-type': 'text/plain; charset=utf-8' };
  if (isLoopback(url) || lines.length <= PACKED_ABOVE_BYTES) return { headers: plain, body: lines };
  const body = await pack(lines, { level: constants.Z_BEST_SPEED });
  return { headers: { ...plain, 'content-encoding': 'gzip' }, body };
}

/** 1.x words its errors as `error`, later ones as `message`, which the client reads. */
function messageOf({ json, message }: HttpError): string {
  const words: unknown = typeof json === 'object' ? json?.error : undefined;
  return typeof words === 'string' ? words : message;
}

function typed(error: unknown, { url, bucket }: InfluxSettings, use: Use): AftercareError {
  if (error instanceof AftercareError) return error;
  if (!(error instanceof HttpError)) return storeAway(url, error);
  const { statusCode: status } = error;
  const message = messageOf(error);
  if (status === 401 || status === 403) return unauthorised(url, { status, bucket });
  if (status === 404) return bucketMissing(url, { bucket, message });
  if (status >= 500 || status === 408 || status === 429) return storeAway(url, error);
  return use === 'read' ? queryRefused(url, message) : writeRefused(url, { status, message });
}

function seriesIn(line: string, url: string): readonly InfluxSeries[] {
  if (line.trim() === '') return [];
  const { results, error } = JSON.parse(line) as {
    results?: readonly { series?: readonly InfluxSeries[]; error?: string }[];
    error?: string;
  };
  const problem = error ?? results?.find((result) => result.error !== undefined)?.error;
  if (problem?.startsWith('database not found')) return [];
  if (problem !== undefined) throw queryRefused(url, problem);
  return results?.flatMap((result) => result.series ?? []) ?? [];
}

export function createInfluxClient({ log }: { log: Logger }, settings: InfluxSettings): InfluxClient {
  const { url, token, org, bucket } = settings;
  const transport = createInfluxTransport(url, token);
  let server: Server | null = null;
  let trouble: string | null = null;
  let sending: Promise<unknown> = Promise.resolve();

  /** Commands that change something want POST. */
  function statementRequest(statement: string, { headers }: Pick<Server, 'headers'>): InfluxRequest {
    const parameters = new URLSearchParams({ db: bucket, epoch: 'ms', chunked: 'true', q: statement });
    return {
      path: `/query?${parameters}`,
      method: /^(select|show) /.test(statement) ? 'GET' : 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      timeoutMs: QUERY_TIMEOUT_MS,
    };
  }

  /** 1.x knows no tokens before 1.8 and makes a database on demand; all others write by the way of 2. */
  async function findServer(): Promise<Server> {
    const head = await transport.send({ path: '/ping', method: 'GET', timeoutMs: PING_TIMEOUT_MS });
    const bucketName = encodeURIComponent(bucket);
    if (!/^v?1\./.test(String(head['x-influxdb-version'] ?? ''))) {
      const path = `/api/v2/write?org=${encodeURIComponent(org)}&bucket=${bucketName}&precision=ms`;
      return { writePath: path, headers: {} };
    }
    const isUser = token?.includes(':') === true;
    const headers: Record<string, string> = isUser
      ? { authorization: `Basic ${Buffer.from(token).toString('base64')}` }
      : {};
    try {
      await transport.send(statementRequest(`create database ${name(bucket)}`, { headers }));
    } catch (error) {
      const mayNot = error instanceof HttpError && error.statusCode === 403;
      if (!mayNot) throw error;
    }
    return { writePath: `/write?db=${bucketName}&precision=ms`, headers };
  }

  async function ready(): Promise<Server> {
    server ??= await findServer();
    return server;
  }

  /** Whatever fails but a single query, the server is looked at again before the next use. */
  function failed(error: unknown, use: Use): AftercareError {
    const problem = typed(error, settings, use);
    if (problem.code === 'TELEMETRY_QUERY_REFUSED') return problem;
    server = null;
    if (trouble !== problem.code) log.error({ code: problem.code }, problem.message);
    trouble = problem.code;
    return problem;
  }

  function succeeded(): void {
    if (trouble !== null) log.info('InfluxDB takes and answers again');
    trouble = null;
  }

  async function writeNow(lines: Uint8Array): Promise<Refusal | null> {
    const known = await ready();
    const { headers, body } = await bodyOf(lines, url);
    const target = { path: known.writePath, method: 'POST', timeoutMs: WRITE_TIMEOUT_MS } as const;
    try {
      await transport.send({ ...target, headers: { ...headers, ...known.headers } }, body);
      return null;
    } catch (error) {
      const refusal = error instanceof HttpError ? readRefusal(error.statusCode, messageOf(error)) : null;
      if (refusal === null) throw error;
      return refusal;
    }
  }

  async function* query(statement: string): AsyncIterable<InfluxSeries> {
    try {
      const request = statementRequest(statement, await ready());
      for await (const line of transport.lines(request)) yield* seriesIn(line, url);
      succeeded();
    } catch (error) {
      throw failed(error, 'read');
    }
  }

  return {
    async write(lines) {
      const written = sending.then(() => writeNow(lines));
      sending = written.catch(() => undefined);
      try {
        const refusal = await written;
        succeeded();
        return refusal;
      } catch (error) {
        throw failed(error, 'write');
      }
    },
    query,
    async run(statement) {
      for await (const _ of query(statement));
    },
    async [Symbol.asyncDispose]() {
      await sending;
      transport[Symbol.dispose]();
    },
  };
}
