import type { AlarmAction, Reason, Severity } from './alarms.ts';
import type { CommandStatus } from './commands.ts';
import type { Priority } from './priority.ts';
import type { Source, TicketStatus, WorkOrderKind, WorkOrderStatus } from './statuses.ts';

/**
 * Facts that features tell each other through the outbox: written in the transaction of the change they tell of,
 * delivered at least once. Times are epoch ms.
 */
export interface EventMap {
  'device.registered': { deviceId: string; unitId: string };
  'device.changed': { deviceId: string; unitId: string };
  'alarm.raised': {
    alarmId: string;
    deviceId: string;
    unitId: string;
    component: string;
    ruleId: string | null;
    ruleVersion: number | null;
    severity: Severity;
    faultFamily: string;
    faultCode: string | null;
    action: AlarmAction;
    reason: Reason;
    raisedAtMs: number;
  };
  'alarm.returned': {
    alarmId: string;
    deviceId: string;
    unitId: string;
    component: string;
    faultFamily: string;
    returnedAtMs: number;
  };
  'alarm.acknowledged': { alarmId: string; byUserId: string };
  'rule.changed': { ruleId: string };
  'command.changed': {
    commandId: string;
    deviceId: string;
    unitId: string | null;
    ticketId: string | null;
    name: string;
    status: CommandStatus;
    detail: string | null;
  };
  'service_request.received': { requestId: string; ticketId: string | null; channel: Source };
  'ticket.opened': {
    ticketId: string;
    unitId: string | null;
    deviceId: string | null;
    priority: Priority;
    source: Source;
    faultFamily: string;
  };
  'ticket.changed': { ticketId: string; from: TicketStatus; to: TicketStatus };
  'work_order.opened': {
    workOrderId: string;
    ticketId: string | null;
    unitId: string | null;
    kind: WorkOrderKind;
    priority: Priority;
  };
  'work_order.changed': {
    workOrderId: string;
    ticketId: string | null;
    from: WorkOrderStatus;
    to: WorkOrderStatus;
    technicianId: string | null;
  };
  'work_order.declined': {
    workOrderId: string;
    ticketId: string | null;
    technicianId: string | null;
    reason: string | null;
  };
  /** Nobody answered in time; `reofferedTo` is null where there is nobody else to ask. */
  'dispatch.unanswered': {
    workOrderId: string;
    ticketId: string | null;
    technicianId: string;
    reofferedTo: string | null;
  };
  'sla.breached': {
    clockId: string;
    kind: string;
    ticketId: string | null;
    workOrderId: string | null;
    dueAtMs: number;
  };
  'maintenance.due': { planId: string; unitId: string; dueAtMs: number };
}

export type EventType = keyof EventMap;

/** One event as a consumer gets it. `id` is unique; the same id may come twice. */
export interface DomainEvent<T extends EventType = EventType> {
  readonly id: string;
  readonly type: T;
  readonly data: EventMap[T];
  readonly at: number;
}
