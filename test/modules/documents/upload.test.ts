import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { encode, form, pdf, png, upload, uploaded } from './papers.ts';

let server: TestApp;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await startTestApp();
  alice = await server.member('alice');
  bob = await server.member('bob');
});
afterAll(() => server.close());

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const temporaries = () => readdir(server.services.store.temporaries).catch(() => []);
const stored = (hash: string) => readFile(server.services.store.path(hash));

describe('a paper that is uploaded', () => {
  test('is answered with everything that was said of it and where it is filed', async () => {
    const bytes = pdf('facture');
    const answer = await upload(alice, {
      name: 'Facture EDF.pdf',
      bytes,
      fields: {
        title: ' Facture de janvier ',
        document_type_id: '2',
        document_date: '2026-01-21',
        amount: '100.50',
        currency: 'eur',
        asn: '123',
        correspondent_id: '',
      },
    });
    expect(answer.status).toBe(201);
    const { data } = answer.body;
    expect(data).toMatchObject({
      title: 'Facture de janvier',
      filename: 'Facture EDF.pdf',
      original_filename: 'Facture EDF.pdf',
      file_path: '2026/01/factures/Facture EDF.pdf',
      file_size: bytes.length,
      mime_type: 'application/pdf',
      document_type_id: 2,
      document_type_code: 'invoice',
      document_type_label: 'Facture',
      correspondent_id: null,
      correspondent_name: null,
      document_date: '2026-01-21',
      amount: 100.5,
      currency: 'EUR',
      asn: 123,
      owner_id: alice.id,
      sha256: sha256(bytes),
      version: 1,
      validation_status: 'na',
      text_status: 'pending',
      trashed_at: null,
      tags: [],
    });
    expect(data.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(answer.headers.location).toBe(`/api/v1/documents/${data.id}`);
    expect(answer.headers.etag).toBe(`"${data.id}-1"`);
    expect(await stored(data.sha256)).toEqual(bytes);
  });

  test('is an ordinary one by default: type other, francs, its name for a title, this month', async () => {
    const data = await uploaded(alice, { name: 'Relevé 3.png', bytes: png() });
    const now = new Date();
    const month = `${now.getFullYear()}/${String(now.getMonth() + 1).padStart(2, '0')}`;
    expect(data).toMatchObject({
      title: 'Relevé 3',
      document_type_code: 'other',
      currency: 'CHF',
      mime_type: 'image/png',
      text_status: 'none',
      file_path: `${month}/autres/Relevé 3.png`,
    });
  });

  test('may have its fields after the file, and its tags in any of three forms', async () => {
    const [urgent, paid] = await Promise.all(
      ['Urgent', 'Payé'].map((name) => server.db.tag.create({ data: { name, color: '#ff0000' } })),
    );
    const shown = [
      { id: paid?.id, name: 'Payé', color: '#ff0000' },
      { id: urgent?.id, name: 'Urgent', color: '#ff0000' },
    ];
    for (const values of [
      [`[${urgent?.id}, ${paid?.id}]`],
      [`${urgent?.id},${paid?.id}`],
      [`${urgent?.id}`, `${paid?.id}`],
    ]) {
      const data = new FormData();
      data.append('file', new Blob([new Uint8Array(pdf())]), 'a.pdf');
      for (const value of values) data.append('tags', value);
      data.append('title', 'Après');
      const { payload, headers } = await encode(data);
      const answer = await alice.post('/documents', payload, headers);
      expect(answer.body.data).toMatchObject({ title: 'Après', tags: shown });
    }
  });

  test.each([
    ['not what its name says', 'photo.pdf', png(), 'image/png', 'none'],
    ['broken', 'broken.pdf', Buffer.from([0x25, 0x50, 0x00, 0xff, 0xfe]), 'application/octet-stream', 'none'],
    ['cut off', 'cut.docx', Buffer.from('PK\x03\x04\x14\0\x06', 'latin1'), undefined, 'none'],
    ['empty', 'empty.pdf', Buffer.alloc(0), 'application/octet-stream', 'none'],
    ['plain text', 'notes.md', Buffer.from('# Été\n'), 'text/markdown', 'pending'],
    ['a table', 'liste.csv', Buffer.from('a;b\n1;2\n'), 'text/csv', 'pending'],
    ['text that calls itself a PDF', 'texte.pdf', Buffer.from('bonjour'), 'text/plain', 'pending'],
    ['nothing known', 'data.bin', Buffer.from([0, 1, 2, 3]), 'application/octet-stream', 'none'],
  ])('is kept and filed when it is %s', async (_what, name, bytes, mimeType, textStatus) => {
    const data = await uploaded(alice, { name, bytes });
    expect(data).toMatchObject({ filename: name, file_size: bytes.length, text_status: textStatus });
    if (mimeType) expect(data.mime_type).toBe(mimeType);
    expect(await stored(data.sha256)).toEqual(bytes);
  });

  test('never shares a path with another one, whatever their case', async () => {
    const fields = { document_date: '2019-05-01' };
    const one = await uploaded(alice, { name: 'Scan.pdf', fields });
    const two = await uploaded(bob, { name: 'scan.PDF', fields });
    expect(one.file_path).toBe('2019/05/autres/Scan.pdf');
    expect(two.file_path).toBe(`2019/05/autres/scan-${two.id}.PDF`);
    const elsewhere = await uploaded(bob, { name: 'scan.pdf', fields: { document_date: '2019-06-01' } });
    expect(elsewhere.filename).toBe('scan.pdf');
  });

  test('gives way to a copy of another paper that a target still holds at its path', async () => {
    const target = await server.db.syncTarget.create({
      data: { name: 'old-nas', type: 'smb', enabled: false, options: {} },
    });
    const held = {
      heldPath: '2018/01/autres/x.pdf',
      heldKey: '2018/01/AUTRES/X.PDF',
      heldVersion: 1,
      heldSha256: 'a'.repeat(64),
    };
    await server.db.syncCopy.create({
      data: { targetId: target.id, documentId: 999_999, state: 'kept', ...held },
    });
    await server.db.syncCopy.create({
      data: {
        targetId: target.id,
        documentId: 999_998,
        sendingPath: '2018/01/autres/y.pdf',
        sendingKey: '2018/01/AUTRES/Y.PDF',
      },
    });
    for (const name of ['x', 'y']) {
      const data = await uploaded(alice, { name: `${name}.pdf`, fields: { document_date: '2018-01-31' } });
      expect(data.filename).toBe(`${name}-${data.id}.pdf`);
    }
    const other = await uploaded(alice, {
      name: 'x.pdf',
      fields: { document_date: '2018-01-31', document_type_id: '2' },
    });
    expect(other.file_path).toBe('2018/01/factures/x.pdf');
    await server.db.syncTarget.delete({ where: { id: target.id } });
  });

  test('has a path of its own even when twenty of one name arrive at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        uploaded(alice, { name: 'lot.pdf', fields: { document_date: '2017-01-01' } }),
      ),
    );
    expect(new Set(answers.map((data) => data.file_path)).size).toBe(20);
  });

  test('is pending on every target at once', async () => {
    const target = await server.db.syncTarget.create({
      data: { name: 'nas', type: 'smb', enabled: false, options: {} },
    });
    const { id } = await uploaded(alice);
    expect(await server.db.syncCopy.findMany({ where: { documentId: id } })).toMatchObject([
      { state: 'pending' },
    ]);
    await server.db.syncTarget.delete({ where: { id: target.id } });
  });
});

