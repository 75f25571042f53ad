import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { uploaded } from '../documents/papers.ts';

let server: TestApp;
let alice: Client;

beforeAll(async () => {
  server = await startTestApp();
  alice = await server.member('alice');
});
afterAll(() => server.close());

const made = async (code: string, folder = code) =>
  (await server.admin.post('/document-types', { code, label: code, folder })).body.data;

test('four types are there from the start, each with its folder', async () => {
  const { body } = await alice.get('/document-types');
  expect(
    Object.fromEntries(body.data.map((type: { code: string; folder: string }) => [type.code, type.folder])),
  ).toEqual({
    receipt: 'tickets',
    invoice: 'factures',
    payslip: 'salaires',
    other: 'autres',
  });
});

test('everybody reads them, administrators change them', async () => {
  const type = await made('contract', 'contrats');
  expect((await alice.get(`/document-types/${type.id}`)).body.data).toEqual(type);
  expect((await alice.post('/document-types', { code: 'x', label: 'X', folder: 'x' })).status).toBe(403);
  expect((await alice.put(`/document-types/${type.id}`, { label: 'X' })).status).toBe(403);
  expect((await alice.delete(`/document-types/${type.id}`)).status).toBe(403);
  expect((await server.nobody.get('/document-types')).status).toBe(401);
  expect((await alice.get('/document-types/99999')).status).toBe(404);
  expect((await server.admin.put('/document-types/99999', {})).status).toBe(404);
  expect((await server.admin.delete('/document-types/99999')).status).toBe(404);
});

test('a new type is answered with its address and files documents under its folder', async () => {
  const answer = await server.admin.post('/document-types', {
    code: 'letter',
    label: ' Lettre ',
    folder: 'Courrier été',
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.location).toBe(`/api/v1/document-types/${answer.body.data.id}`);
  expect(answer.body.data.label).toBe('Lettre');
  const fields = { document_type_id: `${answer.body.data.id}`, document_date: '2026-01-01' };
  expect((await uploaded(alice, { name: 'a.pdf', fields })).file_path).toBe('2026/01/Courrier été/a.pdf');
});

test.each<[object, string]>([
  [{ code: 'Big', label: 'x', folder: 'x' }, 'code'],
  [{ code: 'x', label: ' ', folder: 'x' }, 'label'],
  ...['', '.', '..', 'a/b', 'a\\b', '.hidden', 'dot.', 'CON', 'a:b', 'a\u202eb', 'x'.repeat(101)].map(
    (folder): [object, string] => [{ code: 'x', label: 'x', folder }, 'folder'],
  ),
  [{ code: 'x', label: 'x', folder: 'x', id: 7 }, 'id'],
])('%j is refused', async (body, field) => {
  const answer = await server.admin.post('/document-types', body);
  expect(answer.status).toBe(400);
  expect(Object.keys(answer.body.errors)).toEqual([field]);
});

describe('a code', () => {
  test('belongs to one type', async () => {
    await made('unique');
    const other = await made('free');
    const again = await server.admin.post('/document-types', { code: 'unique', label: 'x', folder: 'x' });
    expect(again).toMatchObject({ status: 409, body: { code: 'document_types.code_taken' } });
    expect((await server.admin.put(`/document-types/${other.id}`, { code: 'unique' })).status).toBe(409);
    expect((await server.admin.put(`/document-types/${other.id}`, { code: 'freed' })).body.data.code).toBe(
      'freed',
    );
  });

  test('of a built-in type stays, its label and folder may change', async () => {
    expect((await server.admin.put('/document-types/1', { code: 'ticket' })).body.code).toBe(
      'document_types.built_in',
    );
    const changed = await server.admin.put('/document-types/1', {
      label: 'Reçu',
      folder: 'recus',
      code: 'receipt',
    });
    expect(changed.body.data).toMatchObject({ code: 'receipt', label: 'Reçu', folder: 'recus' });
  });
});

describe('another folder', () => {
  test('moves every document of the type, and the targets are told', async () => {
    await server.db.syncTarget.create({ data: { name: 'nas', type: 'smb', enabled: false, options: {} } });
    const type = await made('moving', 'avant');
    const fields = { document_type_id: `${type.id}`, document_date: '2026-01-01' };
    const papers = [await uploaded(alice, { fields }), await uploaded(alice, { fields })];
    await server.db.syncCopy.deleteMany();
    await server.admin.put(`/document-types/${type.id}`, { folder: 'après' });
    const copies = await server.db.syncCopy.findMany({ orderBy: { documentId: 'asc' } });
    expect(copies.map((copy) => [copy.documentId, copy.state])).toEqual(
      papers.map(({ id }) => [id, 'pending']),
    );
    const { body } = await alice.get(`/documents/${papers[0].id}`);
    expect(body.data.file_path).toBe('2026/01/après/scan.pdf');
  });

  test('gives another name to what would lie where a target holds another document', async () => {
    const type = await made('moved', 'ancien');
    const fields = { document_type_id: `${type.id}`, document_date: '2022-01-01' };
    const blocked = await uploaded(alice, { name: 'Été.pdf', fields });
    const free = await uploaded(alice, { name: 'libre.pdf', fields });
    const target = await server.db.syncTarget.create({
      data: { name: 'old', type: 'smb', enabled: false, options: {} },
    });
    const held = { heldPath: '2022/01/Nouveau/été.pdf', heldKey: '2022/01/NOUVEAU/ÉTÉ.PDF', heldVersion: 1 };
    await server.db.syncCopy.create({
      data: { targetId: target.id, documentId: 999_999, state: 'kept', ...held, heldSha256: 'a'.repeat(64) },
    });
    await server.admin.put(`/document-types/${type.id}`, { folder: 'Nouveau' });
    const path = async (id: number) => (await alice.get(`/documents/${id}`)).body.data.file_path;
    expect(await path(blocked.id)).toBe(`2022/01/Nouveau/Été-${blocked.id}.pdf`);
    expect(await path(free.id)).toBe('2022/01/Nouveau/libre.pdf');
  });
});

describe('a type', () => {
  test('is removed only when no document has it, in the trash or not', async () => {
    const type = await made('short_lived');
    const { id } = await uploaded(alice, { fields: { document_type_id: `${type.id}` } });
    await alice.delete(`/documents/${id}`);
    const refused = await server.admin.delete(`/document-types/${type.id}`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'document_types.in_use' } });
    expect(refused.body.message).toContain('1 document');
    await server.admin.delete(`/documents/${id}?permanent=true`);
    expect((await server.admin.delete(`/document-types/${type.id}`)).status).toBe(200);
    expect((await alice.get(`/document-types/${type.id}`)).status).toBe(404);
  });

  test('is never removed when it is `other`', async () => {
    expect((await server.admin.delete('/document-types/4')).body.code).toBe('document_types.built_in');
  });
});
