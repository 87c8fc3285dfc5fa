/** Roles a person can hold (requirement O1); `gm` is the general manager. */
export const ROLES = ['admin', 'agent', 'dispatcher', 'technician', 'manager', 'gm'] as const;
export type Role = (typeof ROLES)[number];

/**
 * Who may do what: permission → roles. A route names one permission; `admin` holds all. A technician's reach is
 * narrowed further to their own work orders by the routes themselves.
 */
export const PERMISSIONS = {
  'alarms:read': ['agent', 'dispatcher', 'technician', 'manager'],
  'alarms:acknowledge': ['agent', 'dispatcher', 'manager'],
  'audit:read': ['manager', 'gm'],
  'centres:read': ['agent', 'dispatcher', 'manager', 'gm'],
  'centres:write': ['manager'],
  'certificates:sign': ['gm'],
  'commands:read': ['agent', 'dispatcher', 'technician', 'manager'],
  'commands:send': ['dispatcher', 'manager'],
  'customers:read': ['agent', 'dispatcher', 'manager'],
  'customers:write': ['agent', 'manager'],
  'dead_letters:read': ['manager'],
  'devices:read': ['agent', 'dispatcher', 'technician', 'manager'],
  'devices:write': [],
  'events:read': ['agent', 'dispatcher', 'technician', 'manager'],
  'ledger:read': ['manager'],
  'maintenance:read': ['agent', 'dispatcher', 'manager'],
  'maintenance:write': ['dispatcher', 'manager'],
  'people:read': ['dispatcher', 'manager', 'gm'],
  'people:write': ['manager'],
  'requests:read': ['agent', 'dispatcher', 'manager'],
  'requests:write': ['agent', 'dispatcher', 'manager'],
  'rules:read': ['agent', 'dispatcher', 'manager'],
  'rules:write': ['manager'],
  'telemetry:read': ['agent', 'dispatcher', 'technician', 'manager'],
  'tickets:read': ['agent', 'dispatcher', 'technician', 'manager'],
  'tickets:write': ['agent', 'dispatcher', 'manager'],
  'users:write': [],
  'work_orders:dispatch': ['dispatcher', 'manager'],
  'work_orders:perform': ['technician', 'dispatcher', 'manager'],
  'work_orders:read': ['agent', 'dispatcher', 'technician', 'manager'],
  'work_orders:review': ['agent', 'manager'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

/**
 * What people of an outsourced centre can do at most, whatever their roles: the work that their centre was given.
 * Whatever is not named here shows more than that (requirements D8, R1).
 */
export const PARTNER_PERMISSIONS: ReadonlySet<Permission> = new Set([
  'centres:read',
  'people:read',
  'work_orders:dispatch',
  'work_orders:perform',
  'work_orders:read',
]);

/** Whether any of these roles holds the permission. */
export function mayDo(roles: readonly Role[], permission: Permission): boolean {
  const holders: readonly Role[] = PERMISSIONS[permission];
  return roles.some((role) => role === 'admin' || holders.includes(role));
}
