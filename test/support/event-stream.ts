import type { ApiClient } from './api-client.ts';

export interface HeardEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the event
  readonly data: any;
}

/** Server-sent events as they come; heard until disposed. */
export interface EventStream extends AsyncDisposable {
  readonly heard: readonly HeardEvent[];
}

/** Listens from now on; resolves once the stream is open. */
export async function openEventStream(httpUrl: string, { token }: ApiClient): Promise<EventStream> {
  const end = new AbortController();
  const answer = await fetch(`${httpUrl}/api/v1/events`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    signal: end.signal,
  });
  if (answer.body === null || !answer.ok) throw new RangeError(`no stream: ${answer.status}`);
  const heard: HeardEvent[] = [];
  const reading = read(answer.body, heard).catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  return {
    heard,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await reading;
    },
  };
}

async function read(body: ReadableStream<Uint8Array>, heard: HeardEvent[]): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = /^event: ?(.*)$/m.exec(block)?.[1];
      const data = /^data: ?(.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) heard.push({ event, data: JSON.parse(data).data });
    }
  }
}
