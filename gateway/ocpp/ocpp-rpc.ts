import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { createRPCError, createValidator, RPCServer } from 'ocpp-rpc';
import { CallError, type CallErrorCode } from './call-error.ts';
import { adjusted } from './call-schemas.ts';

/** Who is at the door. The password is what the library found after `identity:`, as bytes. */
export interface Handshake {
  readonly identity: string;
  readonly password: Buffer | undefined;
  readonly protocols: ReadonlySet<string>;
  readonly remoteAddress: string | undefined;
}

/** How a handshake ends: an HTTP status, or a visitor that `onSocket` gets; without a protocol it may only leave. */
export type Admission<V> =
  | { readonly status: number; readonly reason: string }
  | { readonly visitor: V; readonly hasProtocol: boolean };

export interface InboundCall {
  readonly messageId: string;
  readonly action: string;
  readonly payload: unknown;
  /** The frame as it came. */
  readonly text: string;
}

/** What a socket tells. After `onClosed` nothing more. */
export interface SocketListener {
  /** First of all: from now on the station may be called. */
  onOpened(): void;
  /** Resolves to the CALLRESULT's payload; a CallError is told to the station as it is. */
  onCall(call: InboundCall): Promise<unknown>;
  /** Any frame, ping or pong. */
  onHeard(): void;
  /** A frame that is no call and no answer that we wait for. It is not answered, unless its id can be read. */
  onStray(kind: 'malformed' | 'message_type' | 'answer', text: string): void;
  /** The frame was over the cap: the socket is being closed with 1009. */
  onTooLarge(): void;
  /** What came is no WebSocket: the socket is being closed. */
  onProtocolError(): void;
  onClosed(): void;
}

/** What a station said to a call of ours; `none`: nothing in time, or it went away; `gone`: it was never sent. */
export type StationAnswer =
  | { readonly kind: 'result'; readonly payload: Readonly<Record<string, unknown>> }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'none' }
  | { readonly kind: 'gone' };

/** One WebSocket of a station. */
export interface StationSocket {
  call(action: string, payload: object, timeoutMs: number): Promise<StationAnswer>;
  ping(): void;
  pause(): void;
  resume(): void;
  /** Says goodbye; what the station still sends is not heard. */
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface RpcServer {
  /** Never rejects: who cannot be let in is told why, or cut off. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
}

export const OCPP_16 = 'ocpp1.6';
/** Who does not say goodbye back is cut off. */
const GOODBYE_MS = 5_000;
const TOO_LARGE: ReadonlySet<string> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
]);

interface Hooks<V> {
  admit(handshake: Handshake): Admission<V>;
  onSocket(socket: StationSocket, visitor: V): SocketListener;
  onError(error: unknown): void;
}

/** What we use of the library that its typings leave out. A new version is checked against this list. */
interface Peer extends EventEmitter {
  readonly session: { readonly visitor?: unknown; readonly hasProtocol?: boolean };
  readonly _ws: WebSocketLike;
  handle(handler: (call: { messageId: string; method: string; params: unknown }) => Promise<unknown>): void;
  call(method: string, params: object, options: { callTimeoutMs: number }): Promise<unknown>;
  sendRaw(text: string): void;
}

