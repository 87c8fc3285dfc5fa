import { createContext, useContext } from 'react';
import type { Permission } from '#contracts/permissions.ts';
import { type Me, may } from '../api/session.ts';

const NOBODY: Me = {
  id: '',
  username: '',
  displayName: '',
  roles: [],
  technicianId: null,
  permissions: [],
};

export const MeContext = createContext<Me>(NOBODY);

/** Who is signed in, and what they may do. */
export function useMe() {
  const me = useContext(MeContext);
  return { me, may: (permission: Permission) => may(me, permission) };
}
