import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Alarm } from '#contracts/alarms.ts';
import type { Command } from '#contracts/commands.ts';
import type { Site } from '#contracts/customers.ts';
import type { Device } from '#contracts/devices.ts';
import type { MaintenancePlan } from '#contracts/maintenance.ts';
import type { DeviceKind } from '#contracts/metrics.ts';
import type { ChargingSession, PileConnector } from '#contracts/ocpp.ts';
import type { Technician } from '#contracts/people.ts';
import type { TelemetrySeries } from '#contracts/telemetry.ts';
import type { Ticket, TicketDetail } from '#contracts/tickets.ts';
import type { Unit, UnitDetail } from '#contracts/units.ts';
import type { WorkOrder, WorkOrderDetail } from '#contracts/work-orders.ts';
import type { Resource } from '../live/event-queries.ts';
import { getJson, type Page } from './client.ts';

/** The most that one list answers with. */
export const LIST_LIMIT = 200;
/** Live values, and what no event tells of. */
const LIVE_MS = 5_000;
/** Behind the events, in case one was lost. */
const SLOW_MS = 30_000;

const HOUR_MS = 3_600_000;

type Key = readonly [Resource, ...unknown[]];

function page<T>(resource: Key[0], params: Readonly<Record<string, string | boolean>>, everyMs: number) {
  return queryOptions({
    queryKey: [resource, 'list', params] as Key,
    queryFn: ({ signal }) => getJson<Page<T>>(`/${resource}`, { limit: LIST_LIMIT, ...params }, signal),
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });
}

function one<T>(resource: Key[0], id: string) {
  return queryOptions({
    queryKey: [resource, 'one', id] as Key,
    queryFn: ({ signal }) => getJson<T>(`/${resource}/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: SLOW_MS,
  });
}

type About = { readonly deviceId?: string };

interface DeviceFilter {
  readonly q?: string;
  readonly isConnected?: boolean;
  readonly kind?: DeviceKind;
}

export const devicesQuery = (filter: DeviceFilter = {}) => page<Device>('devices', { ...filter }, LIVE_MS);
export const deviceQuery = (id: string) => ({ ...one<Device>('devices', id), refetchInterval: LIVE_MS });
export const unitsQuery = () => page<Unit>('units', {}, SLOW_MS * 2);
export const unitQuery = (id: string) => one<UnitDetail>('units', id);
export const sitesQuery = () => page<Site>('sites', {}, SLOW_MS * 10);
export const techniciansQuery = () => page<Technician>('technicians', {}, SLOW_MS * 10);
export const openAlarmsQuery = (about: About = {}) =>
  page<Alarm>('alarms', { open: true, ...about }, SLOW_MS);
export const alarmsQuery = (about: About = {}) => page<Alarm>('alarms', { ...about }, SLOW_MS);
export const ticketsQuery = (about: About = {}) => page<Ticket>('tickets', { ...about }, SLOW_MS);
export const ticketQuery = (id: string) => one<TicketDetail>('tickets', id);
export const ordersQuery = (about: About = {}) => page<WorkOrder>('work-orders', { ...about }, SLOW_MS);
export const orderQuery = (id: string) => one<WorkOrderDetail>('work-orders', id);
export const plansQuery = (deviceId: string) =>
  page<MaintenancePlan>('maintenance-plans', { deviceId }, SLOW_MS);

export const commandsQuery = (deviceId: string) => page<Command>('commands', { deviceId }, LIVE_MS * 2);
export const sessionsQuery = (deviceId: string) =>
  page<ChargingSession>('charging-sessions', { deviceId, limit: '20' }, LIVE_MS * 2);

/** What the connectors of these piles are doing. */
export const connectorsQuery = (pileIds: readonly string[]) =>
  queryOptions({
    queryKey: ['connectors', pileIds] as Key,
    queryFn: ({ signal }) =>
      getJson<{ items: readonly PileConnector[] }>('/connectors', { deviceIds: pileIds.join(',') }, signal),
    enabled: pileIds.length > 0,
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });

/** The newest values of one component of a device. */
export interface Latest {
  readonly deviceId: string;
  readonly component: string;
  readonly observedAt: string;
  readonly values: Readonly<Record<string, number>>;
}

export const latestQuery = (deviceIds: readonly string[]) =>
  queryOptions({
    queryKey: ['latest', deviceIds] as Key,
    queryFn: ({ signal }) =>
      getJson<{ items: readonly Latest[] }>('/telemetry/latest', { deviceIds: deviceIds.join(',') }, signal),
    enabled: deviceIds.length > 0,
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });

/** The last hour, in steps of ten seconds. */
export const lastHourQuery = (deviceId: string, metrics: readonly string[]) =>
  queryOptions({
    queryKey: ['telemetry', deviceId, metrics] as Key,
    queryFn: async ({ signal }) => {
      const to = Date.now();
      const from = to - HOUR_MS;
      const params = { deviceId, metrics: metrics.join(','), from, to, every: '10s' };
      const { series } = await getJson<{ series: readonly TelemetrySeries[] }>('/telemetry', params, signal);
      return { from, to, series };
    },
    enabled: metrics.length > 0,
    refetchInterval: LIVE_MS * 2,
    placeholderData: keepPreviousData,
  });
