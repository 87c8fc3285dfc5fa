const TAGS: ReadonlySet<string> = new Set(['idtag', 'parentidtag']);
const MASK = '-';
/** Deeper than any message of ours is nested. */
const MAX_DEPTH = 32;
/** Escapes inside of escapes, as text in text in text has them. */
const MAX_ESCAPES = 8;
const NAMES_A_TAG = /id[\W_]*tag/i;
const ESCAPES = /\\+u([0-9a-f]{4})/gi;

/**
 * The frame without the tags of people, wherever they are in it; as it came where it has none. Null: it breaks off or
 * is no JSON, and names a tag.
 */
export function maskTags(text: string): string | null {
  if (!namesTag(text)) return text;
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  return JSON.stringify(masked(frame, 0));
}

function namesTag(text: string): boolean {
  let plain = text;
  for (let round = 0; round < MAX_ESCAPES; round++) {
    if (NAMES_A_TAG.test(plain)) return true;
    const next = plain.replace(ESCAPES, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (next === plain) return false;
    plain = next;
  }
  return true;
}

function masked(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return MASK;
  if (typeof value === 'string') return maskedText(value, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => masked(each, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      TAGS.has(name.toLowerCase()) ? MASK : masked(each, depth + 1),
    ]),
  );
}

/** Vendors carry JSON in the text of a DataTransfer; what names a tag and is no JSON is not kept. */
function maskedText(text: string, depth: number): string {
  if (!namesTag(text)) return text;
  try {
    return JSON.stringify(masked(JSON.parse(text), depth + 1));
  } catch {
    return MASK;
  }
}
