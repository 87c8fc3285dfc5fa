import { createRequire } from 'node:module';
import { RPCClient } from 'ocpp-rpc';
import { reasonOf, SimulatorError } from '../errors.ts';
import { reasonOfViolation, violationIn } from './schemas.ts';

export type Payload = Readonly<Record<string, unknown>>;

/** What a station does with a CALL: the result, or a rejection that becomes a CALLERROR. */
export type AnswerCall = (action: string, payload: Payload) => Promise<Payload>;

export interface StationLinkOptions {
  /** The identity is appended to it. */
  readonly url: string;
  readonly stationId: string;
  readonly password: string | null;
  readonly pingIntervalMs: number;
  /** `both`: messages of both sides must follow the OCPP 1.6 schemas; `theirs`: only what the server sends. */
  readonly checks: 'both' | 'theirs';
  readonly answer: AnswerCall;
  readonly onViolation: (violation: Violation) => void;
}

/** A message that breaks the OCPP 1.6 schemas. */
export interface Violation {
  readonly action: string;
  readonly isOurs: boolean;
  readonly reason: string;
}

/** One connection of one station. It never reconnects. */
export interface StationLink {
  /** The CALLRESULT. SIMULATOR_CALL_REFUSED for a CALLERROR, SIMULATOR_CALL_TIMEOUT, SIMULATOR_DISCONNECTED. */
  call(action: string, payload: Payload): Promise<unknown>;
  leave(): Promise<void>;
  /** Destroys the socket without a goodbye. */
  cut(): void;
  readonly closed: Promise<void>;
}

/** Not among the names that an ES module can import from the library. */
const { NOREPLY } = createRequire(import.meta.url)('ocpp-rpc') as { readonly NOREPLY: unknown };
const PROTOCOL = 'ocpp1.6';
const CALL_TIMEOUT_MS = 60_000;
/** The library's words for it; it has no code. */
const TIMED_OUT = 'Call timeout';
const HANDSHAKE_TIMEOUT_MS = 10_000;
const REFUSED: ReadonlySet<unknown> = new Set([401, 403, 404]);

interface StrictFailure {
  readonly method: string;
  readonly error: Error;
  readonly outbound: boolean;
}

/** Connects by OCPP 1.6J. SIMULATOR_REFUSED when the server does not accept the identity. */
export async function connectStation(options: StationLinkOptions): Promise<StationLink> {
  const client = new RPCClient(clientOptions(options));
  const closed = new Promise<void>((resolve) => client.once('disconnect', () => resolve()));
  client.on('strictValidationFailure', ({ method, error, outbound }: StrictFailure) =>
    options.onViolation({ action: method, isOurs: outbound, reason: reasonOfViolation(error) }),
  );
  const check = (action: string, kind: 'req' | 'conf', message: unknown): void => {
    const reason = options.checks === 'theirs' ? violationIn(action, kind, message) : null;
    if (reason !== null) options.onViolation({ action, isOurs: false, reason });
  };
  client.handle(({ method = '', params = {}, signal }) => {
    check(method, 'req', params);
    return Promise.race([options.answer(method, params), silenceAfter(signal)]);
  });
  try {
    await client.connect();
  } catch (cause) {
    throw refusal(cause, options);
  }
  return {
    closed,
    async call(action, payload) {
      try {
        const result = await client.call(action, payload);
        check(action, 'conf', result);
        return result;
      } catch (cause) {
        throw callFailed(options.stationId, action, cause);
      }
    },
    async leave() {
      await client.close({ code: 1000, reason: 'station leaves', awaitPending: false, force: false });
    },
    cut() {
      void client.close({ code: 1001, reason: 'cut', awaitPending: false, force: true });
    },
  };
}

/** The connection can only be closed once every CALL has an answer or is to have none. */
function silenceAfter(signal: AbortSignal | undefined): Promise<Payload> {
  return new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve(NOREPLY as Payload), { once: true });
  });
}

function clientOptions(options: StationLinkOptions): ConstructorParameters<typeof RPCClient>[0] {
  const given = {
    endpoint: options.url,
    identity: options.stationId,
    password: options.password,
    protocols: [PROTOCOL],
    strictMode: options.checks === 'both' ? [PROTOCOL] : false,
    reconnect: false,
    callTimeoutMs: CALL_TIMEOUT_MS,
    pingIntervalMs: options.pingIntervalMs,
    wsOpts: { handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
  };
  return given as unknown as ConstructorParameters<typeof RPCClient>[0];
}

function callFailed(stationId: string, action: string, cause: unknown): SimulatorError {
  if (cause instanceof Error && 'rpcErrorCode' in cause) {
    const message = `${action} was answered with ${String(cause.rpcErrorCode)}: ${cause.message}`;
    return new SimulatorError('SIMULATOR_CALL_REFUSED', message, { cause });
  }
  if (cause instanceof Error && cause.message === TIMED_OUT) {
    const message = `${stationId} got no answer to ${action} within ${CALL_TIMEOUT_MS / 1_000} s`;
    return new SimulatorError('SIMULATOR_CALL_TIMEOUT', message, { cause });
  }
  return new SimulatorError('SIMULATOR_DISCONNECTED', `${stationId} lost its connection`, { cause });
}

function refusal(cause: unknown, { stationId, url }: StationLinkOptions): SimulatorError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (REFUSED.has(code)) {
    return new SimulatorError(
      'SIMULATOR_REFUSED',
      `the OCPP server at ${url} refuses ${stationId}: register the fleet by passing --api and --token`,
      { cause },
    );
  }
  return new SimulatorError(
    'SIMULATOR_OCPP_UNREACHABLE',
    `cannot reach the OCPP server at ${url} (${reasonOf(cause)}): check that it runs and that --ocpp is right`,
    { cause },
  );
}
