import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** ms between two signs of life; proxies close what is silent for a minute */
const heartbeatMs = 25_000;
/** ms after which a browser whose stream ended asks again */
const retryMs = 3_000;
/** bytes that may wait for a reader: one that is so far behind reads no more, and is to begin anew */
const mostWaiting = 256 * 1024;

export interface ServerEvent {
  /** what the browser sends back as `Last-Event-ID` when it asks again */
  id?: number;
  event: string;
  /** written as JSON */
  data: unknown;
}

export interface EventStream {
  /** The answer begins with the first event. What is sent to a stream that is over goes nowhere. */
  send(event: ServerEvent): void;
  /** Ends the answer; browsers ask again after `retryMs`. */
  end(o?: { retryMs?: number }): void;
  /** Fires once it is over, whoever ended it. */
  over: AbortSignal;
}

/**
 * Answers with server-sent events (text/event-stream), for hours if need be: return `reply` after it from an
 * async handler. It ends when the caller goes, does not read what is sent, or `isOpen` says so, asked at every
 * heartbeat; and at once when `signal` fires. Null for HEAD, which is answered.
 */
export function openEventStream({
  request,
  reply,
  signal,
  isOpen,
  everyMs = heartbeatMs,
}: {
  request: FastifyRequest;
  reply: FastifyReply;
  signal: AbortSignal;
  isOpen: () => Promise<boolean>;
  everyMs?: number;
}): EventStream | null {
  reply.type('text/event-stream; charset=utf-8').headers({
    'Cache-Control': 'no-cache, no-transform',
    // nginx would hold it back
    'X-Accel-Buffering': 'no',
    // Nothing else is to wait on this line, and a server that stops need not wait for it.
    Connection: 'close',
  });
  if (request.method === 'HEAD') {
    reply.send('');
    return null;
  }
  const over = new AbortController();
  let opening = `retry: ${retryMs}\n\n`;
  const body = new Readable({ read: () => undefined });

  function write(text: string) {
    if (over.signal.aborted) return;
    body.push(opening + text);
    opening = '';
    if (body.readableLength > mostWaiting) body.destroy();
  }
  function end(o: { retryMs?: number } = {}) {
    if (over.signal.aborted) return;
    if (o.retryMs !== undefined) write(`retry: ${o.retryMs}\n\n`);
    body.push(null);
    over.abort();
  }
  function stop() {
    // Who does not read what is sent would hold up the stop.
    const isBehind = body.readableLength > 0 || reply.raw.writableLength > 0;
    end();
    if (isBehind) body.destroy();
  }

  const heartbeat = setInterval(() => {
    // A database that is away for a moment ends nobody's stream; what is sent is checked on its own.
    isOpen().then(
      (open) => (open ? write(':\n\n') : end()),
      () => write(':\n\n'),
    );
  }, everyMs);
  signal.addEventListener('abort', stop);
  body.once('close', () => over.abort());
  over.signal.addEventListener('abort', () => {
    clearInterval(heartbeat);
    signal.removeEventListener('abort', stop);
  });
  reply.send(body);
  // The stop came while the caller was being checked: a signal that has fired fires no more.
  if (signal.aborted) stop();

  return {
    send: ({ id, event, data }) =>
      write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    end,
    over: over.signal,
  };
}
