import type { Permission } from '#contracts/permissions.ts';
import { TABS, type Tab } from '../router.ts';
import { useMe } from './me.ts';

/** What each list reads; who may not read it is not shown that it exists. */
const READS: Readonly<Record<Tab, Permission>> = {
  units: 'devices:read',
  alarms: 'alarms:read',
  tickets: 'tickets:read',
  'work-orders': 'work_orders:read',
};

/** The lists of whoever is signed in; their first one is where the console opens. */
export function useTabs(): readonly Tab[] {
  const { may } = useMe();
  return TABS.filter((tab) => may(READS[tab]));
}
