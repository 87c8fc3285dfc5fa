import type { CentreMembership } from '#contracts/centres.ts';
import { mayDo, PARTNER_PERMISSIONS, type Permission, type Role } from '#contracts/permissions.ts';
import { AftercareError } from '../errors.ts';

/**
 * Who acts. `technicianId` is set for a user who is a technician, `centre` for one who works at a service centre;
 * `system` names the part of us that acts.
 */
export type Actor =
  | {
      readonly type: 'user';
      readonly userId: string;
      readonly username: string;
      readonly roles: readonly Role[];
      readonly technicianId: string | null;
      readonly centre?: CentreMembership | null;
    }
  | { readonly type: 'system'; readonly name: string };

/** Whoever calls a public route without credentials: holds no permission at all. */
export const ANONYMOUS: Actor = { type: 'system', name: 'anonymous' };

/** The outsourced centre whose work alone the actor may see; null for our own people. */
export function partnerCentreId(actor: Actor): string | null {
  return actor.type === 'user' && actor.centre?.kind === 'outsourced' ? actor.centre.id : null;
}

/** The system holds every permission, nobody in particular (anonymous) none; partners hold few. */
export function holdsPermission(actor: Actor, permission: Permission): boolean {
  if (actor.type === 'system') return actor.name !== 'anonymous';
  if (partnerCentreId(actor) !== null && !PARTNER_PERMISSIONS.has(permission)) return false;
  return mayDo(actor.roles, permission);
}

/** 403 unless the actor holds the permission. */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (holdsPermission(actor, permission)) return;
  throw new AftercareError('AUTH_FORBIDDEN', `this needs the permission ${permission}`, {
    kind: 'forbidden',
  });
}

/** The id an audit row carries: a user's id, or `system:name`. */
export function actorId(actor: Actor): string {
  return actor.type === 'user' ? actor.userId : `system:${actor.name}`;
}