describe('the name of an uploaded file', () => {
  async function named(filename: Buffer): Promise<{ status: number; original: string; filed: string }> {
    const payload = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="'),
      filename,
      Buffer.from('"\r\nContent-Type: application/pdf\r\n\r\n'),
      pdf(),
      Buffer.from('\r\n--b--\r\n'),
    ]);
    const answer = await alice.post('/documents', payload, {
      'content-type': 'multipart/form-data; boundary=b',
    });
    return {
      status: answer.status,
      original: answer.body.data?.original_filename,
      filed: answer.body.data?.filename,
    };
  }

  test('loses any path before it', async () => {
    for (const name of ['../../etc/passwd', 'C:\\Users\\eve\\passwd', '/passwd']) {
      expect(await named(Buffer.from(name))).toMatchObject({ status: 201, original: 'passwd' });
    }
  });

  test('keeps its accents, in NFC on the targets', async () => {
    expect(await named(Buffer.from('Cafe\u0301 crème.pdf'))).toMatchObject({
      status: 201,
      filed: 'Café crème.pdf',
    });
  });

  test.each([
    ['is not UTF-8', Buffer.from([0x61, 0xe9, 0x2e, 0x70, 0x64, 0x66])],
    ['holds a NUL', Buffer.from('a\0b.pdf')],
    ['is empty', Buffer.alloc(0)],
    ['is a folder', Buffer.from('..')],
    ['has no end', Buffer.from('x'.repeat(2000))],
  ])('is refused when it %s', async (_what, filename) => {
    expect((await named(filename)).status).toBe(400);
    expect(await temporaries()).toEqual([]);
  });
});

