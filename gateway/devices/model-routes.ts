import { Type } from 'typebox';
import { Severity } from '#contracts/alarms.ts';
import { DEVICE_MODELS, type DeviceModel, findDeviceModel } from '#contracts/device-models.ts';
import { STATE_CODE } from '#contracts/fault-code-map.ts';
import { faultFamily } from '#contracts/faults.ts';
import { DEVICE_KINDS, METRICS } from '#contracts/metrics.ts';
import { LocalText } from '#contracts/text.ts';
import { notFound } from '#platform/errors.ts';
import type { HttpInstance } from '#platform/http/routes.ts';

const FaultCode = Type.Object({
  code: Type.String({ description: 'as the vendor writes it' }),
  family: Type.String({ description: '`state`: the code tells what the unit does, no fault' }),
  label: LocalText,
  severity: Type.Union([Severity, Type.Null()], { description: 'null: a state, which opens nothing' }),
  skill: Type.Union([Type.String(), Type.Null()]),
  isSafety: Type.Boolean({ description: 'never commanded from afar' }),
  playbook: Type.Union([Type.String(), Type.Null()], { description: 'tried before anybody drives' }),
  parts: Type.Array(Type.String(), { description: 'models of parts that the repair may need' }),
});

const Model = Type.Object({
  id: Type.String({ description: '`model` of a device' }),
  kind: Type.Enum(DEVICE_KINDS),
  vendor: Type.String(),
  series: Type.String(),
  label: LocalText,
  faultCodes: Type.Array(FaultCode),
  metrics: Type.Array(
    Type.Object({
      name: Type.String(),
      unit: Type.String({ description: 'UCUM; what the device sends' }),
      label: LocalText,
    }),
  ),
});

const Models = Type.Object({ items: Type.Array(Model), nextCursor: Type.Null() });
const STATE_LABEL: LocalText = { 'zh-CN': '运行状态，不是故障', en: 'Operating state, no fault' };

/** The models that ship: what can be registered, and what each understands. */
export function modelRoutes(app: HttpInstance): void {
  app.get(
    '/device-models',
    {
      config: { permission: 'devices:read' },
      schema: {
        tags: ['devices'],
        summary: 'Device models, with their fault codes and metrics',
        response: { 200: Models },
      },
    },
    async () => ({ items: DEVICE_MODELS.map(present), nextCursor: null }),
  );

  app.get(
    '/device-models/:modelId',
    {
      config: { permission: 'devices:read' },
      schema: {
        tags: ['devices'],
        summary: 'One device model',
        params: Type.Object({ modelId: Type.String({ maxLength: 64 }) }),
        response: { 200: Model },
      },
    },
    async ({ params }) => {
      const model = findDeviceModel(params.modelId);
      if (model === undefined) throw notFound('device_model', params.modelId);
      return present(model);
    },
  );
}

function present({ id, kind, vendor, series, label, faultCodes, units }: DeviceModel) {
  return {
    id,
    kind,
    vendor,
    series,
    label,
    faultCodes: Object.entries(faultCodes).map(([code, family]) => ({ code, family, ...describe(family) })),
    metrics: METRICS[kind].map((metric) => ({
      name: metric.name,
      unit: units[metric.name] ?? metric.unit,
      label: metric.label,
    })),
  };
}

function describe(familyId: string) {
  if (familyId === STATE_CODE) {
    return { label: STATE_LABEL, severity: null, skill: null, isSafety: false, playbook: null, parts: [] };
  }
  const { label, severity, skill, isSafety, playbook, parts } = faultFamily(familyId);
  return { label, severity, skill, isSafety, playbook, parts: [...parts] };
}
