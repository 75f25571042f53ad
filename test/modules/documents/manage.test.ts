import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { pdf, png, replace, upload, uploaded } from './papers.ts';

let server: TestApp;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await startTestApp();
  alice = await server.member('alice');
  bob = await server.member('bob');
  await server.db.syncTarget.create({ data: { name: 'nas', type: 'smb', enabled: false, options: {} } });
});
afterAll(() => server.close());

/** How often the document was made pending on the target. */
async function enqueued(documentId: number): Promise<number> {
  const [row] = await server.db.$queryRaw<{ generation: number }[]>`
    SELECT generation FROM sync_copies WHERE document_id = ${documentId}`;
  return row?.generation ?? -1;
}

const isKept = (sha256: string) =>
  readFile(server.services.store.path(sha256)).then(
    () => true,
    () => false,
  );

describe('a document', () => {
  test('is read by its owner and by administrators; to others it is not there', async () => {
    const { id } = await uploaded(alice);
    expect((await alice.get(`/documents/${id}`)).headers.etag).toBe(`"${id}-1"`);
    expect((await server.admin.get(`/documents/${id}`)).status).toBe(200);
    for (const call of [
      bob.get(`/documents/${id}`),
      bob.put(`/documents/${id}`, { title: 'x' }),
      bob.delete(`/documents/${id}`),
      bob.post(`/documents/${id}/restore`),
      bob.get(`/documents/${id}/versions`),
      replace(bob, id),
      alice.get('/documents/99999999'),
    ]) {
      expect(await call).toMatchObject({
        status: 404,
        body: { success: false, code: 'documents.not_found' },
      });
    }
    for (const bad of ['abc', '0', '-1', '1.5', '99999999999'])
      expect((await alice.get(`/documents/${bad}`)).status).toBe(400);
  });

  test('is changed field by field, and emptied by null', async () => {
    const who = await server.db.correspondent.create({ data: { name: 'EDF' } });
    const tag = await server.db.tag.create({ data: { name: 'Important', color: '#ff0000' } });
    const { id } = await uploaded(alice, {
      name: 'edf.pdf',
      fields: { document_date: '2026-01-02', amount: '5' },
    });
    const changed = await alice.put(`/documents/${id}`, {
      title: 'Nouveau',
      correspondent_id: who.id,
      tags: [tag.id, tag.id],
    });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).toBe(`"${id}-2"`);
    expect(changed.body.data).toMatchObject({
      title: 'Nouveau',
      correspondent_name: 'EDF',
      amount: 5,
      document_date: '2026-01-02',
      tags: [{ id: tag.id, name: 'Important', color: '#ff0000' }],
    });
    const emptied = await alice.put(`/documents/${id}`, {
      correspondent_id: null,
      amount: null,
      document_date: null,
      tags: [],
    });
    expect(emptied.body.data).toMatchObject({
      title: 'Nouveau',
      correspondent_id: null,
      correspondent_name: null,
      amount: null,
      document_date: null,
      tags: [],
    });
  });

  test('keeps its validator when a change changes nothing', async () => {
    const { id } = await uploaded(alice, { fields: { amount: '12.30', document_date: '2026-01-02' } });
    for (const body of [
      {},
      { amount: 12.3 },
      { title: 'scan', document_date: '2026-01-02', tags: [], asn: null },
    ]) {
      expect((await alice.put(`/documents/${id}`, body)).headers.etag).toBe(`"${id}-1"`);
    }
  });

  test('is not changed on the ground of a state it is no longer in', async () => {
    const { id } = await uploaded(alice);
    const put = (title: string, match: string) =>
      alice.put(`/documents/${id}`, { title }, { 'if-match': match });
    expect((await put('one', `"${id}-1"`)).status).toBe(200);
    for (const stale of [`"${id}-1"`, `W/"${id}-2"`, 'nonsense', '', `${id}-2`]) {
      expect(await put('two', stale)).toMatchObject({ status: 412, body: { code: 'documents.stale' } });
    }
    expect((await put('two', `"x", "${id}-2"`)).status).toBe(200);
    expect((await put('three', '*')).status).toBe(200);
    for (let revision = 4; revision < 9; revision += 1) {
      const all = await Promise.all(
        ['a', 'b', 'c', 'd', 'e'].map((x) => put(`${x}${revision}`, `"${id}-${revision}"`)),
      );
      expect(all.map((answer) => answer.status).sort()).toEqual([200, 412, 412, 412, 412]);
    }
  });

  test.each([
    [{ document_type_id: 99_999 }, 'document_type_id'],
    [{ correspondent_id: 99_999 }, 'correspondent_id'],
    [{ tags: [99_999] }, 'tags'],
    [{ title: '  ' }, 'title'],
    [{ title: null }, 'title'],
    [{ amount: 0.001 }, 'amount'],
    [{ amount: '5' }, 'amount'],
    [{ currency: 'XYZ' }, 'currency'],
    [{ document_date: '21.01.2026' }, 'document_date'],
    [{ file_path: '/etc/passwd' }, 'file_path'],
  ])('refuses %j', async (body, field) => {
    const { id } = await uploaded(alice);
    const answer = await alice.put(`/documents/${id}`, body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors)).toEqual([field]);
  });

  test('refuses an archive number that another has', async () => {
    await uploaded(alice, { fields: { asn: '5' } });
    const { id } = await uploaded(alice);
    expect(await alice.put(`/documents/${id}`, { asn: 5 })).toMatchObject({
      status: 409,
      body: { code: 'documents.asn_taken' },
    });
  });
});

