import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';
import { checkSession, expireSession } from './session.ts';

/** What the server refuses is not asked again; what did not reach it is, twice. */
function shouldRetry(failures: number, error: Error): boolean {
  const isAway = error instanceof ApiError && (error.status === 0 || error.status >= 500);
  return isAway && failures < 2;
}

/** A refusal may mean that we may do less than we think: whoever is in is asked for anew. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (!(error instanceof ApiError)) return;
        if (error.status === 401) expireSession();
        if (error.status === 403) void checkSession();
      },
    }),
    defaultOptions: { queries: { retry: shouldRetry, staleTime: 2_000, networkMode: 'always' } },
  });
}
