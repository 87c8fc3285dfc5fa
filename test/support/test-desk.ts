import { sql } from 'kysely';
import type { EventMap, EventType } from '#contracts/events.ts';
import type { Shift } from '#contracts/people.ts';
import type { Role } from '#contracts/permissions.ts';
import type { Audit } from '#platform/audit/audit.ts';
import { createAudit } from '#platform/audit/audit-log.ts';
import type { Actor } from '#platform/auth/actor.ts';
import { createManualClock, type ManualClock } from '#platform/clock.ts';
import type { Db } from '#platform/db/db.ts';
import { AftercareError, type ErrorKind } from '#platform/errors.ts';
import { createHttpApp } from '#platform/http/http-app.ts';
import type { Routes } from '#platform/http/routes.ts';
import { newId } from '#platform/ids.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import { createLog } from '#platform/log.ts';
import { createMetrics } from '#platform/metrics/metrics.ts';
import type { NewEvent, Outbox } from '#platform/outbox/outbox.ts';
import { type OutboxRunner, startOutbox } from '#platform/outbox/outbox-runner.ts';
import { createOutbox } from '#platform/outbox/postgres-outbox.ts';
import { createDesk, type Desk, type DeskDeps } from '#ticketing/desk.ts';
import { openTestDatabase, type TestDatabase } from './test-database.ts';

const log = createLog({ level: 'silent', format: 'json' });

/** What an answer holds; tests read what they expect to be there. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the body
type Body = any;

type SentCommand = Parameters<DeskDeps['remoteCommands']['enqueue']>[1];

/** What routes beside the desk's are made with. */
export interface DeskParts {
  readonly db: Db;
  readonly clock: ManualClock;
  readonly audit: Audit;
  readonly desk: Desk;
}

export interface TestDesk extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly desk: Desk;
  readonly clock: ManualClock;
  /** How long every unit is said to have worked in any window, and the device whose telemetry is away. */
  readonly load: { ms: number; unreadable: string | null };
  /** What devices were told by remote repair, in order; ids are unique as in the command ledger. */
  readonly commands: SentCommand[];
  /** Those that were withdrawn. */
  readonly withdrawn: string[];
  /** Devices at which a vehicle charges. */
  readonly charging: Set<string>;
  /** How the command ledger refuses what it is told, while it does. */
  readonly refusal: { kind: ErrorKind | null };
  /**
   * `as` is a role or several (`technician+agent`), with `/{technicianId}` behind where there is one, then
   * `@{centreId}` for somebody of an outsourced centre.
   */
  call(request: string, body?: object, as?: string): Promise<{ status: number; body: Body }>;
  publish(...events: NewEvent[]): Promise<void>;
  /** Resolves once no event waits for a consumer. */
  settle(): Promise<void>;
  /** Another process's consumers beside the first's. */
  startConsumers(): OutboxRunner;
  /** Runs a sweep now, by its job name. */
  sweep(name: string): Promise<void>;
  events<T extends EventType>(type: T): Promise<EventMap[T][]>;
}

