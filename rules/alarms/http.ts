import { Type } from 'typebox';
import { Alarm, AlarmState, Severity } from '#contracts/alarms.ts';
import { DeviceId, RecordId } from '#contracts/ids.ts';
import { Page, PageQuery } from '#platform/http/page.ts';
import type { Routes } from '#platform/http/routes.ts';
import { type AlarmRouteDeps, acknowledgeAlarm } from './acknowledge-alarm.ts';
import { listAlarms, readAlarm } from './list-alarms.ts';

const READ = { permission: 'alarms:read' } as const;
const ACKNOWLEDGE = { permission: 'alarms:acknowledge' } as const;
const tags = ['alarms'];
const Params = Type.Object({ id: RecordId });
const ListQuery = Type.Object({
  ...PageQuery,
  deviceId: Type.Optional(DeviceId),
  unitId: Type.Optional(RecordId),
  state: Type.Optional(AlarmState),
  severity: Type.Optional(Severity),
  ruleId: Type.Optional(Type.String({ maxLength: 64, description: 'alarms that this rule raised' })),
  open: Type.Optional(Type.Boolean({ description: 'whether it has not come to its end' })),
});

/** /alarms: list, one, acknowledge. */
export function alarmRoutes(deps: AlarmRouteDeps): Routes {
  return (app) => {
    app.get(
      '/alarms',
      {
        config: READ,
        schema: { tags, summary: 'Alarms', querystring: ListQuery, response: { 200: Page(Alarm) } },
      },
      ({ query }) => listAlarms(deps, query),
    );
    app.get(
      '/alarms/:id',
      {
        config: READ,
        schema: {
          tags,
          summary: 'An alarm, with the reason for its state',
          params: Params,
          response: { 200: Alarm },
        },
      },
      ({ params }) => readAlarm(deps, params.id),
    );
    app.post(
      '/alarms/:id/acknowledge',
      {
        config: ACKNOWLEDGE,
        schema: {
          tags,
          summary: 'Say that you have seen the alarm; its ticket is acknowledged too',
          description:
            'T1 and T2 of its ticket stop. 409 `ALARMS_NOT_ACKNOWLEDGEABLE`: it was acknowledged already, or has ended.',
          params: Params,
          response: { 200: Alarm },
        },
      },
      ({ actor, params }) => acknowledgeAlarm(deps, { id: params.id, actor }),
    );
  };
}