describe('where a document is filed', () => {
  test('follows its date and its type, and the targets are told', async () => {
    const { id } = await uploaded(alice, { name: 'move.pdf', fields: { document_date: '2026-01-02' } });
    const before = await enqueued(id);
    const dated = await alice.put(`/documents/${id}`, { document_date: '2025-11-30' });
    expect(dated.body.data.file_path).toBe('2025/11/autres/move.pdf');
    expect(await enqueued(id)).toBe(before + 1);
    const typed = await alice.put(`/documents/${id}`, { document_type_id: 3 });
    expect(typed.body.data.file_path).toBe('2025/11/salaires/move.pdf');
    expect(await enqueued(id)).toBe(before + 2);
    await alice.put(`/documents/${id}`, { title: 'Ailleurs', document_date: '2025-11-01' });
    expect(await enqueued(id)).toBe(before + 2);
  });

  test('is another name where the month it moves to has that name already', async () => {
    await uploaded(alice, { name: 'same.pdf', fields: { document_date: '2024-02-01' } });
    const { id } = await uploaded(alice, { name: 'SAME.pdf', fields: { document_date: '2024-03-01' } });
    const moved = await alice.put(`/documents/${id}`, { document_date: '2024-02-29' });
    expect(moved.body.data.file_path).toBe(`2024/02/autres/SAME-${id}.pdf`);
  });
});