describe('a form that is not in order', () => {
  test.each([
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['an unknown type', { document_type_id: '99999' }, 'document_type_id'],
    ['a type that is no number', { document_type_id: 'invoice' }, 'document_type_id'],
    ['an unknown correspondent', { correspondent_id: '99999' }, 'correspondent_id'],
    ['an unknown tag', { tags: '99999' }, 'tags'],
    ['a tag that is none', { tags: '[1,' }, 'tags.0'],
    ['an impossible date', { document_date: '2026-02-30' }, 'document_date'],
    ['the year 0', { document_date: '0000-01-01' }, 'document_date'],
    ['three decimals', { amount: '1.005' }, 'amount'],
    ['thirteen digits', { amount: '1000000000000' }, 'amount'],
    ['a currency that is none', { currency: 'ABC' }, 'currency'],
    ['an archive number past the last', { asn: '2147483648' }, 'asn'],
    ['a title of 256 letters', { title: 'x'.repeat(256) }, 'title'],
    ['a title with a NUL', { title: 'a\0b' }, 'title'],
  ])('%s is a 400 that names the field, and nothing stays', async (_what, fields, field) => {
    const bytes = pdf();
    const answer = await upload(alice, { bytes, fields: fields as Record<string, string> });
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors)).toEqual([field]);
    expect(await temporaries()).toEqual([]);
    await expect(stored(sha256(bytes))).rejects.toThrow('ENOENT');
  });

  test('amounts are exact to the last of fourteen digits', async () => {
    const data = await uploaded(alice, { fields: { amount: '-999999999999.99' } });
    expect(data.amount).toBe(-999_999_999_999.99);
    const [row] = await server.db.$queryRaw<
      { amount: string }[]
    >`SELECT amount::text FROM documents WHERE id = ${data.id}`;
    expect(row?.amount).toBe('-999999999999.99');
  });

  test('no file, two files or a file under another name are a 400', async () => {
    const file = () => new Blob([new Uint8Array(pdf())]);
    const none = new FormData();
    none.append('title', 'x');
    const two = new FormData();
    two.append('file', file(), 'a.pdf');
    two.append('file', file(), 'b.pdf');
    const other = new FormData();
    other.append('document', file(), 'a.pdf');
    for (const data of [none, two, other]) {
      const { payload, headers } = await encode(data);
      const answer = await alice.post('/documents', payload, headers);
      expect(answer.status).toBe(400);
      expect(answer.body.errors.file).toBeDefined();
    }
    expect(await temporaries()).toEqual([]);
  });

  test('an archive number belongs to one document', async () => {
    await uploaded(alice, { fields: { asn: '777' } });
    const answer = await upload(bob, { fields: { asn: '777' } });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'documents.asn_taken', errors: { asn: ['Déjà pris'] } });
  });

  test.each([
    ['cut off in the file', (whole: Buffer) => whole.subarray(0, whole.length - 200)],
    ['without its last boundary', (whole: Buffer) => whole.subarray(0, whole.length - 8)],
    ['of garbage', () => randomBytes(500)],
    ['with nothing in it', () => Buffer.alloc(0)],
  ])('a form %s is a 400, and nothing stays', async (_what, damage) => {
    const { payload, headers } = await form({});
    const answer = await alice.post('/documents', damage(payload), headers);
    expect(answer.status).toBe(400);
    expect(await temporaries()).toEqual([]);
  });

  test('another type of body is a 415, none at all a 400', async () => {
    expect((await alice.post('/documents', Buffer.from('x'), { 'content-type': 'text/plain' })).status).toBe(
      415,
    );
    expect((await alice.post('/documents')).status).toBe(400);
    expect((await alice.post('/documents', pdf(), { 'content-type': 'multipart/form-data' })).status).toBe(
      400,
    );
  });

  test('nobody uploads without a session', async () => {
    expect((await upload(server.nobody)).status).toBe(401);
    expect(await temporaries()).toEqual([]);
  });
});

