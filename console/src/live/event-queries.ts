import type { EventType } from '#contracts/events.ts';

/** The first part of every query key: which of the server's resources it reads. */
export type Resource =
  | 'devices'
  | 'units'
  | 'latest'
  | 'telemetry'
  | 'alarms'
  | 'tickets'
  | 'work-orders'
  | 'maintenance-plans'
  | 'commands'
  | 'connectors'
  | 'charging-sessions'
  | 'technicians'
  | 'sites';

/** What each event may have changed in what we show. */
export const EVENT_RESOURCES = {
  'device.registered': ['devices', 'units', 'maintenance-plans'],
  'device.changed': ['devices', 'units'],
  'alarm.raised': ['alarms'],
  'alarm.returned': ['alarms', 'tickets'],
  'alarm.acknowledged': ['alarms'],
  'rule.changed': [],
  'command.changed': ['commands', 'tickets'],
  'service_request.received': ['tickets'],
  'ticket.opened': ['tickets', 'alarms'],
  'ticket.changed': ['tickets'],
  'work_order.opened': ['work-orders', 'tickets', 'maintenance-plans'],
  'work_order.changed': ['work-orders', 'tickets'],
  'work_order.declined': ['work-orders'],
  'dispatch.unanswered': ['work-orders'],
  'sla.breached': ['tickets', 'work-orders'],
  'maintenance.due': ['maintenance-plans', 'work-orders'],
} as const satisfies Record<EventType, readonly Resource[]>;
