/** States of the service process. Which may follow which stands in each noun's state machine. */
export const SERVICE_REQUEST_STATUSES = ['draft', 'received', 'confirmed', 'answered'] as const;
export type ServiceRequestStatus = (typeof SERVICE_REQUEST_STATUSES)[number];

export const TICKET_STATUSES = [
  'open',
  'assessed',
  'in_progress',
  'resolved',
  'verifying',
  'closed',
  'merged',
  'cancelled',
] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

export const RESOLUTIONS = ['answered', 'remote', 'onsite', 'maintenance', 'self_cleared'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const WORK_ORDER_STATUSES = [
  'planned',
  'dispatched',
  'accepted',
  'contacted',
  'appointed',
  'en_route',
  'on_site',
  'diagnosed',
  'waiting_consent',
  'waiting_parts',
  'repairing',
  'tested',
  'signed',
  'submitted',
  'reviewed',
  'archived',
  'cancelled',
] as const;
export type WorkOrderStatus = (typeof WORK_ORDER_STATUSES)[number];

export const VERIFICATIONS = ['none', 'pending', 'verified', 'recurred'] as const;
export type Verification = (typeof VERIFICATIONS)[number];

export const WORK_ORDER_KINDS = ['repair', 'maintenance', 'installation', 'inspection'] as const;
export type WorkOrderKind = (typeof WORK_ORDER_KINDS)[number];

/** Where a ticket came from: a machine, or one of the six human channels (requirement A1). */
export const SOURCES = ['device', 'phone', 'web', 'email', 'chat', 'onsite', 'named_contact'] as const;
export type Source = (typeof SOURCES)[number];

/** The promises that run as clocks (requirements K). */
export const SLA_CLOCKS = ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11'] as const;
export type SlaClockKind = (typeof SLA_CLOCKS)[number];
