import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { HttpInstance } from './routes.ts';

const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>Aftercare</title>
<p>The console is not built yet: run <code>npm run build</code>, then reload. The API is at <a href="/api/docs">/api/docs</a>.</p>
`;

/** Build output whose name holds a hash of its content never changes. */
const HASHED = /[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

/**
 * Serves the built single page from `dir` at every GET path that the API does not take. Files below `assets`
 * are cached for ever by their hashed names, the page itself never.
 */
export function serveConsole(app: HttpInstance, dir: string): void {
  const isBuilt = existsSync(join(dir, 'index.html'));
  if (isBuilt)
    void app.register(fastifyStatic, { root: dir, serve: false, cacheControl: false, preCompressed: true });
  app.get<{ Params: { '*': string } }>(
    '/*',
    { config: { permission: 'public' }, schema: { hide: true } },
    (request, reply) => {
      const path = request.params['*'];
      if (path === 'api' || path.startsWith('api/')) {
        reply.callNotFound();
        return reply;
      }
      if (!isBuilt) return reply.header('cache-control', 'no-store').type('text/html').send(NOT_BUILT);
      if (path.includes('.') && existsSync(join(dir, path)) && !path.includes('..')) {
        const cache =
          path.startsWith('assets/') && HASHED.test(path) ? 'max-age=31536000, immutable' : 'no-cache';
        return reply.header('cache-control', `public, ${cache}`).sendFile(path);
      }
      return reply.header('cache-control', 'no-cache').sendFile('index.html');
    },
  );
}
