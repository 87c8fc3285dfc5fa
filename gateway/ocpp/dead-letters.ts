import { maskTags } from './mask-tags.ts';

/**
 * A frame that was not taken. `payload` is its first 16 KB; null: it was never read, or cannot be rid of somebody's tag.
 */
export interface RefusedCall {
  readonly deviceId: string;
  /** `devices/{id}/ocpp`, as of calls that ingest refuses. */
  readonly topic: string;
  /** What is wrong: a field of the payload, or the action; empty where the frame is as a whole. */
  readonly field: string;
  readonly payload: Buffer | null;
  readonly code:
    | 'GATEWAY_CALL_INVALID'
    | 'GATEWAY_CALL_PENDING'
    | 'GATEWAY_ACTION_UNKNOWN'
    | 'GATEWAY_FRAME_MALFORMED'
    | 'GATEWAY_PAYLOAD_TOO_LARGE';
}

const MAX_BYTES = 16_384;
const MAX_FIELD = 128;

/** The frame as it came, but for the tags of people; without `text` it was never read. */
export function refusedCall(
  deviceId: string,
  code: RefusedCall['code'],
  { field = '', text }: { readonly field?: string; readonly text?: string },
): RefusedCall {
  const kept = text === undefined ? null : maskTags(text);
  return {
    deviceId,
    code,
    topic: `devices/${deviceId}/ocpp`,
    field: wellFormed(field.slice(0, MAX_FIELD)),
    payload: kept === null ? null : Buffer.from(kept.slice(0, MAX_BYTES)),
  };
}

/** Half a character, which JSON can spell and no database keeps, becomes U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