interface WebSocketLike extends EventEmitter {
  send(text: string, done: () => void): void;
  ping(data: undefined, mask: undefined, done: () => void): void;
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

interface BadMessage {
  readonly buffer: Buffer;
  readonly error: { readonly rpcErrorCode?: string };
  /** The CALLERROR that is about to be sent. */
  readonly response: [number, string, string, string, object] | null;
}

/**
 * The one place that knows ocpp-rpc. It brings framing, message ids and Basic auth with binary passwords; the rest is
 * left out or put right here: its pings (a timer a connection), its strict mode (answers before our queue and
 * repeats the whole payload in the error), answers to what has no readable id.
 */
export function createRpcServer<V>(hooks: Hooks<V>, config: { readonly maxPayloadBytes: number }): RpcServer {
  const wssOptions = { maxPayload: config.maxPayloadBytes, closeTimeout: GOODBYE_MS };
  const server = new RPCServer({
    protocols: [OCPP_16],
    pingIntervalMs: 0,
    wssOptions,
  });
  server.auth((accept, reject, handshake) => {
    const admission = hooks.admit(handshake);
    if ('status' in admission) reject(admission.status, admission.reason);
    else accept({ ...admission }, admission.hasProtocol ? OCPP_16 : false);
  });
  server.on('error', hooks.onError);
  server.on('client', (client) => {
    const peer = client as unknown as Peer;
    const { visitor, hasProtocol } = peer.session;
    if (hasProtocol === true) attach(peer, hooks, visitor as V);
    else dismiss(peer);
  });
  return {
    upgrade: (request, socket, head) => {
      server.handleUpgrade(request, socket, head).catch((error: unknown) => {
        hooks.onError(error);
        socket.destroy();
      });
    },
  };
}

/** J-spec 3.1.2: the handshake is completed without the header, then the connection is closed at once. */
function dismiss(peer: Peer): void {
  peer.sendRaw = () => undefined;
  peer._ws.close(1002, `speak ${OCPP_16}`);
}

function attach<V>(peer: Peer, hooks: Hooks<V>, visitor: V): void {
  const ws = peer._ws;
  const frame = { text: '', isUnanswerable: false };
  const state = { isOpen: true };
  const listener = hooks.onSocket(createStationSocket(peer, state), visitor);
  peer.sendRaw = (text) => {
    const isMuted = frame.isUnanswerable || isRepeatedId(text);
    frame.isUnanswerable = false;
    if (!isMuted) ws.send(text, () => undefined);
  };
  peer.on('message', ({ message }: { message: string }) => {
    frame.text = message;
    listener.onHeard();
  });
  peer.on('badMessage', (bad: BadMessage) => {
    frame.isUnanswerable = bad.response !== null && !isAnswerable(bad.response, bad);
    if (state.isOpen) listener.onStray(strayKind(bad), bad.buffer.toString('utf8'));
  });
  peer.on('socketError', (error: Error & { code?: string }) => {
    if (error.code === undefined || !error.code.startsWith('WS_ERR_')) return;
    if (TOO_LARGE.has(error.code)) listener.onTooLarge();
    else listener.onProtocolError();
  });
  ws.on('ping', listener.onHeard);
  ws.on('pong', listener.onHeard);
  ws.once('close', () => {
    state.isOpen = false;
    listener.onClosed();
  });
  peer.handle(async ({ messageId, method, params }) => {
    if (!state.isOpen) throw rpcError('InternalError', 'this connection is closing');
    try {
      return await listener.onCall({ messageId, action: method, payload: params ?? {}, text: frame.text });
    } catch (error) {
      if (error instanceof CallError) throw rpcError(error.code, error.message);
      throw rpcError('InternalError', 'not processed: try again');
    }
  });
  listener.onOpened();
}

function createStationSocket(peer: Peer, state: { isOpen: boolean }): StationSocket {
  const ws = peer._ws;
  return {
    call: async (action, payload, timeoutMs) => {
      if (!state.isOpen) return { kind: 'gone' };
      try {
        const result = await peer.call(action, payload, { callTimeoutMs: timeoutMs });
        return answerOf(action, result);
      } catch (error) {
        const { rpcErrorCode } = error as { rpcErrorCode?: string };
        return rpcErrorCode === undefined ? { kind: 'none' } : { kind: 'error', code: rpcErrorCode };
      }
    },
    ping: () => ws.ping(undefined, undefined, () => undefined),
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    close: (code, reason) => {
      state.isOpen = false;
      ws.resume();
      ws.close(code, reason);
    },
    terminate: () => ws.terminate(),
  };
}

function answerOf(action: string, result: unknown): StationAnswer {
  try {
    requireValid(action, 'conf', result);
    return { kind: 'result', payload: result as Readonly<Record<string, unknown>> };
  } catch {
    return { kind: 'invalid' };
  }
}

function rpcError(code: CallErrorCode, description: string): Error {
  return createRPCError(code, description, {}) as Error;
}

/** The library refuses a call whose id it has in hand; the answer to the first is the answer to both. */
function isRepeatedId(text: string): boolean {
  return text.startsWith('[4,') && (JSON.parse(text) as unknown[])[2] === 'RpcFrameworkError';
}

/** An unknown message type is ignored (J-spec 4.1.3), and without an id there is nobody to answer. */
function isAnswerable(response: NonNullable<BadMessage['response']>, { error }: BadMessage): boolean {
  if (response[1] === '-1') return false;
  if (error.rpcErrorCode === 'MessageTypeNotSupported') return false;
  response[2] = 'FormationViolation';
  return true;
}

function strayKind({ error, response }: BadMessage): 'malformed' | 'message_type' | 'answer' {
  if (response === null) return 'answer';
  return error.rpcErrorCode === 'MessageTypeNotSupported' ? 'message_type' : 'malformed';
}

const shipped = createRequire(import.meta.url)('ocpp-rpc/lib/schemas/ocpp1_6.json') as Parameters<
  typeof adjusted
>[0][];
const validator = createValidator(OCPP_16, shipped.map(adjusted));

const CODES: Readonly<Record<string, CallErrorCode>> = {
  TypeConstraintViolation: 'TypeConstraintViolation',
  PropertyConstraintViolation: 'PropertyConstraintViolation',
  OccurenceConstraintViolation: 'OccurenceConstraintViolation',
};

interface Invalid {
  readonly rpcErrorCode?: string;
  readonly message: string;
  readonly details?: { readonly errors?: readonly Flaw[] };
}

interface Flaw {
  readonly instancePath: string;
  readonly params: { readonly missingProperty?: string; readonly additionalProperty?: string };
}

/** CallError, with the field, unless the payload is one of the action. */
export function requireValid(action: string, part: 'req' | 'conf', payload: unknown): void {
  try {
    void validator.validate(`urn:${action}.${part}`, payload);
  } catch (error) {
    const { rpcErrorCode = '', message, details } = error as Invalid;
    throw new CallError(CODES[rpcErrorCode] ?? 'FormationViolation', message, fieldOf(details?.errors?.[0]));
  }
}

/** `meterValue.0.timestamp`; what is missing or not of the action is named itself. */
function fieldOf(flaw: Flaw | undefined): string {
  if (flaw === undefined) return '';
  const { missingProperty, additionalProperty } = flaw.params;
  const own = missingProperty ?? additionalProperty ?? [];
  return [...flaw.instancePath.split('/').slice(1), own].flat().join('.');
}
