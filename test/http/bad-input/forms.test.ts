import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokenBodies } from './hostile.ts';
import type { Operation } from './operations.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let create: Operation;
let replace: Operation;

beforeAll(async () => {
  world = await createWorld('member');
  const [first, second] = world.operations.filter((operation) => operation.form);
  if (first?.method !== 'POST' || second?.method !== 'PUT')
    throw new Error('other forms than were tried here');
  create = first;
  replace = second;
  // Sent to nothing yet: the document is made that later ones are sent to.
  await world.attempt({ operation: replace, what: 'nothing', url: replace.path, refused: true });
});
afterAll(() => world.close());

const boundary = 'x-boundary';
const multipart = { 'content-type': `multipart/form-data; boundary=${boundary}` };

/** A part as its raw lines: what no well-behaved client would send. */
function part(header: string | Buffer, body: string | Buffer = 'text'): Buffer {
  return Buffer.concat(
    [`--${boundary}\r\nContent-Disposition: form-data; `, header, '\r\n\r\n', body, '\r\n'].map((piece) =>
      Buffer.isBuffer(piece) ? piece : Buffer.from(piece),
    ),
  );
}
const end = Buffer.from(`--${boundary}--\r\n`);
const form = (...parts: Buffer[]) => Buffer.concat([...parts, end]);
const field = (name: string, value: string | Buffer) => part(`name="${name}"`, value);
let made = 0;
const file = (name: string | Buffer = 'a.txt') =>
  part(
    Buffer.concat([Buffer.from('name="file"; filename="'), Buffer.from(name), Buffer.from('"')]),
    `body ${++made}`,
  );

async function storedFiles(): Promise<string[]> {
  const names = await readdir(world.t.dataDir, { recursive: true });
  return names.sort();
}

/** Sent to both addresses that take a form: refused, with no row and no byte left. */
async function expectRefused(what: string, payload: Buffer, headers: Record<string, string> = multipart) {
  const before = await storedFiles();
  const wrong: string[] = [];
  for (const operation of [create, replace])
    wrong.push(
      ...(await world.attempt({ operation, what, url: operation.path, headers, payload, refused: true })),
    );
  expect(wrong).toEqual([]);
  expect(await storedFiles()).toEqual(before);
}

describe('a form that is none', () => {
  test.each([
    ['no boundary', 'multipart/form-data'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['another boundary', 'multipart/form-data; boundary=other'],
    ['a boundary of 5000 characters', `multipart/form-data; boundary=${'b'.repeat(5000)}`],
    ['a boundary in broken quotes', 'multipart/form-data; boundary="x'],
    ['another kind of multipart', `multipart/mixed; boundary=${boundary}`],
  ])('%s', async (what, type) => {
    await expectRefused(what, form(file()), { 'content-type': type });
  });

  const whole = form(field('title', 'Lettre'), file());
  test.each([
    ['nothing at all', Buffer.alloc(0)],
    ['only the end', end],
    ['cut in the first line', whole.subarray(0, 5)],
    ['cut in the header of a part', whole.subarray(0, 40)],
    ['cut in the header of the file', whole.subarray(0, whole.indexOf('filename') + 4)],
    ['cut in the file', whole.subarray(0, whole.length - end.length - 4)],
    ['cut before the end', whole.subarray(0, whole.length - end.length)],
    ['no header at all', Buffer.from(`--${boundary}\r\n\r\nbody\r\n--${boundary}--\r\n`)],
    ['a header of 100 KB', form(part(`name="${'n'.repeat(100_000)}"`), file())],
    ['JSON', Buffer.from('{"title":"x"}')],
    ['bytes', Buffer.alloc(1000, 0xff)],
  ])('%s', async (what, payload) => {
    await expectRefused(what, payload);
  });

  test('JSON, text and forms of other kinds where a file is expected', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/octet-stream',
      'application/json',
    ])
      await expectRefused(type, Buffer.from('file=x'), { 'content-type': type });
    for (const [name, body] of Object.entries(brokenBodies)) {
      const wrong = await world.attempt({
        operation: replace,
        what: name,
        url: replace.path,
        headers: { 'content-type': 'application/json' },
        payload: body,
        refused: true,
      });
      expect(wrong).toEqual([]);
    }
  });

  test('a form where JSON is expected', async () => {
    const wrong: string[] = [];
    for (const operation of world.operations.filter((one) => one.body && !one.form)) {
      const o = { operation, what: 'a form', url: operation.path, headers: multipart, refused: true };
      if (operation.bodyRequired) wrong.push(...(await world.attempt({ ...o, payload: form(file()) })));
    }
    expect(wrong).toEqual([]);
  });
});

