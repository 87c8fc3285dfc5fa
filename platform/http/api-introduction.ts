/** What a caller needs to know before any single operation; shown above them in `/api/docs`. */
export const INTRODUCTION = `
Everything the console does, it does by these operations.

**Sign in.** \`POST /api/v1/auth/login\` with a name and a password gives a token. Send it with every call as
\`Authorization: Bearer <token>\`. (A browser may ask for the session cookie instead; its changes must come from
our own pages.) What a caller must hold for an operation is its \`x-permission\`; \`GET /api/v1/auth/me\` lists what
you hold.

**Errors** are problem documents (RFC 9457, \`application/problem+json\`). Act on \`code\`, which never changes;
\`detail\` is for people. \`errors\` names the fields of a 422, \`allowed\` the moves that a 409 would have taken.
400 malformed, 401 sign in, 403 not yours, 404 no such record, 409 not in this state, 412 somebody changed it since
you read it, 422 a field is wrong, 428 \`If-Match\` is missing, 429 too many failures, 503 try again later.

**Lists** give \`items\`, newest first unless told otherwise, and \`nextCursor\`. Send it back as \`cursor\` for the
next page; null is the end. \`limit\` is 1 to 200, 50 unless told.

**Changing a record.** A single record comes with an \`ETag\`. Every PATCH sends it back as \`If-Match\`: 412
\`HTTP_IF_MATCH_STALE\` means read again, then decide again.

**Trying again.** Send an \`Idempotency-Key\` of your own with a change. The same key with the same request gives the
first answer again, with \`Idempotency-Replayed: true\`, and changes nothing twice; keys are kept for 14 days. 422
\`HTTP_IDEMPOTENCY_KEY_REUSED\`: the key belongs to another request. 409 \`HTTP_IDEMPOTENCY_KEY_IN_FLIGHT\`: the first
is still running. An answer of 500 or more is not kept.

**Times** are given as ISO 8601 in UTC, and taken as ISO 8601 or as epoch milliseconds. Units of measurement are
UCUM codes. Text that we ship is \`{ "zh-CN": …, "en": … }\`.

**Beside the API:** \`GET /healthz\` (the process lives), \`GET /readyz\` (it can take work; 503 names what does not
answer), \`GET /metrics\` (Prometheus; from this machine, or with a manager's token). This document for tools:
\`GET /api/docs/json\`.
`.trim();

/** The groups of operations, in the order they are shown. */
export const TAGS: readonly (readonly [name: string, description: string])[] = [
  ['auth', 'Sign in and out'],
  ['devices', 'What connects: registration, credentials, models'],
  ['telemetry', 'What devices measured'],
  ['charging', 'Charging sessions, and what connectors are doing'],
  ['commands', 'What devices are told to do, and what became of it'],
  ['alarms', 'What a device or a rule says is wrong'],
  ['rules', 'When telemetry is an alarm'],
  ['service-requests', 'What people ask for, on every channel'],
  ['tickets', 'One problem of one unit, whoever reported it'],
  ['work-orders', 'One visit: from the dispatch to the archive'],
  ['dispatches', 'Who was asked to go, why, and what they answered'],
  ['maintenance', 'Work that is due before something breaks'],
  ['customers', 'Whom we work for, and their contacts'],
  ['sites', 'Where the equipment stands'],
  ['units', 'The equipment, whichever device speaks for it'],
  ['technicians', 'Who can be sent, where and for what'],
  ['certificates', 'Proof of what technicians and centres can do'],
  ['centres', 'Own and outsourced service centres'],
  ['users', 'Who may sign in'],
  ['audit', 'Who changed what, and proof that nobody tampered with it'],
  ['events', 'What happens, as it happens'],
  ['ledger', 'Where every message of a device went'],
];
