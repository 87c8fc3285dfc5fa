import { familyOfCode, findDeviceModel } from '#contracts/device-models.ts';
import { faultFamily } from '#contracts/faults.ts';
import { CONNECTOR_STATUSES, type ConnectorStatus, metricIndex } from '#contracts/metrics.ts';
import {
  type CallDecoder,
  type CallFacts,
  componentOf,
  type Fields,
  noteBad,
  textOf,
  timeOf,
} from './call-facts.ts';

const STATUS_OF: ReadonlyMap<string, ConnectorStatus> = new Map([
  ['Available', 'available'],
  ['Preparing', 'preparing'],
  ['Charging', 'charging'],
  ['SuspendedEVSE', 'suspended_evse'],
  ['SuspendedEV', 'suspended_ev'],
  ['Finishing', 'finishing'],
  ['Reserved', 'reserved'],
  ['Unavailable', 'unavailable'],
  ['Faulted', 'faulted'],
]);

const NO_ERROR = 'NoError';
/** Our code for a connector that is faulted and does not say why. */
const FAULTED = 'Faulted';
const MAX_CODE = 64;
/** The error code that only says: ask the vendor. */
const VAGUE = 'OtherError';

/**
 * The code a fault is known by: the vendor's where it says more, raw where it is in no enum. A vendor's code never
 * makes a dangerous fault look like a harmless one, nor a fault like a state.
 */
function codeOf(payload: Fields, errorCode: string, modelId: string): string {
  const vendorCode = textOf(payload, 'vendorErrorCode', MAX_CODE);
  if (vendorCode === null) return errorCode;
  const model = findDeviceModel(modelId);
  const family = Object.hasOwn(model?.faultCodes ?? {}, vendorCode)
    ? model?.faultCodes[vendorCode]
    : undefined;
  if (family === 'state') return errorCode;
  if (errorCode === VAGUE) return vendorCode;
  const isDangerous = model !== undefined && faultFamily(familyOfCode(model, errorCode)).isSafety;
  if (family === undefined || (isDangerous && !faultFamily(family).isSafety)) return errorCode;
  return vendorCode;
}

interface Told {
  readonly component: string;
  readonly observedAtMs: number;
  readonly status: ConnectorStatus | undefined;
  /** Null where the station tells of no error. */
  readonly code: string | null;
  readonly detail: Readonly<Record<string, string | null>>;
}

function addStatus(facts: CallFacts, { component, observedAtMs, status, code, detail }: Told): void {
  const metric = metricIndex('charging_pile', 'status');
  if (status === undefined || metric === undefined) return;
  const values = new Map([[metric, CONNECTOR_STATUSES.indexOf(status)]]);
  facts.points.push({ component, observedAtMs, values });
  facts.events.push({ type: 'status', component, code, state: status, detail, observedAtMs });
  facts.charging.push({ type: 'status', component, status, errorCode: code, atMs: observedAtMs });
}

function addRaised(facts: CallFacts, { component, observedAtMs, code, detail }: Told): void {
  if (code === null) return;
  const text = Object.entries(detail).flatMap(([name, value]) =>
    value === null || value === code ? [] : [`${name}=${value}`],
  );
  const fault = { type: 'fault', component, code, state: 'raised', observedAtMs } as const;
  facts.faults.push({ ...fault, detail: text.length === 0 ? null : text.join(' ').slice(0, 500) });
  facts.events.push({ ...fault, detail });
}

/**
 * State and errors of a connector, or of the whole station as connector 0 (OCPP 1.6, 4.9 and 7.7). Errors hold until
 * `NoError` is told: then all of the connector's end, unless it is still faulted.
 */
export const statusNotification: CallDecoder = (facts, payload, source) => {
  const component = componentOf(facts, payload.connectorId, source);
  const errorCode = textOf(payload, 'errorCode', MAX_CODE);
  if (errorCode === null) noteBad(facts, 'INGEST_SHAPE_INVALID', 'errorCode');
  if (component === null || errorCode === null) return;
  const status = STATUS_OF.get(textOf(payload, 'status', MAX_CODE) ?? '');
  if (status === undefined) noteBad(facts, 'INGEST_VALUE_RANGE', 'status');
  const observedAtMs = timeOf(facts, payload, source);
  const detail = {
    errorCode,
    vendorId: textOf(payload, 'vendorId'),
    vendorErrorCode: textOf(payload, 'vendorErrorCode', MAX_CODE),
    info: textOf(payload, 'info'),
  };
  const hasError = errorCode !== NO_ERROR;
  const cause = hasError ? codeOf(payload, errorCode, source.device.model) : null;
  const code = status === 'faulted' ? (cause ?? FAULTED) : cause;
  const told = { component, observedAtMs, status, code, detail };
  addStatus(facts, told);
  addRaised(facts, told);
  if (status === undefined || status === 'faulted') return;
  if (hasError) {
    const cleared = { type: 'fault', code: FAULTED, state: 'cleared', detail: null } as const;
    facts.faults.push({ ...cleared, component, observedAtMs });
  } else {
    facts.faults.push({ type: 'fault_list', component, codes: [], observedAtMs });
  }
};
