const HALF_A_PAIR = /\p{Surrogate}/u;

function isKeepableText(text: string): boolean {
  return !text.includes('\0') && !HALF_A_PAIR.test(text);
}

/**
 * Whether a database can keep every name and text of a parsed message: JSON can spell U+0000 and half a surrogate
 * pair, PostgreSQL takes neither.
 */
export function isKeepable(message: unknown): boolean {
  const pending: unknown[] = [message];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string' && !isKeepableText(value)) return false;
    if (typeof value !== 'object' || value === null) continue;
    for (const name in value) if (!isKeepableText(name)) return false;
    for (const inner of Object.values(value)) pending.push(inner);
  }
  return true;
}

/** The text as a database keeps it: what it cannot becomes U+FFFD. */
export function keepableText(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\ufffd');
}