describe('a form with the wrong parts', () => {
  test.each<[string, () => Buffer]>([
    ['two files', () => form(file(), file())],
    ['three files', () => form(file(), file(), file())],
    ['no file', () => form(field('title', 'x'))],
    ['the file as text', () => form(field('file', 'x'))],
    ['the file under another name', () => form(part('name="document"; filename="a.txt"'))],
    ['a second file under another name', () => form(file(), part('name="attachment"; filename="a.txt"'))],
    ['an unknown field', () => form(field('nonsense', '1'), file())],
    ['an unknown field after the file', () => form(file(), field('owner_id', '1'))],
    ['__proto__', () => form(field('__proto__', '1'), file())],
    ['constructor', () => form(field('constructor', '1'), file())],
    ['toString', () => form(file(), field('toString', '1'))],
    ['a field with no name', () => form(part('name=""'), file())],
    ['a part with no name', () => form(part('filename="a.txt"'), file())],
    [
      '101 unknown fields',
      () => form(...Array.from({ length: 101 }, (_, at) => field(`f${at}`, '1')), file()),
    ],
    ['1000 fields', () => form(...Array.from({ length: 1000 }, () => field('tags', '1')), file())],
    ['one field of 100 KB', () => form(field('title', 'x'.repeat(100_000)), file())],
    ['NUL in a field', () => form(field('title', 'a\0b'), file())],
    ['NUL in the name of a field', () => form(field('ti\0tle', 'x'), file())],
    ['a field that is not UTF-8', () => form(field('title', Buffer.from([0x61, 0xff, 0xfe])), file())],
    ['a title twice', () => form(field('title', 'a'), field('title', 'b'), file())],
    ['an amount that is none', () => form(field('amount', 'NaN'), file())],
    ['a huge amount', () => form(field('amount', '1e308'), file())],
    ['an amount in hexadecimal', () => form(field('amount', '0x10'), file())],
    ['an id that is none', () => form(field('asn', '1.5'), file())],
    ['an id past the largest', () => form(field('correspondent_id', '99999999999999999999'), file())],
    ['a type that is not there', () => form(field('document_type_id', '2147483647'), file())],
    ['tags cut short', () => form(field('tags', '[1,'), file())],
    ['tags that are an object', () => form(field('tags', '[{"id":1}]'), file())],
    ['tags nested deeply', () => form(field('tags', '['.repeat(30_000) + ']'.repeat(30_000)), file())],
    ['a date that is none', () => form(field('document_date', '2023-02-29'), file())],
    ['a currency that is none', () => form(field('currency', 'XYZW'), file())],
  ])('%s', async (what, payload) => {
    await expectRefused(what, payload());
  });
});

describe('a file with a hostile name', () => {
  test.each<[string, string | Buffer]>([
    ['none', ''],
    ['two dots', '..'],
    ['a folder up', '../'],
    ['NUL', 'a\0.txt'],
    ['not UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x2e, 0x74])],
    ['2000 characters', `${'n'.repeat(2000)}.txt`],
  ])('is refused: %s', async (what, name) => {
    await expectRefused(what, form(file(name)));
  });

  test.each<[string, string, string]>([
    ['a path up', '../../../etc/passwd', 'passwd'],
    ['a path of Windows', 'C:\\\\temp\\\\a.txt', 'a.txt'],
    ['300 characters', `${'é'.repeat(296)}.txt`, `${'é'.repeat(296)}.txt`],
    ['a device of Windows', 'CON', 'CON'],
    ['nothing but dots and spaces', ' . . ', ' . . '],
    ['an emoji and a change of direction', '\u202efdp.\u{1f4c4}', '\u202efdp.\u{1f4c4}'],
    ['markup', '<img src=x>', '<img src=x>'],
    ['a percent sign', '%2e%2e%2fa', '%2e%2e%2fa'],
  ])('is kept as data, and filed under a safe one: %s', async (_what, name, original) => {
    const { t } = world;
    const member = await t.member();
    const { status, body } = await member.post('/documents', form(file(name)), multipart);
    expect(status).toBe(201);
    expect(body.data.original_filename).toBe(original);
    expect(body.data.file_path).toMatch(/^\d{4}\/\d\d\/autres\/[^/\\<>:"|?*]+$/);
    expect(Buffer.byteLength(body.data.filename)).toBeLessThanOrEqual(255);
    const got = await member.get(`/documents/${body.data.id}/download`);
    expect(got.status).toBe(200);
    expect(String(got.headers['content-disposition'])).toMatch(/^attachment; filename/);
    expect((await member.get(`/documents/${body.data.id}/versions`)).status).toBe(200);
    expect((await member.get('/documents')).status).toBe(200);
  });
});
