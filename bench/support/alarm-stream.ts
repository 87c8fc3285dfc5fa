import { AftercareError } from '#platform/errors.ts';

/** Calls back with the device of each alarm raised from now on, as the event stream tells it, until disposed. */
export async function openAlarmStream(
  { httpPort, token }: { httpPort: number; token: string },
  onAlarm: (deviceId: string) => void,
): Promise<AsyncDisposable> {
  const end = new AbortController();
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/events`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    signal: end.signal,
  });
  if (!response.ok || response.body === null)
    throw new AftercareError('BENCH_NO_STREAM', `GET /events answers ${response.status}`);
  const reading = read(response.body, onAlarm).catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  return {
    async [Symbol.asyncDispose]() {
      end.abort();
      await reading;
    },
  };
}

async function read(body: ReadableStream<Uint8Array>, onAlarm: (deviceId: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (!/^event: ?alarm\.raised$/m.test(block)) continue;
      const { data } = JSON.parse(/^data: ?(.*)$/m.exec(block)?.[1] ?? '{}') as {
        data?: { deviceId?: string };
      };
      if (data?.deviceId !== undefined) onAlarm(data.deviceId);
    }
  }
}
