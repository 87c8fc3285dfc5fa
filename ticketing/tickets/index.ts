export { lockUnitAndTicket } from './assess-ticket.ts';
export { isInDanger } from './danger.ts';
export { ticketRoutes } from './http.ts';
export { findTicket } from './list-tickets.ts';
export { TICKET_MIGRATIONS } from './migrations.ts';
export { acknowledgeTicket, lockTicket, moveTicket, noteTicketEvent } from './move-ticket.ts';
export type {
  NewTicketOrder,
  OrderSummary,
  Recurrence,
  TicketDeps,
  TicketOrders,
  TicketRepairs,
} from './ports.ts';
export { canReopen, reopenTicket } from './reopen-ticket.ts';
export { confirmReport, reportByPerson } from './report-by-person.ts';
export { lastReturnMs, standingAlarms, ticketOfAlarms } from './reports.ts';
export { closeSelfCleared } from './self-clear.ts';
export type { TicketRow } from './tables.ts';
export { createTicketConsumer } from './ticket-consumer.ts';
export { reportsOf, toTicketDetail } from './ticket-views.ts';
