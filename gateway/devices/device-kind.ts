import { DEVICE_MODELS, findDeviceModel } from '#contracts/device-models.ts';
import { DEVICE_KINDS, type DeviceKind } from '#contracts/metrics.ts';
import { invalidField } from '#platform/errors.ts';

/** 422 naming `kind` or `model`, unless we know both and they belong together. */
export function requireKnownModel(kind: string, model: string): DeviceKind {
  const known = DEVICE_KINDS.find((candidate) => candidate === kind);
  if (known === undefined) {
    const choices = DEVICE_KINDS.join(', ');
    throw invalidField(
      'DEVICE_KIND_UNKNOWN',
      'kind',
      `${kind} is not a kind of device; there are: ${choices}`,
    );
  }
  const found = findDeviceModel(model);
  if (found === undefined) {
    const choices = DEVICE_MODELS.filter(({ kind: of }) => of === known).map(({ id }) => id);
    const message = `no device model ${model}; there are: ${choices.join(', ')}`;
    throw invalidField('DEVICE_MODEL_UNKNOWN', 'model', message);
  }
  if (found.kind !== known) {
    throw invalidField(
      'DEVICE_MODEL_MISMATCH',
      'model',
      `${model} is a model of ${found.kind}, not ${known}`,
    );
  }
  return known;
}
