import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const LiveItem = Type.Object({
  deviceId: Type.String(),
  component: Type.String(),
  observedAtMs: Type.Number(),
  values: Type.Record(Type.String(), Type.Number()),
});
/** The newest values of one part of a device; enums as their position. */
export type LiveItem = Static<typeof LiveItem>;

const checkItems = Compile(Type.Object({ items: Type.Array(LiveItem) }));
const checkWatched = Compile(Type.Object({ deviceIds: Type.Array(Type.String()) }));

/** Channel on which nodes say which devices somebody looks at, again and again. */
export const WATCHED = 'live.watched';
/** Channel on which the node of a device tells its values, while somebody looks. */
export const VALUES = 'live.values';

export function itemsOf(payload: unknown): readonly LiveItem[] {
  return checkItems.Check(payload) ? payload.items : [];
}

export function watchedOf(payload: unknown): readonly string[] {
  return checkWatched.Check(payload) ? payload.deviceIds : [];
}

/** Values of both, the newer winning. */
export function merge(older: LiveItem | undefined, newer: LiveItem): LiveItem {
  if (older === undefined) return newer;
  if (older.observedAtMs > newer.observedAtMs) return merge(newer, older);
  return { ...newer, values: { ...older.values, ...newer.values } };
}
