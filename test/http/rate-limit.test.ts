import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp({ RATE_LIMIT_MAX: '5' });
});
afterAll(() => t.close());

test('the sixth request of an address in a minute is a 429 with the seed’s headers and words', async () => {
  const call = () => t.app.inject({ url: '/api/v1/auth/me', remoteAddress: '192.0.2.9' });
  const first = await call();
  expect(first.statusCode).toBe(401);
  expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '4' });
  for (let i = 0; i < 4; i++) await call();

  const refused = await call();
  expect(refused.statusCode).toBe(429);
  const seconds = Number(refused.headers['retry-after']);
  expect(refused.json().error).toBe(`Rate limit exceeded. Try again in ${seconds} seconds.`);
  expect(refused.json().message).toBe(refused.json().error);
  const reset = Number(refused.headers['x-ratelimit-reset']);
  expect(Math.abs(reset - Date.now() / 1000 - seconds)).toBeLessThan(2);

  expect((await t.app.inject({ url: '/api/v1/auth/me', remoteAddress: '192.0.2.10' })).statusCode).toBe(401);
  for (let i = 0; i < 10; i++)
    expect((await t.app.inject({ url: '/health', remoteAddress: '192.0.2.9' })).statusCode).toBe(200);
});

test('behind a trusted proxy, callers do not choose the address they are counted by', async () => {
  const behind = await startTestApp({ RATE_LIMIT_MAX: '3', TRUST_PROXY: 'true' });
  try {
    const call = (invented: string) =>
      behind.app.inject({
        url: '/api/v1/auth/me',
        remoteAddress: '127.0.0.1',
        headers: { 'x-forwarded-for': `${invented}, 203.0.113.7` },
      });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await call(`198.51.100.${i}`)).statusCode);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  } finally {
    await behind.close();
  }
});

test('TRUST_PROXY=true means a proxy that is near, never every hop', () => {
  expect(loadConfig({ TRUST_PROXY: 'true' }).trustProxy).toBe('loopback, linklocal, uniquelocal');
  expect(loadConfig({ TRUST_PROXY: '10.1.2.3' }).trustProxy).toBe('10.1.2.3');
  expect(loadConfig({}).trustProxy).toBe(false);
});
