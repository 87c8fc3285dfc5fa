import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { checkSession } from '../api/session.ts';
import { EVENT_RESOURCES, type Resource } from './event-queries.ts';
import { createGather } from './gather.ts';

export type LiveState = 'live' | 'reconnecting';

const EVERY_MS = 500;
const RETRY_MS = 3_000;
/** How often those whom no event reaches ask for what they see. */
const POLL_MS = 10_000;

/**
 * Keeps what is seen up to date while it is used: by the server's events, or for those who may not follow them by
 * asking again and again; then there is no state to tell of.
 */
export function useLive(mayFollow: boolean): LiveState | null {
  const state = useEvents(mayFollow);
  usePolling(!mayFollow);
  return mayFollow ? state : null;
}

function usePolling(isOn: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!isOn) return;
    const timer = window.setInterval(() => {
      if (document.visibilityState === 'visible') void queries.invalidateQueries();
    }, POLL_MS);
    return () => window.clearInterval(timer);
  }, [queries, isOn]);
}

/**
 * Refetches what the server's events touch. The browser resumes a broken stream itself; one that the server refuses
 * is opened again here, after asking whether we are still signed in.
 */
function useEvents(isOn: boolean): LiveState {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('reconnecting');

  useEffect(() => {
    if (!isOn) return;
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
  }, [queries, isOn]);

  return state;
}
