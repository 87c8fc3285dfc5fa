type Fields = Readonly<Record<string, unknown>>;

/** What a change sets to another value than before, as an audit row names it; empty: it changes nothing. */
export function changedFields(
  before: Fields,
  change: Fields,
): Record<string, { from: unknown; to: unknown }> {
  const entries = Object.entries(change)
    .filter(([field, to]) => to !== undefined && JSON.stringify(before[field]) !== JSON.stringify(to))
    .map(([field, to]) => [field, { from: before[field] ?? null, to }] as const);
  return Object.fromEntries(entries);
}

/** The same for a record that is new: every field that it sets. */
export function newFields(record: Fields): Record<string, { to: unknown }> {
  const entries = Object.entries(record).filter(([, to]) => to !== undefined && to !== null);
  return Object.fromEntries(entries.map(([field, to]) => [field, { to }]));
}
