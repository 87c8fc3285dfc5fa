import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { checkSession } from '../api/session.ts';
import { EVENT_RESOURCES, type Resource } from './event-queries.ts';
import { createGather } from './gather.ts';

export type LiveState = 'live' | 'reconnecting';

const EVERY_MS = 500;
const RETRY_MS = 3_000;

/**
 * Follows the server's events while it is used and refetches what they touch. The browser resumes a broken
 * stream itself; one that the server refuses is opened again here, after asking whether we are still signed in.
 */
export function useLive(): LiveState {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('reconnecting');

  useEffect(() => {
    let source: EventSource | undefined;
    let retry: number | undefined;
    let isOver = false;
    const refetch = createGather<Resource>(
      (resources) => {
        for (const resource of resources) void queries.invalidateQueries({ queryKey: [resource] });
      },
      { everyMs: EVERY_MS, schedule: (act, ms) => window.setTimeout(act, ms) },
    );
    let wasOpen = false;
    const open = () => {
      if (isOver) return;
      source = new EventSource('/api/v1/events');
      source.onopen = () => {
        setState('live');
        if (wasOpen) void queries.invalidateQueries();
        wasOpen = true;
      };
      source.onerror = () => {
        setState('reconnecting');
        if (source?.readyState !== EventSource.CLOSED) return;
        retry = window.setTimeout(() => void checkSession().then(open), RETRY_MS);
      };
      for (const [type, resources] of Object.entries(EVENT_RESOURCES)) {
        source.addEventListener(type, () => refetch(resources));
      }
    };
    open();
    return () => {
      isOver = true;
      source?.close();
      window.clearTimeout(retry);
    };
  }, [queries]);

  return state;
}
