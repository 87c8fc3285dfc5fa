interface Schema {
  readonly $id: string;
  readonly properties: Readonly<Record<string, Keywords>>;
}

type Keywords = Readonly<Record<string, unknown>>;

const MAX_CONNECTOR_ID = 999;
const ERROR_CODE = { type: 'string', minLength: 1, maxLength: 50 };
const WORD = { type: 'string', maxLength: 64 };
/** What else than text stations send; what is no number is for ingest to tell. */
const VALUE = { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] };
const SAMPLE: Readonly<Record<string, Keywords>> = {
  value: VALUE,
  context: WORD,
  format: WORD,
  measurand: WORD,
  phase: WORD,
  location: WORD,
  unit: WORD,
};
/** Where the schema of a call holds lists of meter values. */
const METER_VALUES: ReadonlyMap<string, string> = new Map([
  ['urn:MeterValues.req', 'meterValue'],
  ['urn:StopTransaction.req', 'transactionData'],
]);

/**
 * An official schema with what the field asks for: any text as error code and as the words of a sampled value, since
 * vendors invent them and neither a fault nor the good values beside an odd one must be lost for a name; and connector
 * ids that are some.
 */
export function adjusted(schema: Schema): Schema {
  const { properties } = schema;
  const { connectorId, errorCode } = properties ?? {};
  const isStatus = schema.$id === 'urn:StatusNotification.req';
  const meterField = METER_VALUES.get(schema.$id);
  return {
    ...schema,
    properties: {
      ...properties,
      ...(connectorId && { connectorId: { ...connectorId, minimum: 0, maximum: MAX_CONNECTOR_ID } }),
      ...(isStatus && errorCode && { errorCode: ERROR_CODE }),
      ...(meterField !== undefined && { [meterField]: meterValues(properties[meterField]) }),
    },
  };
}

interface MeterValues {
  readonly items: {
    readonly properties: { readonly sampledValue: { readonly items: Keywords } };
  };
}

function meterValues(official: Keywords | undefined): Keywords {
  const list = official as Keywords & MeterValues;
  const { sampledValue } = list.items.properties;
  const items = { ...sampledValue.items, properties: SAMPLE };
  const properties = { ...list.items.properties, sampledValue: { ...sampledValue, items } };
  return { ...list, items: { ...list.items, properties } };
}
