import { Type } from 'typebox';
import { DEVICE_MODELS, type DeviceModel } from '#contracts/device-models.ts';
import { faultFamily } from '#contracts/faults.ts';
import { DEVICE_KINDS, METRICS } from '#contracts/metrics.ts';
import { LocalText } from '#contracts/text.ts';
import type { HttpInstance } from '#platform/http/routes.ts';

const Model = Type.Object({
  id: Type.String({ description: '`model` of a device' }),
  kind: Type.Enum(DEVICE_KINDS),
  label: LocalText,
  faultCodes: Type.Array(
    Type.Object({
      code: Type.String({ description: 'as the vendor writes it' }),
      family: Type.String({ description: '`state`: the code tells what the unit does, no fault' }),
      label: LocalText,
    }),
  ),
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
}

function present({ id, kind, label, faultCodes, units }: DeviceModel) {
  return {
    id,
    kind,
    label,
    faultCodes: Object.entries(faultCodes).map(([code, family]) => ({
      code,
      family,
      label: family === 'state' ? STATE_LABEL : faultFamily(family).label,
    })),
    metrics: METRICS[kind].map((metric) => ({
      name: metric.name,
      unit: units[metric.name] ?? metric.unit,
      label: metric.label,
    })),
  };
}
