import { createRequire } from 'node:module';
import { createValidator } from 'ocpp-rpc';

type Schemas = Parameters<typeof createValidator>[1];

const SCHEMAS = createRequire(import.meta.url)('ocpp-rpc/lib/schemas/ocpp1_6.json') as Schemas;
const validator = createValidator('ocpp1.6', SCHEMAS);

/** How a message breaks its OCPP 1.6 schema, or null. */
export function violationIn(action: string, kind: 'req' | 'conf', message: unknown): string | null {
  try {
    void validator.validate(`urn:${action}.${kind}`, message);
    return null;
  } catch (error) {
    return reasonOfViolation(error as Error);
  }
}

/** What a schema check says is wrong, with the place. */
export function reasonOfViolation(
  error: Error & { readonly details?: { readonly errors?: unknown } },
): string {
  const places = error.details?.errors;
  return places === undefined ? error.message : `${error.message} ${JSON.stringify(places)}`;
}
