import type { DomainEvent, EventMap } from '#contracts/events.ts';
import { faultFamily } from '#contracts/faults.ts';
import type { Actor } from '#platform/auth/actor.ts';
import type { Tx } from '#platform/db/db.ts';
import type { Consumer } from '#platform/outbox/outbox.ts';
import { lockUnits } from '../units/index.ts';
import { assessByMachine, reclassify } from './assess-ticket.ts';
import {
  explainedBy,
  openTicketsOf,
  recentlyClosedTickets,
  unexplainedTickets,
  unmappedCrowd,
} from './match-ticket.ts';
import { acknowledgeTicket } from './move-ticket.ts';
import { faultKey, openTicket } from './open-ticket.ts';
import type { TicketDeps } from './ports.ts';
import { reopenTicket } from './reopen-ticket.ts';
import { attachReports, clearReports, type NewReport, ticketOfAlarms } from './reports.ts';
import type { TicketRow } from './tables.ts';

type Raised = EventMap['alarm.raised'];
type Returned = EventMap['alarm.returned'];

const ACTOR: Actor = { type: 'system', name: 'ticketing' };

/**
 * Turns alarms into tickets: each joins its fault's open ticket, reopens the one that closed lately, or opens one
 * with its work order. Safe on several nodes at once: units are held in id order, the index stands behind.
 */
export function createTicketConsumer(deps: TicketDeps): Consumer {
  return {
    name: 'tickets',
    events: ['alarm.raised', 'alarm.returned', 'alarm.acknowledged'],
    limit: 200,
    handle: (tx, events) => handleAlarms(deps, tx, events),
  };
}

async function handleAlarms(deps: TicketDeps, tx: Tx, events: readonly DomainEvent[]): Promise<void> {
  const raised = events.filter(isRaised).filter(({ data }) => data.action === 'ticket');
  const known = await knownTickets(deps, tx, raised);
  const reports: NewReport[] = [];
  for (const { data } of raised) {
    const ticket = await ticketFor(deps, tx, { data, known });
    known.open.set(keyOf(data), ticket);
    known.unexplained = known.unexplained.filter(({ id }) => id !== ticket.id);
    reports.push({
      ticketId: ticket.id,
      kind: 'alarm',
      ref: data.alarmId,
      source: 'device',
      atMs: data.raisedAtMs,
      text: data.reason.text,
    });
  }
  await attachReports(tx, reports);
  const returned = events.filter(isReturned).map(({ data }) => ({ ...data, atMs: data.returnedAtMs }));
  await deps.repairs.returned(tx, await clearReports(tx, returned));
  await acknowledge(deps, tx, events.filter(isAcknowledged));
}

/** What a batch of alarms may belong to, held with its units; kept up to date while the batch is worked off. */
interface KnownTickets {
  readonly open: Map<string, TicketRow>;
  readonly closed: ReadonlyMap<string, TicketRow>;
  unexplained: readonly TicketRow[];
}

async function knownTickets(
  { clock }: TicketDeps,
  tx: Tx,
  raised: readonly DomainEvent<'alarm.raised'>[],
): Promise<KnownTickets> {
  const nowMs = clock.nowMs();
  const unitIds = [...new Set(raised.map(({ data }) => data.unitId))];
  await lockUnits(tx, unitIds);
  const open = new Map(await openTicketsOf(tx, [...new Set(raised.map(({ data }) => keyOf(data)))]));
  const fresh = raised.filter(({ data }) => !open.has(keyOf(data)));
  const closed = await recentlyClosedTickets(tx, { keys: fresh.map(({ data }) => keyOf(data)), nowMs });
  const unexplained = fresh.length === 0 ? [] : await unexplainedTickets(tx, { unitIds, nowMs });
  return { open, closed, unexplained };
}

/** Whoever acknowledges an alarm has taken notice of its ticket. */
async function acknowledge(
  deps: TicketDeps,
  tx: Tx,
  events: readonly DomainEvent<'alarm.acknowledged'>[],
): Promise<void> {
  const tickets = await ticketOfAlarms(
    tx,
    events.map(({ data }) => data.alarmId),
  );
  for (const { data, at } of events) {
    const ticketId = tickets.get(data.alarmId);
    if (ticketId !== undefined) await acknowledgeTicket(deps, tx, { ticketId, atMs: at });
  }
}

function isRaised(event: DomainEvent): event is DomainEvent<'alarm.raised'> {
  return event.type === 'alarm.raised';
}

function isReturned(event: DomainEvent): event is DomainEvent<'alarm.returned'> {
  return event.type === 'alarm.returned';
}

function isAcknowledged(event: DomainEvent): event is DomainEvent<'alarm.acknowledged'> {
  return event.type === 'alarm.acknowledged';
}

type AlarmPlace = Pick<Raised | Returned, 'unitId' | 'component' | 'faultFamily'>;

function keyOf({ unitId, component, faultFamily: family }: AlarmPlace): string {
  return faultKey({ unitId, component, faultFamily: family }) ?? `${unitId}/${component}/${family}`;
}

async function ticketFor(
  deps: TicketDeps,
  tx: Tx,
  { data, known }: { readonly data: Raised; readonly known: KnownTickets },
): Promise<TicketRow> {
  const key = keyOf(data);
  const open = known.open.get(key);
  if (open !== undefined) return rejoin(deps, tx, { data, ticket: open });
  const closed = known.closed.get(key);
  if (closed !== undefined) return reopenTicket(deps, tx, { ticket: closed, alarm: data, actor: ACTOR });
  const unexplained = explainedBy(data, known.unexplained);
  if (unexplained !== undefined) {
    const ticket = await reclassify(deps, tx, {
      ticket: unexplained,
      found: { ...data, ref: data.alarmId },
      actor: ACTOR,
    });
    return assessByMachine(deps, tx, { ticket, alarm: data, actor: ACTOR });
  }
  const crowd = await unmappedCrowd(tx, data);
  if (crowd !== undefined) return crowd;
  const opened = await openTicket(deps, tx, {
    unitId: data.unitId,
    deviceId: data.deviceId,
    component: data.component,
    source: 'device',
    category: faultFamily(data.faultFamily).emergency ? 'emergency_repair' : 'general_troubleshooting',
    faultFamily: data.faultFamily,
    faultCode: data.faultCode,
    faultKey: key,
    coverage: 'unknown',
    awaitsReadBack: false,
    summary: data.reason.text,
    openedAtMs: Math.min(data.raisedAtMs, deps.clock.nowMs()),
    actor: ACTOR,
  });
  if (opened !== undefined) {
    return assessByMachine(deps, tx, { ticket: opened, alarm: data, actor: ACTOR, isNew: true });
  }
  const other = (await openTicketsOf(tx, [key])).get(key);
  return other === undefined
    ? ticketFor(deps, tx, { data, known })
    : rejoin(deps, tx, { data, ticket: other });
}

/** An alarm on a ticket that is open: after the repair it is a recurrence, before it one report more. */
async function rejoin(
  deps: TicketDeps,
  tx: Tx,
  { data, ticket }: { readonly data: Raised; readonly ticket: TicketRow },
): Promise<TicketRow> {
  const isDone = ticket.status === 'resolved' || ticket.status === 'verifying';
  if (isDone && data.raisedAtMs > (ticket.resolved_at ?? 0)) {
    return reopenTicket(deps, tx, { ticket, alarm: data, actor: ACTOR });
  }
  return ticket.status === 'open' ? assessByMachine(deps, tx, { ticket, alarm: data, actor: ACTOR }) : ticket;
}
