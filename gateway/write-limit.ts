import type { Socket } from 'node:net';

/** What waits to be read by one device; ordinary traffic stays below the socket's own buffer. */
const MAX_UNREAD_BYTES = 1_048_576;

/** Ends the connection of who does not read what it is sent, before it costs more memory. */
export function limitWrites(socket: Socket, onExceeded: () => void): void {
  const write = socket.write.bind(socket) as Socket['write'];
  socket.write = ((...written: Parameters<Socket['write']>) => {
    if (socket.writableLength <= MAX_UNREAD_BYTES) return write(...written);
    if (!socket.destroyed) {
      const code = 'GATEWAY_SLOW_CONSUMER';
      const error = Object.assign(new Error(code), { code });
      onExceeded();
      socket.destroy(error);
    }
    return false;
  }) as Socket['write'];
}
