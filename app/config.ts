import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { AftercareError } from '#platform/errors.ts';

const port = (fallback: number, description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: fallback,
    description: `${description}; 0 = any free port`,
  });

/** Every variable the product reads, with its default. */
export const Environment = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'address that HTTP, MQTT and OCPP listen on' }),
  HTTP_PORT: port(8080, 'console and API'),
  MQTT_PORT: port(1883, 'MQTT 3.1.1'),
  OCPP_PORT: port(9000, 'OCPP 1.6 over WebSocket'),
  DATA_DIR: Type.String({
    default: './data',
    minLength: 1,
    description: 'durable log, embedded PostgreSQL, keys',
  }),
  LOG_MAX_BYTES: Type.Integer({
    default: 4_294_967_296,
    minimum: 8_388_608,
    description: 'bound of the durable log: hours of telemetry while the store is away',
  }),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: 'how people reach the console, when not by the Host header',
    }),
  ),
  TRUST_PROXY: Type.Boolean({
    default: false,
    description: 'believe X-Forwarded-* (behind a proxy that sets it)',
  }),
  ADMIN_PASSWORD: Type.Optional(
    Type.String({
      minLength: 10,
      description: 'password of admin at first start; generated and printed once when absent',
    }),
  ),
  SECRET_KEY: Type.Optional(
    Type.String({ minLength: 32, description: 'server key; kept in DATA_DIR/secret.key when absent' }),
  ),
  SIMULATE: Type.Boolean({
    default: true,
    description: 'run the simulated fleet; off by default with an external database, Redis or InfluxDB',
  }),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], { default: 'info' }),
  LOG_FORMAT: Type.Enum(['json', 'pretty'], { default: 'pretty' }),
  TZ_BUSINESS: Type.String({
    default: 'Asia/Shanghai',
    minLength: 1,
    description: 'IANA zone of sites that name none',
  }),
  RAW_DAYS: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 3_650,
    description: 'days that raw telemetry is kept',
  }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      description: 'external PostgreSQL 15 or newer; embedded when absent',
    }),
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://',
      description:
        'Redis 6.2 or newer for jobs and messages between nodes; in PostgreSQL and in the process when absent',
    }),
  ),
  INFLUX_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description:
        'InfluxDB for telemetry, in PostgreSQL when absent; run with 1.6.7, 2 and 3 by what they document',
    }),
  ),
  INFLUX_TOKEN: Type.Optional(
    Type.String({ minLength: 1, description: 'InfluxDB token; user:password for 1.x with authentication' }),
  ),
  INFLUX_ORG: Type.String({ default: 'aftercare', minLength: 1, description: 'InfluxDB organisation' }),
  INFLUX_BUCKET: Type.String({
    default: 'aftercare',
    minLength: 1,
    description: 'InfluxDB bucket; the database of 1.x',
  }),
});
export type Environment = Static<typeof Environment>;

const check = Compile(Environment);
const BOOLEANS: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };

interface Property {
  readonly type?: string;
  readonly default?: unknown;
}

function read(property: Property, text: string | undefined): unknown {
  if (text === undefined || text === '') return property.default;
  if (property.type === 'integer') return /^\d+$/.test(text) ? Number(text) : text;
  if (property.type === 'boolean') return BOOLEANS[text.toLowerCase()] ?? text;
  return text;
}

/** Whoever names one of these has servers of their own: no simulated fleet is wanted there. */
const EXTERNAL = ['DATABASE_URL', 'REDIS_URL', 'INFLUX_URL'] as const;

/** The environment as configuration: one sentence for every variable that is wrong. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Environment {
  const properties = Object.entries(Environment.properties as Readonly<Record<string, Property>>);
  const values: Record<string, unknown> = {};
  for (const [name, property] of properties) {
    const value = read(property, variables[name]);
    if (value !== undefined) values[name] = value;
  }
  const isOutside = EXTERNAL.some((name) => values[name] !== undefined);
  if (!variables.SIMULATE && isOutside) values.SIMULATE = false;
  if (check.Check(values)) return values;
  const sentences = check.Errors(values).map((error) => {
    const name = error.instancePath.slice(1);
    return `${name} ${error.message} (it is ${JSON.stringify(values[name])})`;
  });
  throw new AftercareError('APP_CONFIG_INVALID', `check the environment: ${sentences.join('; ')}`, {
    kind: 'invalid',
  });
}
