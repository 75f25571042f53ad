import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EventStream, openEventStream } from '../../src/http/event-stream.ts';
import { openEvents } from '../support/events.ts';

/** A server of one stream, which hears nothing but what the test sends. */
let app: FastifyInstance;
let base: string;
let stop: AbortController;
let isOpen: () => Promise<boolean>;
let opened: PromiseWithResolvers<EventStream>;

beforeEach(async () => {
  app = Fastify();
  stop = new AbortController();
  opened = Promise.withResolvers();
  isOpen = async () => true;
  app.get('/events', async (request, reply) => {
    const stream = openEventStream({
      request,
      reply,
      signal: stop.signal,
      isOpen: () => isOpen(),
      everyMs: 20,
    });
    if (stream) opened.resolve(stream);
    return reply;
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/events`;
});
afterEach(() => app.close());

test('events come as they are sent, between signs of life', async () => {
  const reading = openEvents(base, { cookie: '' });
  const stream = await opened.promise;
  stream.send({ id: 7, event: 'progress', data: { text: 'une ligne\net une autre', done: 1 } });
  const events = await reading;
  expect(events.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(events.headers.get('cache-control')).toBe('no-cache, no-transform');
  expect(events.headers.get('x-accel-buffering')).toBe('no');
  expect(await events.next('progress')).toEqual({
    id: '7',
    event: 'progress',
    data: { text: 'une ligne\net une autre', done: 1 },
  });
  expect(events.retry()).toBe(3000);
  await vi.waitFor(() => expect(events.comments()).toBeGreaterThan(2), { timeout: 10_000 });
  stream.end({ retryMs: 60_000 });
  await events.ended;
  expect(events.retry()).toBe(60_000);
});

test('a stream that is no longer open to its reader ends at the next sign of life', async () => {
  const reading = openEvents(base, { cookie: '' });
  const stream = await opened.promise;
  stream.send({ event: 'progress', data: 1 });
  const events = await reading;
  isOpen = async () => false;
  await events.ended;
  expect(stream.over.aborted).toBe(true);
});

test('a check that fails ends nothing', async () => {
  const reading = openEvents(base, { cookie: '' });
  const stream = await opened.promise;
  isOpen = async () => {
    throw new Error('the database is away');
  };
  const events = await reading;
  const before = events.comments();
  await vi.waitFor(() => expect(events.comments()).toBeGreaterThan(before + 2), { timeout: 10_000 });
  stream.send({ event: 'progress', data: 2 });
  expect((await events.next('progress')).data).toBe(2);
  await events.close();
});

test('a stream whose reader went is over', async () => {
  const reading = openEvents(base, { cookie: '' });
  const stream = await opened.promise;
  const events = await reading;
  await events.close();
  await vi.waitFor(() => expect(stream.over.aborted).toBe(true), { timeout: 10_000 });
  stream.send({ event: 'progress', data: 'nobody hears it' });
  stream.end();
});

test('when the server stops, every stream ends and nothing holds up the stop', async () => {
  const reading = openEvents(base, { cookie: '' });
  await opened.promise;
  const events = await reading;
  const before = performance.now();
  stop.abort();
  await app.close();
  await events.ended;
  expect(performance.now() - before).toBeLessThan(1_000);
});

test('a stream that is asked for when the server is about to stop ends at once', async () => {
  stop.abort();
  const events = await openEvents(base, { cookie: '' });
  await events.ended;
  expect((await opened.promise).over.aborted).toBe(true);
});

test('a reader that does not read is dropped, and holds up no stop', async () => {
  const socket = net.connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined).pause();
  socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  const stream = await opened.promise;
  const piece = 'x'.repeat(64 * 1024);
  // The line itself holds some megabytes.
  for (let sent = 0; sent < 1_000 && !stream.over.aborted; sent++) {
    stream.send({ event: 'progress', data: piece });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(stream.over.aborted).toBe(true);
  socket.resume();
  await once(socket, 'close');
});

test('HEAD is answered with the headers alone', async () => {
  const reply = await fetch(base, { method: 'HEAD' });
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
});
