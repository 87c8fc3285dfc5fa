import type { Server } from 'node:net';
import { AftercareError } from '#platform/errors.ts';

interface Place {
  readonly host: string;
  readonly port: number;
  /** The setting that an operator changes when the port is taken. */
  readonly setting: string;
}

/** The port that the server listens on, which for port 0 the system chose. A taken one is GATEWAY_PORT_TAKEN. */
export function listen(server: Server, { host, port, setting }: Place): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(
        new AftercareError(
          'GATEWAY_PORT_TAKEN',
          `port ${port} on ${host} is taken by another program: stop it, or set ${setting} to another port`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
