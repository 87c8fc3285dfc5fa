import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';
import { expireSession } from './session.ts';

/** What the server refuses is not asked again; what did not reach it is, twice. */
function shouldRetry(failures: number, error: Error): boolean {
  const isAway = error instanceof ApiError && (error.status === 0 || error.status >= 500);
  return isAway && failures < 2;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiError && error.status === 401) expireSession();
      },
    }),
    defaultOptions: { queries: { retry: shouldRetry, staleTime: 2_000, networkMode: 'always' } },
  });
}
