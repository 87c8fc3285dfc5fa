import { useSyncExternalStore } from 'react';
import type { Permission, Role } from '#contracts/permissions.ts';
import { ApiError, getJson, postJson } from './client.ts';

/** GET /api/v1/auth/me. */
export interface Me {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly technicianId: string | null;
  readonly permissions: readonly string[];
}

export type Session =
  | { readonly state: 'checking' }
  | { readonly state: 'away' }
  | { readonly state: 'out'; readonly expired: boolean }
  | { readonly state: 'in'; readonly me: Me };

/** The cookie cannot be read by scripts; this only remembers that there may be one, so that we need not ask. */
const HINT = 'aftercare.signed-in';

let session: Session =
  localStorage.getItem(HINT) === null ? { state: 'out', expired: false } : { state: 'checking' };
const listeners = new Set<() => void>();

function become(next: Session): void {
  session = next;
  if (next.state === 'in') localStorage.setItem(HINT, '1');
  if (next.state === 'out') localStorage.removeItem(HINT);
  for (const listener of listeners) listener();
}

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}

/**
 * Asks whose session the browser holds. A server that does not answer leaves it `away`, or whoever is in where
 * they are.
 */
export async function checkSession(): Promise<void> {
  try {
    become({ state: 'in', me: await getJson<Me>('/auth/me') });
  } catch (error) {
    const isRefused = error instanceof ApiError && error.status === 401;
    if (isRefused) become({ state: 'out', expired: true });
    else if (session.state !== 'in') become({ state: 'away' });
  }
}

export async function signIn(username: string, password: string): Promise<void> {
  const { user } = await postJson<{ user: Me }>('/auth/login', { username, password, cookie: true });
  become({ state: 'in', me: user });
}

export async function signOut(): Promise<void> {
  await postJson('/auth/logout').catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  });
  become({ state: 'out', expired: false });
}

/** The server no longer knows us: back to sign-in, which leads back to where one was. */
export function expireSession(): void {
  if (session.state === 'in') become({ state: 'out', expired: true });
}

export function may(me: Me, permission: Permission): boolean {
  return me.permissions.includes(permission);
}