describe('a new version of the file', () => {
  test('takes the place of the old one, which is kept', async () => {
    const { id, sha256 } = await uploaded(alice, { name: 'v1.pdf', fields: { document_date: '2026-01-02' } });
    const before = await enqueued(id);
    const answer = await replace(alice, id, {
      name: 'v2.png',
      bytes: png(),
      headers: { 'if-match': `"${id}-1"` },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.etag).toBe(`"${id}-2"`);
    expect(answer.body.data).toMatchObject({
      version: 2,
      mime_type: 'image/png',
      text_status: 'none',
      original_filename: 'v2.png',
      file_path: '2026/01/autres/v2.png',
    });
    expect(await isKept(sha256)).toBe(true);
    expect(await enqueued(id)).toBe(before + 1);
    const versions = (await alice.get(`/documents/${id}/versions`)).body.data;
    expect(versions).toMatchObject([
      {
        version: 2,
        current: true,
        original_filename: 'v2.png',
        created_by: { id: alice.id, username: 'alice' },
      },
      { version: 1, current: false, original_filename: 'v1.pdf', sha256 },
    ]);
  });

  test('of the same name is filed under the name it had', async () => {
    await uploaded(alice, { name: 'twin.pdf', fields: { document_date: '2023-01-01' } });
    const { id, filename } = await uploaded(alice, {
      name: 'twin.pdf',
      fields: { document_date: '2023-01-01' },
    });
    expect(filename).toBe(`twin-${id}.pdf`);
    expect((await replace(alice, id, { name: 'twin.pdf' })).body.data.filename).toBe(filename);
  });

  test('is refused when the document has changed, when the bytes are known, and with other fields', async () => {
    const bytes = pdf();
    const { id } = await uploaded(alice, { bytes });
    const other = await uploaded(alice);
    expect((await replace(alice, id, { headers: { 'if-match': '"0-0"' } })).status).toBe(412);
    expect(await replace(alice, id, { bytes })).toMatchObject({ status: 409, body: { document_id: id } });
    expect(await replace(alice, other.id, { bytes })).toMatchObject({
      status: 409,
      body: { document_id: id },
    });
    expect((await replace(alice, id, { fields: { title: 'x' } })).body.errors).toHaveProperty('title');
    expect((await alice.put(`/documents/${id}/file`, { file_path: '/x' })).status).toBe(415);
    expect((await alice.get(`/documents/${id}`)).body.data.version).toBe(1);
  });

  test('may be an older one again', async () => {
    const bytes = pdf();
    const { id } = await uploaded(alice, { bytes });
    await replace(alice, id);
    expect((await replace(alice, id, { bytes })).body.data.version).toBe(3);
  });
});

describe('a document that is deleted', () => {
  test('goes to the trash, out of the list, and comes back', async () => {
    const { id } = await uploaded(alice, { name: 'gone.pdf' });
    const gone = await alice.delete(`/documents/${id}`);
    expect(gone.status).toBe(200);
    expect(gone.body.data.trashed_at).not.toBeNull();
    expect((await alice.delete(`/documents/${id}`)).headers.etag).toBe(gone.headers.etag);
    const listed = async (query: string) =>
      (await alice.get(`/documents?per_page=100${query}`)).body.data.map((row: { id: number }) => row.id);
    expect(await listed('')).not.toContain(id);
    expect(await listed('&trashed=true')).toContain(id);
    expect(await alice.put(`/documents/${id}`, { title: 'x' })).toMatchObject({
      status: 409,
      body: { code: 'documents.in_trash' },
    });
    expect((await replace(alice, id)).status).toBe(409);
    const back = await alice.post(`/documents/${id}/restore`);
    expect(back.body.data.trashed_at).toBeNull();
    expect(await listed('')).toContain(id);
    expect((await alice.post(`/documents/${id}/restore`)).headers.etag).toBe(back.headers.etag);
  });

  test('for good is an administrator’s doing: row, versions, tags and bytes go', async () => {
    const tag = await server.db.tag.create({ data: { name: 'Purge' } });
    const bytes = pdf();
    const { id, sha256 } = await uploaded(alice, { bytes, fields: { tags: `${tag.id}` } });
    const { body } = await replace(alice, id);
    expect((await alice.delete(`/documents/${id}?permanent=true`)).status).toBe(403);
    const purged = await server.admin.delete(`/documents/${id}?permanent=true`);
    expect(purged.status).toBe(200);
    expect(purged.body.data.id).toBe(id);
    expect((await server.admin.get(`/documents/${id}`)).status).toBe(404);
    expect(await isKept(sha256)).toBe(false);
    expect(await isKept(body.data.sha256)).toBe(false);
    expect(await enqueued(id)).toBe(-1);
    expect((await upload(alice, { bytes })).status).toBe(201);
  });

  test('for good leaves bytes that another document has', async () => {
    const bytes = pdf();
    const one = await uploaded(alice, { bytes });
    await uploaded(bob, { bytes });
    await server.admin.delete(`/documents/${one.id}?permanent=true`);
    expect(await isKept(one.sha256)).toBe(true);
  });

  test('for good while the same bytes are uploaded leaves no document without them', async () => {
    for (let round = 0; round < 25; round += 1) {
      const bytes = pdf();
      const { id, sha256 } = await uploaded(alice, { bytes });
      const [purged, again] = await Promise.all([
        server.admin.delete(`/documents/${id}?permanent=true`),
        upload(bob, { bytes }),
      ]);
      expect([purged.status, again.status]).toEqual([200, 201]);
      expect(await isKept(sha256)).toBe(true);
    }
  });
});

describe('the list', () => {
  let carol: Client;
  const ids: number[] = [];
  beforeAll(async () => {
    carol = await server.member('carol');
    const who = await server.db.correspondent.create({ data: { name: 'Swisscom' } });
    const tag = await server.db.tag.create({ data: { name: 'Liste' } });
    const papers = [
      {
        name: 'b.pdf',
        fields: { title: 'Éclair 100%', amount: '10', document_date: '2026-03-01', tags: `${tag.id}` },
      },
      {
        name: 'facture_swisscom.pdf',
        fields: { title: 'Zoo', amount: '9.99', correspondent_id: `${who.id}` },
      },
      { name: 'c.pdf', fields: { title: 'abricot', document_date: '2026-01-01', document_type_id: '2' } },
      { name: 'd.pdf', fields: { title: 'Eclair', amount: '-3' } },
    ];
    for (const paper of papers) ids.push((await uploaded(carol, paper)).id);
  });
  const places = async (query: string, client = carol) => {
    const answer = await client.get(`/documents?${query}`);
    expect(answer.status).toBe(200);
    return answer.body.data.map((row: { id: number }) => ids.indexOf(row.id) + 1);
  };

  test('is the newest first, in pages, with the total', async () => {
    const answer = await carol.get('/documents');
    expect(answer.body.pagination).toEqual({ page: 1, per_page: 20, total: 4, total_pages: 1 });
    expect(answer.body.data[0]).toEqual((await carol.get(`/documents/${ids[3]}`)).body.data);
    expect(await places('')).toEqual([4, 3, 2, 1]);
    expect(await places('per_page=3')).toEqual([4, 3, 2]);
    expect(await places('per_page=3&page=2')).toEqual([1]);
    const far = await carol.get('/documents?page=2147483647&per_page=100');
    expect(far.body).toMatchObject({ data: [], pagination: { page: 2_147_483_647, total: 4 } });
  });

  test('is in the order asked for, what has no value last', async () => {
    expect(await places('order_by=title&order=asc')).toEqual([3, 4, 1, 2]);
    expect(await places('order_by=id&order=ASC')).toEqual([1, 2, 3, 4]);
    expect(await places('order_by=amount&order=Asc')).toEqual([4, 2, 1, 3]);
    expect(await places('order_by=amount&order=DESC')).toEqual([1, 2, 4, 3]);
    expect((await places('order_by=document_date&order=desc')).slice(0, 2)).toEqual([1, 3]);
    expect((await places('order_by=document_date&order=asc')).slice(0, 2)).toEqual([3, 1]);
    expect(await places('order_by=updated_at&order=asc')).toEqual([1, 2, 3, 4]);
  });

  test('is narrowed by type, correspondent, tag, status and words', async () => {
    const [{ tags }] = [(await carol.get(`/documents/${ids[0]}`)).body.data];
    const { correspondent_id: who } = (await carol.get(`/documents/${ids[1]}`)).body.data;
    expect(await places('document_type_id=2')).toEqual([3]);
    expect(await places(`correspondent_id=${who}`)).toEqual([2]);
    expect(await places(`tag_id=${tags[0].id}`)).toEqual([1]);
    expect(await places('status=approved')).toEqual([]);
    expect(await places('status=na&search=zoo')).toEqual([2]);
    expect(await places('search=ABRI*')).toEqual([3]);
    expect(await places('search=swisscom')).toEqual([2]);
    expect(await places('search=eclairs')).toEqual([4, 1]);
    expect(await places(`search=${encodeURIComponent('100%')}`)).toEqual([1]);
    expect(await places(`search=${encodeURIComponent('%')}`)).toEqual([]);
    expect(await places('search=_')).toEqual([]);
    expect(await places(`search=${encodeURIComponent('\\')}`)).toEqual([]);
    expect(await places('search=')).toHaveLength(4);
  });

  test('is narrowed by creation, a date being that whole day', async () => {
    const at = (value: string, index: number) =>
      server.db.document.update({ where: { id: ids[index] ?? 0 }, data: { createdAt: new Date(value) } });
    await at('2020-05-01T00:00:00Z', 0);
    await at('2020-05-01T23:59:59.999Z', 1);
    await at('2020-05-02T00:00:00Z', 2);
    expect(await places('created_after=2020-05-01&created_before=2020-05-01&order=asc')).toEqual([1, 2]);
    expect(await places('created_before=2020-05-01T00:00:00Z')).toEqual([1]);
    expect(await places('created_after=2020-05-02&created_before=2020-05-31')).toEqual([3]);
    expect(
      await places(
        `created_after=${encodeURIComponent('2020-05-02T02:00:00+02:00')}&created_before=2020-06-01`,
      ),
    ).toEqual([3]);
    expect(await places('created_after=2020-05-02T00:00:00&created_before=2020-06-01')).toEqual([3]);
    expect(await places('created_after=9999-12-31')).toEqual([]);
    expect(await places('created_before=9999-12-31')).toHaveLength(4);
    expect(await places('created_after=0001-01-01')).toHaveLength(4);
  });

  test('is an administrator’s of all, a member’s of their own, totals too', async () => {
    const dora = await server.member('dora');
    expect((await dora.get('/documents')).body).toMatchObject({
      data: [],
      pagination: { total: 0, total_pages: 0 },
    });
    const all = await server.admin.get('/documents?per_page=1');
    expect(all.body.pagination.total).toBe(await server.db.document.count({ where: { trashedAt: null } }));
    expect((await server.admin.get('/documents?search=swisscom')).body.pagination.total).toBe(1);
    expect((await dora.get('/documents?search=swisscom')).body.pagination.total).toBe(0);
  });

  test.each([
    'page=0',
    'page=x',
    'page=1&page=2',
    'page=99999999999999999999',
    'per_page=101',
    'per_page=0',
    'order_by=owner_id',
    'order_by=title;drop table documents',
    'order=up',
    'document_type_id=abc',
    'tag_id=',
    'created_after=yesterday',
    'created_after=2026-02-30',
    'created_after=0000-01-01',
    'status=none',
    'trashed=maybe',
    'colour=red',
    'search=%00',
  ])('refuses %s', async (query) => {
    expect((await carol.get(`/documents?${query}`)).status).toBe(400);
  });
});