/** The desk over HTTP on a clock that stands still, with its consumers running and sweeps run by hand. */
export async function openTestDesk(
  moreRoutes: (parts: DeskParts) => readonly Routes[] = () => [],
): Promise<TestDesk> {
  const database = await openTestDatabase();
  const { db, pool } = database;
  const clock = createManualClock(Date.UTC(2026, 10, 21, 8));
  const audit = createAudit({ clock });
  const load: TestDesk['load'] = { ms: 0, unreadable: null };
  const loadedMs = async (deviceId: string) => {
    if (deviceId !== load.unreadable) return load.ms;
    throw new AftercareError('TEST_TELEMETRY_AWAY', 'telemetry is away');
  };
  const commands: SentCommand[] = [];
  const withdrawn: string[] = [];
  const charging = new Set<string>();
  const refusal: TestDesk['refusal'] = { kind: null };
  const consumers: Desk['consumers'][number][] = [];
  const outbox = createOutbox({ clock }, { consumers });
  const desk = createDesk({
    db,
    outbox,
    audit,
    clock,
    load: { loadedMs },
    remoteCommands: {
      enqueue: async (_tx, command) => {
        const { kind } = refusal;
        if (kind !== null) throw new AftercareError('TEST_REFUSED', 'no command now', { kind });
        if (!commands.some(({ id }) => id === command.id)) commands.push(command);
      },
      withdraw: async (_tx, ids) => void withdrawn.push(...ids),
    },
    charging: { isCharging: async (deviceId) => charging.has(deviceId) },
  });
  consumers.push(...desk.consumers);
  const metrics = createMetrics();
  const http = await createHttpApp(
    { auth: { resolve: async (token) => actorOf(token) }, log, clock, db, metrics, readiness: [] },
    { publicUrl: null, trustProxy: false, secretKey: Buffer.alloc(32, 1), version: '0.0.0' },
  );
  for (const routes of [...desk.routes, ...moreRoutes({ db, clock, audit, desk })]) http.register(routes);
  const sweeps = new Map<string, () => Promise<void>>();
  desk.defineJobs(createSweepsByHand(sweeps));
  const startConsumers = () =>
    startOutbox({ db, pool, log, metrics: createMetrics(), outbox }, { consumers, firstRetryMs: 5 });
  const runner = startConsumers();
  return {
    database,
    desk,
    clock,
    load,
    commands,
    withdrawn,
    charging,
    refusal,
    startConsumers,
    call: async (request, body, as = 'admin') => {
      const [method, path] = request.split(' ');
      const answer = await http.app.inject({
        method: method as 'GET' | 'POST' | 'PATCH',
        url: `/api/v1${path}`,
        headers: { authorization: `Bearer ${as}`, 'if-match': '*' },
        ...(body !== undefined && { payload: body }),
      });
      return { status: answer.statusCode, body: answer.json() };
    },
    publish: async (...events) => {
      await db.transaction().execute((tx) => outbox.publish(tx, events));
      outbox.wake();
    },
    settle: () => untilQuiet(database, outbox),
    sweep: async (name) => {
      await sweeps.get(name)?.();
      outbox.wake();
      await untilQuiet(database, outbox);
    },
    events: async (type) => {
      const { rows } = await sql<{ data: never }>`
        select data from outbox_event where type = ${type} order by seq`.execute(db);
      return rows.map(({ data }) => data);
    },
    [Symbol.asyncDispose]: async () => {
      await runner[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

function actorOf(token: string): Actor {
  const [who = '', centreId] = token.split('@');
  const [roles = '', technicianId = null] = who.split('/');
  return {
    type: 'user',
    userId: `user-${token}`,
    username: token,
    roles: roles.split('+') as Role[],
    technicianId,
    centre: centreId === undefined ? null : { id: centreId, kind: 'outsourced' },
  };
}

/** Takes the sweeps' names and handlers; nothing runs unless the test says so. */
function createSweepsByHand(sweeps: Map<string, () => Promise<void>>): Jobs {
  return {
    define: () => undefined,
    every: (name, _everyMs, handler) => {
      sweeps.set(name, handler);
    },
    enqueue: async () => undefined,
    cancel: async () => undefined,
    start: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function untilQuiet({ pool }: TestDatabase, outbox: Outbox): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `select (select count(*)::int from outbox_delivery) as waiting,
         (select max(type || ': ' || error) from outbox_failed) as failed`,
    );
    const [{ waiting, failed }] = rows;
    if (failed !== null) throw new AftercareError('TEST_CONSUMER_FAILED', failed);
    if (waiting === 0) return;
    outbox.wake();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A customer's unit with a device on it, where a technician can be sent. */
export async function addUnit(
  { database: { pool } }: TestDesk,
  { deviceId = `ac-${newId()}`, zone = 'east', kind = 'ac_unit' } = {},
): Promise<{ unitId: string; deviceId: string; serial: string }> {
  const [customerId, siteId, unitId] = [newId(), newId(), newId()];
  const serial = `SN-${unitId}`;
  await pool.query(
    `insert into customer (id, kind, name, created_at) values ($1, 'corporate', 'Harbour Hotel', now())`,
    [customerId],
  );
  await pool.query(
    `insert into contact (id, customer_id, name, phone) values ($1, $2, 'Ms Li', '+86 138 0000 0001')`,
    [newId(), customerId],
  );
  await pool.query(
    `insert into site (id, customer_id, name, address, zone, time_zone, created_at)
     values ($1, $2, 'Tower', '1 Harbour Road', $3, 'Asia/Shanghai', now())`,
    [siteId, customerId, zone],
  );
  await pool.query(
    `insert into unit (id, serial, kind, model, site_id, customer_id, created_at)
     values ($1, $2, $5, 'split-generic', $3, $4, now())`,
    [unitId, serial, siteId, customerId, kind],
  );
  await pool.query('insert into unit_device (id, unit_id, device_id, bound_at) values ($1, $2, $3, now())', [
    newId(),
    unitId,
    deviceId,
  ]);
  return { unitId, deviceId, serial };
}

interface NewTestTechnician {
  readonly name?: string;
  readonly zone?: string;
  readonly skills?: readonly string[];
  readonly roster?: {
    readonly centreId?: string;
    readonly timeZone?: string;
    readonly shifts?: readonly Shift[];
    readonly isOnCall?: boolean;
  };
}

export async function addTechnician(
  { database: { pool } }: TestDesk,
  {
    name = 'Chen',
    zone = 'east',
    skills = ['refrigeration', 'electrical', 'controls', 'general'],
    roster = {},
  }: NewTestTechnician = {},
): Promise<string> {
  const { centreId = null, timeZone = 'Asia/Shanghai', shifts = null, isOnCall = false } = roster;
  const id = newId();
  await pool.query(
    `insert into technician (id, name, phone, zone, centre_id, time_zone, shifts, is_on_call, created_at)
     values ($1, $2, '13900000000', $3, $4, $5, $6, $7, now())`,
    [id, name, zone, centreId, timeZone, shifts === null ? null : JSON.stringify(shifts), isOnCall],
  );
  for (const skill of skills) {
    await pool.query(
      `insert into certificate (id, technician_id, skill, basis, issuer, status, prepared_by, prepared_at, signed_by)
       values ($1, $2, $3, 'attested', 'test', 'issued', 'test', now(), 'test')`,
      [newId(), id, skill],
    );
  }
  return id;
}

/** A raised alarm of a unit, as the rules tell it. */
export function raised(
  { unitId, deviceId }: { readonly unitId: string; readonly deviceId: string },
  change: Partial<EventMap['alarm.raised']> = {},
): NewEvent & { type: 'alarm.raised' } {
  return {
    type: 'alarm.raised',
    data: {
      alarmId: newId(),
      deviceId,
      unitId,
      component: '',
      ruleId: null,
      ruleVersion: null,
      severity: 'critical',
      faultFamily: 'high_pressure',
      faultCode: 'E1',
      action: 'ticket',
      reason: { code: 'fault_raised', params: { code: 'E1' }, text: { 'zh-CN': '故障 E1', en: 'Fault E1' } },
      raisedAtMs: Date.UTC(2026, 10, 21, 8),
      ...change,
    },
  };
}

/** The same alarm gone back to normal. */
export function returned({ data }: NewEvent & { type: 'alarm.raised' }, returnedAtMs: number): NewEvent {
  const { alarmId, deviceId, unitId, component, faultFamily } = data;
  return {
    type: 'alarm.returned',
    data: { alarmId, deviceId, unitId, component, faultFamily, returnedAtMs },
  };
}
