/** Why a message, or one value of it, was not stored. The codes are stable; `field` names the culprit. */
export const PROBLEM_CODES = [
  'INGEST_JSON_MALFORMED',
  'INGEST_TEXT_INVALID',
  'INGEST_SHAPE_INVALID',
  'INGEST_VALUE_TYPE',
  'INGEST_VALUE_NOT_FINITE',
  'INGEST_VALUE_RANGE',
  'INGEST_METRIC_UNKNOWN',
  'INGEST_CLOCK_AHEAD',
  'INGEST_CLOCK_BEHIND',
  'INGEST_COMPONENT_INVALID',
  'INGEST_TOO_MANY_POINTS',
  'INGEST_DEVICE_UNKNOWN',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export interface DecodeProblem {
  readonly code: ProblemCode;
  readonly field: string;
}