describe('the same bytes again', () => {
  test('are a 409 with the document that has them', async () => {
    const bytes = pdf();
    const { id } = await uploaded(alice, { bytes });
    const again = await upload(alice, { name: 'other.pdf', bytes });
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: 'documents.duplicate', document_id: id });
    expect(again.body.trashed).toBeUndefined();
    expect(await stored(sha256(bytes))).toEqual(bytes);
    expect(await temporaries()).toEqual([]);
  });

  test('are a 409 that says so when that document is in the trash', async () => {
    const bytes = pdf();
    const { id } = await uploaded(alice, { bytes });
    await alice.delete(`/documents/${id}`);
    expect((await upload(alice, { bytes })).body).toMatchObject({ document_id: id, trashed: true });
  });

  test('are another document to someone who may not see the first', async () => {
    const bytes = pdf();
    const first = await uploaded(alice, { bytes });
    const second = await uploaded(bob, { bytes });
    expect(second.id).not.toBe(first.id);
    expect((await upload(server.admin, { bytes })).body.document_id).toBe(first.id);
  });

  test('at once are one 201 and one 409', async () => {
    for (let round = 0; round < 10; round += 1) {
      const bytes = pdf();
      const answers = await Promise.all([upload(alice, { bytes }), upload(alice, { bytes })]);
      expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
      const [made, refused] = answers[0]?.status === 201 ? answers : answers.toReversed();
      expect(refused?.body.document_id).toBe(made?.body.data.id);
      expect(await stored(sha256(bytes))).toEqual(bytes);
    }
    expect(await temporaries()).toEqual([]);
  });
});

describe('an upload with an Idempotency-Key', () => {
  test('is answered the same again, to the letter, and makes one document', async () => {
    const bytes = pdf();
    const headers = { 'idempotency-key': 'retry-1' };
    const first = await upload(alice, { bytes, headers });
    const second = await upload(alice, { bytes, headers });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.bytes).toEqual(first.bytes);
    expect(second.headers.etag).toBe(first.headers.etag);
    expect(second.headers.location).toBe(first.headers.location);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(await temporaries()).toEqual([]);
  });

  test('is one document when the retry comes while the first is under way', async () => {
    for (let round = 0; round < 10; round += 1) {
      const paper = { bytes: pdf(), headers: { 'idempotency-key': `at-once-${round}` } };
      const answers = await Promise.all([upload(alice, paper), upload(alice, paper)]);
      expect(answers.map((answer) => answer.status)).toEqual([201, 201]);
      expect(answers[0]?.body).toEqual(answers[1]?.body);
      expect(answers.filter((answer) => answer.headers['idempotency-replayed'])).toHaveLength(1);
    }
  });

  test('is refused for other content, and free for another user', async () => {
    const headers = { 'idempotency-key': 'mine' };
    const bytes = pdf();
    await uploaded(alice, { bytes, headers });
    const other = await upload(alice, { headers });
    expect(other.status).toBe(409);
    expect(other.body.code).toBe('documents.idempotency_key_reused');
    expect((await upload(alice, { bytes, headers, fields: { title: 'Other' } })).status).toBe(409);
    expect((await upload(bob, { headers })).status).toBe(201);
  });

  test('makes the document anew when it was deleted for good meanwhile', async () => {
    const paper = { bytes: pdf(), headers: { 'idempotency-key': 'content-hash' } };
    const first = await upload(alice, paper);
    await server.admin.delete(`/documents/${first.body.data.id}?permanent=true`);
    const again = await upload(alice, paper);
    expect(again.status).toBe(201);
    expect(again.headers['idempotency-replayed']).toBeUndefined();
    expect((await alice.get(`/documents/${again.body.data.id}/download`)).bytes).toEqual(paper.bytes);
  });

  test('does not keep a refusal', async () => {
    const headers = { 'idempotency-key': 'second-chance' };
    expect((await upload(alice, { headers, fields: { asn: '777' } })).status).toBe(409);
    expect((await upload(alice, { headers })).status).toBe(201);
  });

  test.each(['', ' ', 'a b', 'é', 'x'.repeat(256)])('is a 400 with the key %j', async (key) => {
    const answer = await upload(alice, { headers: { 'idempotency-key': key } });
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('documents.bad_idempotency_key');
  });
});

test('a sender that goes away leaves nothing behind', async () => {
  const base = new URL(await server.listen());
  const before = await server.db.document.count();
  const sender = request({
    host: base.hostname,
    port: base.port,
    path: '/api/v1/documents',
    method: 'POST',
    headers: {
      cookie: alice.cookie,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': '10000000',
    },
  });
  sender.on('error', () => undefined);
  sender.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n');
  sender.write(Buffer.alloc(300_000, 7));
  while ((await temporaries()).length === 0) await delay(5);
  expect(path.basename((await temporaries())[0] ?? '')).toMatch(
    new RegExp(`^${server.services.presence.instanceId}-`),
  );
  sender.destroy();
  while ((await temporaries()).length > 0) await delay(5);
  expect(await server.db.document.count()).toBe(before);
});
