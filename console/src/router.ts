import { useSyncExternalStore } from 'react';

/** Where one is: a list, or a unit; `detail` is the record that lies open over it. */
export interface Place {
  readonly page: 'home' | 'unit' | 'unknown';
  readonly tab: Tab;
  readonly deviceId: string;
  readonly detail: Detail | null;
}

export const TABS = ['units', 'alarms', 'tickets', 'work-orders'] as const;
export type Tab = (typeof TABS)[number];

export interface Detail {
  readonly kind: 'ticket' | 'order';
  readonly id: string;
}

const RECORD_ID = /^[0-9a-f-]{36}$/;

function detailOf(search: URLSearchParams): Detail | null {
  for (const kind of ['ticket', 'order'] as const) {
    const id = search.get(kind);
    if (id !== null && RECORD_ID.test(id)) return { kind, id };
  }
  return null;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The place that an address names; an address of ours that names nothing is `unknown`. */
export function placeOf(path: string, search: string): Place {
  const detail = detailOf(new URLSearchParams(search));
  const at = (page: Place['page'], tab: Tab = 'units', deviceId = ''): Place => ({
    page,
    tab,
    deviceId,
    detail,
  });
  if (path === '/') return at('home');
  const [, first = '', second = '', ...more] = path.split('/');
  if (more.length > 0) return at('unknown');
  const tab = TABS.find((name) => name === first);
  if (tab === undefined) return at('unknown');
  if (second === '') return at('home', tab);
  const deviceId = tab === 'units' ? decoded(second) : null;
  return deviceId === null ? at('unknown') : at('unit', 'units', deviceId);
}

export function tabPath(tab: Tab): string {
  return tab === 'units' ? '/' : `/${tab}`;
}

export function unitPath(deviceId: string): string {
  return `/units/${encodeURIComponent(deviceId)}`;
}

/** The address of a record that opens over the page one is on; null closes it. */
export function detailPath(path: string, detail: Detail | null): string {
  return detail === null ? path : `${path}?${detail.kind}=${detail.id}`;
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

export function navigate(address: string): void {
  window.history.pushState(null, '', address);
  for (const listener of listeners) listener();
}

/** As `navigate`, but the way back does not lead to the address that is left. */
export function redirect(address: string): void {
  window.history.replaceState(null, '', address);
  for (const listener of listeners) listener();
}

export function openDetail(detail: Detail | null): void {
  navigate(detailPath(window.location.pathname, detail));
}

export function usePlace(): Place {
  const address = useSyncExternalStore(
    subscribe,
    () => `${window.location.pathname}${window.location.search}`,
  );
  const url = new URL(address, window.location.origin);
  return placeOf(url.pathname, url.search);
}
