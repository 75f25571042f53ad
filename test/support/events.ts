import { setTimeout as delay } from 'node:timers/promises';

/** ms: longer than anything here may take, on a machine that is busy with other tests */
const patience = 10_000;

export interface ReceivedEvent {
  id: string | undefined;
  event: string;
  /** whatever JSON holds */
  data: ReturnType<JSON['parse']>;
}

/** A stream of server-sent events, read over a real socket as a browser reads it. */
export interface EventReader {
  status: number;
  headers: Headers;
  /** every event so far, whether or not it was waited for */
  received: ReceivedEvent[];
  /** comments so far, and the last `retry` */
  comments: () => number;
  retry: () => number | undefined;
  /** The next event of that name; rejects when the stream ends or says nothing for 10 seconds. */
  next: (name: string) => Promise<ReceivedEvent>;
  /** Fulfilled when the stream has ended, however it ended. */
  ended: Promise<void>;
  close: () => Promise<void>;
}

export async function openEvents(
  url: string,
  { cookie, headers = {} }: { cookie: string; headers?: Record<string, string> },
): Promise<EventReader> {
  const hangUp = new AbortController();
  const reply = await fetch(url, {
    headers: { cookie, accept: 'text/event-stream', ...headers },
    signal: hangUp.signal,
  });
  const received: ReceivedEvent[] = [];
  const taken = new Map<string, number>();
  let comments = 0;
  let retry: number | undefined;
  let over = false;
  let wake = Promise.withResolvers<void>();

  function take(block: string) {
    const fields: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
      if (name === '') comments++;
      else fields[name] = value;
    }
    if (fields.retry) retry = Number(fields.retry);
    if (fields.event)
      received.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data ?? '') });
  }

  async function read() {
    let text = '';
    for await (const chunk of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) take(block);
      wake.resolve();
      wake = Promise.withResolvers();
    }
  }
  const ended = read()
    .catch(() => undefined)
    .then(() => {
      over = true;
      wake.resolve();
    });

  return {
    status: reply.status,
    headers: reply.headers,
    received,
    comments: () => comments,
    retry: () => retry,
    ended,
    async next(name) {
      const deadline = AbortSignal.timeout(patience);
      for (;;) {
        const from = taken.get(name) ?? 0;
        const found = received.filter(({ event }) => event === name)[from];
        if (found) {
          taken.set(name, from + 1);
          return found;
        }
        if (over || deadline.aborted)
          throw new Error(`${over ? 'the stream ended' : 'nothing came'}: ${name}`);
        await Promise.race([wake.promise, delay(patience, undefined, { ref: false })]);
      }
    },
    async close() {
      hangUp.abort();
      await ended;
    },
  };
}
