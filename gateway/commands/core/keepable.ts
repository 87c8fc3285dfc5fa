/** What a database refuses in text: NUL, and halves of characters. */
const UNKEEPABLE = /[\0\uD800-\uDFFF]/gu;

export function keepableText(text: string): string {
  return text.replace(UNKEEPABLE, '');
}

/** JSON whose texts and names a database takes. */
export function keepable(value: unknown): unknown {
  if (typeof value === 'string') return keepableText(value);
  if (Array.isArray(value)) return value.map(keepable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [keepableText(name), keepable(each)]),
  );
}
