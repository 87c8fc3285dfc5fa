import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';

interface FieldError {
  readonly field: string;
  readonly message: string;
}

const MAX_FIELDS = 20;

/**
 * Bodies are taken as they are: no coercion, no dropped fields. Query, params and headers are text, so they are
 * coerced to what the schema says.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<object> {
  const common = {
    useDefaults: true,
    removeAdditional: false,
    allErrors: true,
    strict: false,
    strictNumbers: true,
  } as const;
  const strict = addFormats.default(new Ajv(common));
  const coercing = addFormats.default(new Ajv({ ...common, coerceTypes: 'array' }));
  return ({ schema, httpPart }) => (httpPart === 'body' ? strict : coercing).compile(schema);
}

/** Which fields are wrong and how, for an error that a schema raised; undefined for any other error. */
export function describeValidation(error: Error): FieldError[] | undefined {
  if (!('validation' in error) || !Array.isArray(error.validation)) return undefined;
  const context = 'validationContext' in error ? String(error.validationContext) : 'body';
  const byField = new Map<string, ErrorObject[]>();
  for (const failure of error.validation as ErrorObject[]) {
    const field = fieldOf(failure) || context;
    const failures = byField.get(field);
    if (failures) failures.push(failure);
    else byField.set(field, [failure]);
  }
  return [...byField]
    .slice(0, MAX_FIELDS)
    .map(([field, failures]) => ({ field, message: messageOf(failures) }));
}

/** `/contact/phone` → `contact.phone`; a missing or unknown field is named itself. */
function fieldOf({ instancePath, keyword, params }: ErrorObject): string {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keyword === 'required') path.push(String(params.missingProperty));
  if (keyword === 'additionalProperties') path.push(String(params.additionalProperty));
  return path.join('.');
}

function messageOf(failures: readonly ErrorObject[]): string {
  const choices = failures.flatMap(({ keyword, params }) =>
    keyword === 'const' ? [params.allowedValue] : keyword === 'enum' ? params.allowedValues : [],
  );
  if (choices.length > 0) return `must be one of ${[...new Set(choices)].join(', ')}`;
  const types = failures.flatMap(({ keyword, params }) => (keyword === 'type' ? [params.type].flat() : []));
  if (types.length > 0) return `must be ${[...new Set(types)].join(' or ')}`;
  const [first] = failures;
  if (first?.keyword === 'required') return 'is required';
  if (first?.keyword === 'additionalProperties') return 'is not a known field';
  return first?.message ?? 'is not valid';
}
