import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { judgeFailure } from './judge.ts';

/** What only a raw connection can send: the HTTP parser and Node's own refusals answer, not a route. */
let t: TestApp;
let port: number;

beforeAll(async () => {
  t = await startTestApp();
  port = Number(new URL(await t.listen()).port);
});
afterAll(() => t.close());

/** Sends the bytes and no more; what came back by the time the server hung up. */
function send(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.setTimeout(8000, () => {
      socket.destroy();
      reject(new Error(`no end of the answer within 8 seconds: ${text.slice(0, 200)}`));
    });
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

/** The last answer of the connection. */
function readAnswer(reply: string) {
  const at = reply.lastIndexOf('HTTP/1.1 ');
  const [head = '', text = ''] = [
    reply.slice(at, reply.indexOf('\r\n\r\n', at)),
    reply.slice(reply.indexOf('\r\n\r\n', at) + 4),
  ];
  const headers = Object.fromEntries(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
  );
  return { status: Number(head.slice(9, 12)), headers, text };
}

const request = (line: string, ...headers: string[]) =>
  `${[line, 'Host: x', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const post = (...headers: string[]) =>
  request('POST /api/v1/auth/login HTTP/1.1', 'Content-Type: application/json', ...headers);

describe('what is no proper HTTP is refused in the contract’s form', () => {
  test.each<[string, string | Buffer]>([
    ['no Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['words', 'hello\r\n\r\n'],
    ['TLS', Buffer.from('16030100dc010000d80303ffffffff', 'hex')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', request('FROBNICATE / HTTP/1.1')],
    ['a method in small letters', request('get /health HTTP/1.1')],
    ['a version that is none', request('GET /health HTTP/9.9')],
    ['a header without a colon', request('GET /health HTTP/1.1', 'nonsense')],
    ['a header with a space in its name', request('GET /health HTTP/1.1', 'a b: c')],
    ['NUL in a header', request('GET /health HTTP/1.1', 'X-Request-Id: a\0b')],
    ['headers of 40 KB', request('GET /health HTTP/1.1', `X-Long: ${'x'.repeat(40_000)}`)],
    ['an address of 40 KB', request(`GET /${'x'.repeat(40_000)} HTTP/1.1`)],
    ['an expectation nobody has', request('GET /nothing HTTP/1.1', 'Expect: a miracle')],
    ['a negative length', post('Content-Length: -1')],
    ['a length that is none', post('Content-Length: many')],
    ['two lengths', post('Content-Length: 2', 'Content-Length: 3')],
    ['a length past all numbers', post(`Content-Length: ${'9'.repeat(40)}`)],
    ['a length of a terabyte', post('Content-Length: 1099511627776')],
    ['a length and chunks', post('Content-Length: 2', 'Transfer-Encoding: chunked')],
    ['an encoding nobody knows', post('Transfer-Encoding: garbage')],
    ['chunks that are none', `${post('Transfer-Encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n`],
    ['chunks cut short', `${post('Transfer-Encoding: chunked')}5\r\n{}`],
    ['a body shorter than its length', `${post('Content-Length: 100')}{"username":"a"`],
    ['a body longer than its length', `${post('Content-Length: 2')}{}GET /smuggled`],
    ['an address that is not encoded', Buffer.from(request('GET /api/v1/users/\xff\xfe HTTP/1.1'), 'latin1')],
    ['an address that goes up', request('GET /api/v1/users/../../../etc/passwd HTTP/1.1')],
    ['an address that goes up, encoded', request('GET /docs/%2e%2e/%2e%2e/package.json HTTP/1.1')],
    ['an address that stands still', request('GET /api/v1/users/. HTTP/1.1')],
    ['another server’s address', request('GET http://evil.example/api/v1/users HTTP/1.1')],
    ['an address of nothing but a star', request('GET * HTTP/1.1')],
    ['a method that echoes', request('TRACE /api/v1/users HTTP/1.1')],
    ['a method of another protocol', request('PROPFIND /api/v1/users HTTP/1.1')],
  ])('%s', async (_what, bytes) => {
    const { status, headers, text } = readAnswer(await send(bytes));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(judgeFailure({ method: 'GET', path: '/', status, headers, text })).toEqual([]);
  });

  test('a tunnel is not opened', async () => {
    expect(await send('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n')).not.toMatch(
      / 200 /,
    );
  });

  test('an upgrade nobody offers changes nothing', async () => {
    const reply = await send(request('GET /health HTTP/1.1', 'Upgrade: websocket', 'Connection: upgrade'));
    expect(readAnswer(reply).status).toBe(200);
  });
});

describe('an address written another way leads to the same rules', () => {
  test('an encoded letter hides no route from the rate limit', async () => {
    const limited = await startTestApp({ RATE_LIMIT_MAX: '3' });
    try {
      const statuses: number[] = [];
      for (let at = 0; at < 4; at++) statuses.push((await limited.nobody.get('//%61pi/v1/auth/me')).status);
      expect(statuses.at(-1)).toBe(429);
    } finally {
      await limited.close();
    }
  });

  test('nor from the failures of /sync', async () => {
    const { body } = await t.nobody.get('//api/v1/%73ync/status');
    expect(body.error).toBe(body.message);
  });

  test('a zero before the id opens nobody’s document', async () => {
    const { id } = await t.services.users.create({
      username: 'owner',
      password: 'correct horse battery staple',
    });
    const owner = await t.signIn('owner', 'correct horse battery staple');
    expect(owner.id).toBe(id);
    const form = new FormData();
    form.append('file', new Blob(['private']), 'private.txt');
    const encoded = new Response(form);
    const { body } = await owner.post('/documents', Buffer.from(await encoded.arrayBuffer()), {
      'content-type': encoded.headers.get('content-type') ?? '',
    });
    const stranger = await t.member();
    for (const written of [
      `0${body.data.id}`,
      `00${body.data.id}`,
      `+${body.data.id}`,
      `${body.data.id}.0`,
      `%20${body.data.id}`,
    ]) {
      for (const rest of ['', '/download', '/versions', '/preview']) {
        const answer = await stranger.get(`/documents/${written}${rest}`);
        expect([400, 404]).toContain(answer.status);
      }
      expect([400, 404]).toContain((await stranger.put(`/documents/${written}`, { title: 'mine' })).status);
    }
  });
});
