import { loadRules } from './load-rules.ts';

/** Messages of one request, as in our own writer. */
const BATCH = 5_000;
const BATCH_SECONDS = 1;

/** The conditions of the load's rules as one function of JavaScript, and the line of the point. */
function functionText(rules: number): string {
  const conditions = loadRules(rules).map(({ condition }) =>
    condition.replace(/[a-z_]+(?= >)/g, (metric) => `v.${metric}`),
  );
  const lines = conditions.map((condition) => `if (${condition}) fired += 1;`);
  return `const p = msg.payload;
const v = p.values;
let fired = 0;
${lines.join('\n')}
if (fired > 0) node.warn(fired + ' rules fired');
const id = msg.topic.slice(8, -10);
msg.payload = 'ac_unit,device_id=' + id + ' supply_temp=' + v.supply_temp + ',return_temp=' + v.return_temp +
  ',compressor_hz=' + v.compressor_hz + ',discharge_temp=' + v.discharge_temp + ',discharge_pressure=' +
  v.discharge_pressure + ',compressor_current=' + v.compressor_current + ' ' + p.ts;
return msg;`;
}

/** mqtt in > json > function > join > http request. */
export function nodeRedFlow({
  rules,
  mqttPort,
  sinkUrl,
}: {
  rules: number;
  mqttPort: number;
  sinkUrl: string;
}) {
  const at = (id: string, next: string | null) => ({
    id,
    z: 'flow',
    x: 0,
    y: 0,
    wires: next === null ? [] : [[next]],
  });
  return [
    { id: 'flow', type: 'tab', label: 'bench' },
    {
      id: 'broker',
      type: 'mqtt-broker',
      broker: '127.0.0.1',
      port: String(mqttPort),
      clientid: 'node-red',
      autoConnect: true,
      usetls: false,
      protocolVersion: '4',
      keepalive: '60',
      cleansession: true,
    },
    {
      ...at('in', 'json'),
      type: 'mqtt in',
      topic: 'devices/+/telemetry',
      qos: '1',
      datatype: 'utf8',
      broker: 'broker',
      nl: false,
      rap: true,
      rh: 0,
    },
    { ...at('json', 'rules'), type: 'json', property: 'payload', action: 'obj', pretty: false },
    {
      ...at('rules', 'join'),
      type: 'function',
      func: functionText(rules),
      outputs: 1,
      timeout: 0,
      noerr: 0,
      libs: [],
    },
    {
      ...at('join', 'http'),
      type: 'join',
      mode: 'custom',
      build: 'string',
      property: 'payload',
      propertyType: 'msg',
      key: 'topic',
      joiner: '\\n',
      joinerType: 'str',
      accumulate: false,
      timeout: String(BATCH_SECONDS),
      count: String(BATCH),
    },
    {
      ...at('http', null),
      type: 'http request',
      method: 'POST',
      ret: 'txt',
      paytoqs: 'ignore',
      url: sinkUrl,
      persist: true,
    },
  ];
}
