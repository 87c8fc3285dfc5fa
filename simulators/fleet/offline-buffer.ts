/** First in, first out, at most `limit` entries; when full the oldest goes and is counted. */
export interface OfflineBuffer<T> {
  push(entry: T): void;
  peek(count: number): readonly T[];
  /** Removes the entries that the last `peek` gave, once they have arrived. */
  release(entries: readonly T[]): void;
  size(): number;
  dropped(): number;
}

export function createOfflineBuffer<T>(limit: number): OfflineBuffer<T> {
  const entries: T[] = [];
  let dropped = 0;
  return {
    push(entry) {
      entries.push(entry);
      if (entries.length <= limit) return;
      entries.shift();
      dropped += 1;
    },
    peek: (count) => entries.slice(0, count),
    release(sent) {
      const first = entries[0];
      const gone = first === undefined ? sent.length : sent.indexOf(first);
      if (gone >= 0) entries.splice(0, sent.length - gone);
    },
    size: () => entries.length,
    dropped: () => dropped,
  };
}
