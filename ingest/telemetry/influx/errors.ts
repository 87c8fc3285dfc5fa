import { AftercareError } from '#platform/errors.ts';

/** InfluxDB does not answer, or answers that it cannot now: worth another try. */
export function storeAway(url: string, cause: unknown): AftercareError {
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new AftercareError(
    'TELEMETRY_STORE_AWAY',
    `InfluxDB at ${url} does not answer (${why}): start it, or set INFLUX_URL to where it runs`,
    { kind: 'unavailable', cause },
  );
}

/** The token is wrong or may not do what we ask. */
export function unauthorised(url: string, { status, bucket }: { status: number; bucket: string }) {
  return new AftercareError(
    'TELEMETRY_UNAUTHORISED',
    `InfluxDB at ${url} refuses our token (${status}): set INFLUX_TOKEN to one that may read and write ${bucket} (user:password for 1.x)`,
    { kind: 'unavailable' },
  );
}

export function bucketMissing(url: string, { bucket, message }: { bucket: string; message: string }) {
  return new AftercareError(
    'TELEMETRY_BUCKET_MISSING',
    `InfluxDB at ${url} has no bucket ${bucket} (${message}): make it, or set INFLUX_ORG and INFLUX_BUCKET to one that it has`,
    { kind: 'unavailable' },
  );
}

/** A refusal that does not speak of our lines: whatever stands behind the URL is not set up for us. */
export function writeRefused(url: string, { status, message }: { status: number; message: string }) {
  return new AftercareError(
    'TELEMETRY_WRITE_REFUSED',
    `InfluxDB at ${url} refuses to write (${status}: ${message}): check INFLUX_URL, INFLUX_ORG and INFLUX_BUCKET`,
    { kind: 'unavailable' },
  );
}

export function queryRefused(url: string, message: string): AftercareError {
  return new AftercareError('TELEMETRY_QUERY_REFUSED', `InfluxDB at ${url} refuses a query: ${message}`);
}
