import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RpcServer } from './ocpp-rpc.ts';
import type { Counters, RefusalReason } from './refusals.ts';

const STATION_PATH = /^\/ocpp\/([^/?#\\]+)(?:\?.*)?$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Lets only a path that names a station reach the library, which would fall over some others. */
export function upgradeStation(
  { rpc, counters }: { readonly rpc: RpcServer; readonly counters: Counters },
  { request, socket, head }: Upgrade,
): void {
  socket.on('error', () => socket.destroy());
  const refuse = (status: string, reason: RefusalReason) => {
    counters.refused(reason);
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };
  const [, stationId] = STATION_PATH.exec(request.url ?? '') ?? [];
  if (stationId === undefined) refuse('404 Not Found', 'unknown_path');
  else if (!isPercentEncoded(stationId)) refuse('400 Bad Request', 'malformed_path');
  else if (!isOfWebSocket(request.headers)) refuse('400 Bad Request', 'malformed_handshake');
  else rpc.upgrade(request, socket, head);
}

function isOfWebSocket(headers: IncomingMessage['headers']): boolean {
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  const isList = offered.every((name) => TOKEN.test(name)) && new Set(offered).size === offered.length;
  return isList && headers.upgrade?.toLowerCase() === 'websocket';
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
