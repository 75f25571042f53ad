import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp({ CORS_ALLOWED_ORIGINS: 'https://app.example.ch' });
});
afterAll(() => t.close());

describe('failures have one form', () => {
  test('an unknown address is a 404 that says so in French, or in English when asked', async () => {
    const french = await t.nobody.get('/nothing');
    expect(french.status).toBe(404);
    expect(french.body).toEqual({
      success: false,
      error: true,
      message: 'Cette adresse n’existe pas.',
      code: 'request.not_found',
      errors: {},
      request_id: french.headers['x-request-id'],
    });
    const english = await t.nobody.get('/nothing', {
      headers: { 'accept-language': 'de;q=0.9, en;q=0.8, fr;q=0.1' },
    });
    expect(english.body.message).toBe('There is nothing at this address.');
  });

  test('under /sync, `error` holds the message', async () => {
    const { body, status } = await t.nobody.get('/sync/status');
    expect(status).toBe(401);
    expect(body.error).toBe(body.message);
  });

  test('another method on a known address is a 405 with Allow', async () => {
    const { status, headers, body } = await t.admin.post('/auth/me');
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD, OPTIONS');
    expect(body.code).toBe('request.method_not_allowed');
  });

  test('what is wrong with which field is said in the reader’s language', async () => {
    const { status, body } = await t.nobody.post('/auth/login', { username: 7, nonsense: true });
    expect(status).toBe(400);
    expect(body.errors.nonsense).toEqual(['Champ inconnu']);
    expect(body.errors.username[0]).toMatch(/chaîne/);
    expect(Object.keys(body.errors).sort()).toEqual(['nonsense', 'password', 'username']);
  });

  test('a request id given by a proxy is kept, nonsense is not', async () => {
    const kept = await t.nobody.get('/nothing', { headers: { 'x-request-id': 'proxy-1234567' } });
    expect(kept.body.request_id).toBe('proxy-1234567');
    const replaced = await t.nobody.get('/nothing', { headers: { 'x-request-id': 'a b\t{}' } });
    expect(replaced.body.request_id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('text that PostgreSQL or people cannot hold is refused', () => {
  const login = (payload: Buffer | string) =>
    t.nobody.post('/auth/login', payload, { 'content-type': 'application/json' });

  test('NUL and unpaired surrogates in a body', async () => {
    for (const username of ['a\\u0000b', 'a\\ud800b']) {
      const { status, body } = await login(`{"username":"${username}","password":"0123456789"}`);
      expect(status).toBe(400);
      expect(body.errors.username[0]).toMatch(/caractère interdit/);
    }
  });

  test('bytes that are not UTF-8, in a body, a path and a query', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"username":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('","password":"x"}'),
    ]);
    expect((await login(bytes)).body.code).toBe('request.malformed_json');
    expect((await t.nobody.get('/users/%ff')).status).toBe(400);
    expect((await t.admin.get('/users?page=%ff')).body.code).toBe('request.malformed_url');
  });

  test('JSON that is none, and the keys that poison prototypes', async () => {
    for (const text of ['{', '[1,]', '{"__proto__":{"a":1}}', 'null'])
      expect((await login(text)).status).toBe(400);
  });

  test('bytes that are not HTTP are answered in the same form', async () => {
    const base = new URL(await t.listen());
    const reply = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = net.connect(Number(base.port), base.hostname, () =>
        socket.write('GET / NONSENSE\r\n\r\n'),
      );
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      success: false,
      code: 'request.invalid',
    });
  });
});

describe('requests that another site makes a browser send', () => {
  const logout = (headers: Record<string, string>) =>
    t.nobody.post('/auth/login', { username: 'x', password: 'y' }, headers);

  test.each([
    ['a foreign origin', { origin: 'https://evil.example' }, 403],
    [
      'a foreign origin under a browser’s own word',
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      403,
    ],
    ['a sibling site', { 'sec-fetch-site': 'same-site' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['our own origin', { host: 'nas.local:3000', origin: 'http://nas.local:3000' }, 401],
    ['our own page', { 'sec-fetch-site': 'same-origin' }, 401],
    ['an allowed origin', { origin: 'https://app.example.ch', 'sec-fetch-site': 'cross-site' }, 401],
    ['curl', {}, 401],
  ])('%s', async (_who, headers, status) => {
    expect((await logout(headers as Record<string, string>)).status).toBe(status);
  });

  test('an allowed origin’s preflight is answered, a foreign one’s is not', async () => {
    const preflight = (origin: string) =>
      t.app.inject({
        method: 'OPTIONS',
        url: '/api/v1/users',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    expect((await preflight('https://app.example.ch')).headers['access-control-allow-credentials']).toBe(
      'true',
    );
    expect((await preflight('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
  });
});
