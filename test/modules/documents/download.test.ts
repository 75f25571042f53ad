import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { parse } from 'content-disposition';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { pdf, png, replace, uploaded } from './papers.ts';

let server: TestApp;
let alice: Client;

beforeAll(async () => {
  server = await startTestApp();
  alice = await server.member('alice');
});
afterAll(() => server.close());

const etagOf = (bytes: Buffer) => `"${createHash('sha256').update(bytes).digest('hex')}"`;

describe('a download', () => {
  const bytes = randomBytes(300_000);
  let address: string;
  beforeAll(async () => {
    const { id } = await uploaded(alice, { name: 'Reçu n° 1 – café.bin', bytes });
    address = `/documents/${id}/download`;
  });

  test('is the same bytes, under the name they came with', async () => {
    const answer = await alice.get(address);
    expect(answer.status).toBe(200);
    expect(answer.bytes).toEqual(bytes);
    expect(answer.headers).toMatchObject({
      'content-length': '300000',
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
      etag: etagOf(bytes),
    });
    expect(parse(String(answer.headers['content-disposition']))).toMatchObject({
      type: 'attachment',
      parameters: { filename: 'Reçu n° 1 – café.bin' },
    });
  });

  test.each([
    ['bytes=0-99', 0, 99],
    ['bytes=299999-', 299_999, 299_999],
    ['bytes=-1000', 299_000, 299_999],
    ['bytes=100000-999999', 100_000, 299_999],
  ])('gives the range %s', async (range, start, end) => {
    const answer = await alice.get(address, { headers: { range } });
    expect(answer.status).toBe(206);
    expect(answer.headers['content-range']).toBe(`bytes ${start}-${end}/300000`);
    expect(answer.headers['content-length']).toBe(String(end - start + 1));
    expect(answer.bytes).toEqual(bytes.subarray(start, end + 1));
  });

  test.each(['bytes=5-2', 'bytes=0-1,5-6', 'lines=1-2', 'nonsense'])(
    'ignores the range %s',
    async (range) => {
      const answer = await alice.get(address, { headers: { range } });
      expect(answer.status).toBe(200);
      expect(answer.bytes.length).toBe(300_000);
    },
  );

  test('refuses a range past its end, and says how long it is', async () => {
    const answer = await alice.get(address, { headers: { range: 'bytes=300000-' } });
    expect(answer.status).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */300000');
    expect(answer.body).toMatchObject({
      success: false,
      error: true,
      code: 'documents.range_not_satisfiable',
    });
  });

  test('is resumed only while the bytes are the same', async () => {
    const resume = (ifRange: string) =>
      alice.get(address, { headers: { range: 'bytes=10-19', 'if-range': ifRange } });
    expect((await resume(etagOf(bytes))).status).toBe(206);
    expect((await resume('"other"')).status).toBe(200);
    expect((await resume('Wed, 21 Oct 2026 07:28:00 GMT')).status).toBe(200);
  });

  test.each([[etagOf(bytes)], [`W/${etagOf(bytes)}`], [`"x", ${etagOf(bytes)}`], ['*']])(
    'is not sent again to who has it (%s)',
    async (known) => {
      const answer = await alice.get(address, { headers: { 'if-none-match': known, range: 'bytes=0-1' } });
      expect(answer.status).toBe(304);
      expect(answer.bytes.length).toBe(0);
      expect(answer.headers.etag).toBe(etagOf(bytes));
    },
  );

  test('tells its size to HEAD, without the bytes', async () => {
    const answer = await server.app.inject({
      method: 'HEAD',
      url: `/api/v1${address}`,
      headers: { cookie: alice.cookie },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-length']).toBe('300000');
    expect(answer.rawPayload.length).toBe(0);
  });

  test('is a 404 to anybody else', async () => {
    const bob = await server.member();
    expect((await bob.get(address)).status).toBe(404);
    expect((await server.nobody.get(address)).status).toBe(401);
    expect((await server.admin.get(address)).status).toBe(200);
  });

  test('is never harmful by its name', async () => {
    const { id } = await uploaded(alice, { name: 'a\u202efdp.exe"; filename=x\x01.html' });
    const answer = await alice.get(`/documents/${id}/download`);
    expect(answer.status).toBe(200);
    const name = parse(String(answer.headers['content-disposition'])).parameters.filename;
    expect(name).toMatch(/^afdp\.exe_; filename=x_\.html$/);
  });

  test('is that of any version', async () => {
    const [first, second] = [pdf('first'), pdf('second')];
    const { id } = await uploaded(alice, { bytes: first });
    await replace(alice, id, { bytes: second });
    const get = (query: string) => alice.get(`/documents/${id}/download${query}`);
    expect((await get('')).bytes).toEqual(second);
    expect((await get('?version=1')).bytes).toEqual(first);
    expect((await get('?version=2')).bytes).toEqual(second);
    expect(await get('?version=3')).toMatchObject({
      status: 404,
      body: { code: 'documents.version_not_found' },
    });
    expect((await get('?version=x')).status).toBe(400);
  });

  test('of an empty file is empty', async () => {
    const { id } = await uploaded(alice, { name: 'empty.txt', bytes: Buffer.alloc(0) });
    const answer = await alice.get(`/documents/${id}/download`);
    expect([answer.status, answer.headers['content-length'], answer.bytes.length]).toEqual([200, '0', 0]);
  });

  test('whose bytes are gone from the disk is a 503 that says so, not a 404', async () => {
    const { id, sha256 } = await uploaded(alice);
    await rm(server.services.store.path(sha256));
    const answer = await alice.get(`/documents/${id}/download`);
    expect(answer.status).toBe(503);
    expect(answer.body.code).toBe('storage.missing');
    expect(JSON.stringify(answer.body)).not.toContain(sha256);
  });
});

describe('a preview', () => {
  test.each([
    // Browsers' PDF viewers refuse to work in a sandbox.
    ['a.pdf', pdf(), 'application/pdf', "frame-ancestors 'self'"],
    ['a.png', png(), 'image/png', 'sandbox'],
    ['a.txt', Buffer.from('é'), 'text/plain; charset=utf-8', 'sandbox'],
  ])('shows %s in the browser, and in a frame of our own pages', async (name, bytes, type, policy) => {
    const { id } = await uploaded(alice, { name, bytes });
    const answer = await alice.get(`/documents/${id}/preview`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.headers['content-disposition']).toMatch(/^inline/);
    expect(answer.headers['content-security-policy']).toBe(policy);
    expect(answer.headers['x-frame-options']).toBe('SAMEORIGIN');
    expect(answer.bytes).toEqual(bytes);
  });

  test.each([
    ['a.html', '<!doctype html><script>alert(1)</script>'],
    ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
    ['a.xml', '<?xml version="1.0"?><a/>'],
    ['a.js', 'alert(1)'],
    ['a.bin', '\0\x01'],
  ])('of %s is refused', async (name, text) => {
    const { id } = await uploaded(alice, { name, bytes: Buffer.from(text) });
    const answer = await alice.get(`/documents/${id}/preview`);
    expect(answer.status).toBe(415);
    expect(answer.body.code).toBe('documents.no_preview');
  });
});
