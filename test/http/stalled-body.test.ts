import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import Fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cutStalledBodies } from '../../src/http/stalled-body.ts';

const app = () => {
  const server = Fastify();
  cutStalledBodies(server, { afterMs: 200 });
  // Longer to answer than a body may stand still.
  server.post('/', async () => {
    await pause(500);
    return { done: true };
  });
  return server;
};
let server: ReturnType<typeof app>;
let port: number;

beforeEach(async () => {
  server = app();
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
afterEach(() => server.close());

const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n';

test('a body that stops coming is hung up on', async () => {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(`${head}{"a"`);
  await once(socket, 'close');
  expect(socket.bytesRead).toBe(0);
});

test('a body that comes slowly, and an answer that takes long, are not', async () => {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(head);
  for (const piece of ['{"a"', ':', '1', ' }']) {
    await pause(120);
    socket.write(piece);
  }
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 200 /);
  socket.destroy();
});
