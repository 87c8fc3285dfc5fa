import { hasInflux, openTestInflux } from './influx-server.ts';
import { hasRedis, openTestRedis } from './redis-server.ts';

/** Servers of one way to run, with the environment that names them. */
interface Servers extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
}

interface Mix {
  readonly name: string;
  readonly open: () => Promise<Servers>;
}

/** Absent on purpose: the app then brings its own PostgreSQL. */
const EMBEDDED = { DATABASE_URL: '' };

async function openInfluxOnly(): Promise<Servers> {
  const influx = await openTestInflux();
  return { env: { ...EMBEDDED, INFLUX_URL: influx.url }, [Symbol.asyncDispose]: influx[Symbol.asyncDispose] };
}

async function openAllExternal(): Promise<Servers> {
  const influx = await openTestInflux();
  const redis = await openTestRedis().catch(async (error: unknown) => {
    await influx[Symbol.asyncDispose]();
    throw error;
  });
  return {
    env: { INFLUX_URL: influx.url, REDIS_URL: redis.url },
    [Symbol.asyncDispose]: async () => {
      await redis[Symbol.asyncDispose]();
      await influx[Symbol.asyncDispose]();
    },
  };
}

/** The ways to run that are promised to work; what is not installed is left out (in CI it fails instead). */
export const MIXES: readonly Mix[] = [
  {
    name: 'all embedded',
    open: async () => ({ env: EMBEDDED, [Symbol.asyncDispose]: async () => undefined }),
  },
  ...(hasInflux() && hasRedis
    ? [{ name: 'external PostgreSQL, Redis and InfluxDB', open: openAllExternal }]
    : []),
  ...(hasInflux() ? [{ name: 'embedded with InfluxDB', open: openInfluxOnly }] : []),
];
