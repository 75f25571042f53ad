import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../support/app.ts';

/**
 * Every route of the server, called by nobody and by a member who has no right to anything, answers as its
 * declaration says. A new route is covered the moment it is registered.
 */
let t: TestApp;
let member: Client;

beforeAll(async () => {
  t = await startTestApp();
  member = await t.member();
});
afterAll(() => t.close());

/** An address of the route: ids that belong to nobody. */
const addressOf = (url: string) => url.replaceAll(/:\w+/g, '2147483647').replaceAll('*', 'x');

async function call(method: string, url: string, cookie: string) {
  const reply = await t.app.inject({
    method: method as 'GET',
    url: addressOf(url),
    // From another machine: loopback may see the operations addresses.
    remoteAddress: '192.0.2.7',
    ...(cookie && { headers: { cookie } }),
  });
  return reply.statusCode;
}

function routes(...accesses: string[]) {
  return t.app.declaredAccess.filter(
    ({ access, url }) => access && accesses.includes(access) && !url.includes('/auth/logout'),
  );
}

describe('every route answers as it declares', () => {
  test('there are routes of each kind', () => {
    for (const access of ['public', 'session', 'admin', 'operations'])
      expect(routes(access).length).toBeGreaterThan(3);
    expect(t.app.declaredAccess.every(({ access }) => access)).toBe(true);
  });

  test('without a session, all but the public ones are a 401', async () => {
    const wrong: string[] = [];
    for (const { method, url } of routes(
      'session',
      'self',
      'admin',
      'operations',
      'document:decide',
      'document:read',
      'document:write',
      'document:own',
    )) {
      const status = await call(method, url, '');
      if (status !== 401) wrong.push(`${method} ${url} → ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  test('to a member without rights, the administrators’ and other users’ own are a 403', async () => {
    const wrong: string[] = [];
    for (const { method, url } of routes('self', 'admin', 'operations')) {
      const status = await call(method, url, member.cookie);
      if (status !== 403) wrong.push(`${method} ${url} → ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  test('to a member without rights, a document’s are a 404', async () => {
    const wrong: string[] = [];
    for (const { method, url } of routes(
      'document:decide',
      'document:read',
      'document:write',
      'document:own',
    )) {
      const status = await call(method, url, member.cookie);
      if (status !== 404) wrong.push(`${method} ${url} → ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  test('public routes need no session, and none of them is a fault', async () => {
    const wrong: string[] = [];
    for (const { method, url } of routes('public')) {
      const status = await call(method, url, '');
      if (status === 401 || status === 403 || status >= 500) wrong.push(`${method} ${url} → ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  test('/status and /metrics are open to a caller on loopback, but not through a proxy there', async () => {
    const local = (headers: Record<string, string>) =>
      t.app.inject({ url: '/status', remoteAddress: '127.0.0.1', headers });
    expect((await local({})).statusCode).toBe(200);
    expect((await local({ 'x-forwarded-for': '192.0.2.7' })).statusCode).toBe(401);
    expect((await local({ forwarded: 'for=192.0.2.7' })).statusCode).toBe(401);
  });
});
