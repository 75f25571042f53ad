import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { pdf, replace, upload, uploaded } from './papers.ts';

let t: TestApp;
let owner: Client;
let friend: Client;
let stranger: Client;
let id: number;

beforeAll(async () => {
  t = await startTestApp();
  owner = await t.member('owner');
  stranger = await t.member('stranger');
});
afterAll(() => t.close());
/** A new document of the owner's, and a new friend who sees nothing yet. */
beforeEach(async () => {
  friend = await t.member();
  ({ id } = await uploaded(owner, { name: 'bail.pdf', fields: { title: 'Bail du garage' } }));
});

const share = (access: string, { by = owner, to = friend } = {}) =>
  by.put(`/documents/${id}/shares/${to.id}`, { access });
const unshare = ({ by = owner, from = friend } = {}) => by.delete(`/documents/${id}/shares/${from.id}`);
const toldTo = (user: Client) =>
  t.db.notification.findMany({
    where: { userId: user.id },
    orderBy: { id: 'asc' },
    select: { kind: true, documentId: true, params: true },
  });
const auditOf = async (action: string) =>
  (await t.admin.get('/audit', { query: { action, object_type: 'document', object_id: String(id) } })).body
    .data;
/** What a user sees of the document, wherever something may be seen. */
async function seenBy(user: Client) {
  const statuses = await Promise.all(
    ['', '/download', '/preview', '/versions'].map(
      async (part) => (await user.get(`/documents/${id}${part}`)).status,
    ),
  );
  const { body } = await user.get('/documents?per_page=100');
  const listed = body.data.some((row: { id: number }) => row.id === id);
  return { statuses: [...new Set(statuses)], listed, total: body.pagination.total };
}

describe('a document that is shared', () => {
  test('to be read is seen and downloaded, and nothing else', async () => {
    expect(await seenBy(friend)).toEqual({ statuses: [404], listed: false, total: 0 });
    const answer = await share('read');
    expect(answer.status).toBe(201);
    const person = (user: Client) => ({ id: user.id, username: user.username, display_name: user.username });
    const shown = {
      user: { ...person(friend), is_active: true },
      access: 'read',
      shared_by: person(owner),
      created_at: expect.stringMatching(/Z$/),
    };
    expect(answer.body).toEqual({ success: true, data: shown });
    expect((await owner.get(`/documents/${id}/shares`)).body).toEqual({ success: true, data: [shown] });
    expect(await seenBy(friend)).toEqual({ statuses: [200], listed: true, total: 1 });
    expect((await friend.put(`/documents/${id}`, { title: 'À moi' })).status).toBe(403);
    expect((await replace(friend, id)).status).toBe(403);
    expect((await friend.delete(`/documents/${id}`)).status).toBe(403);
    expect((await owner.get(`/documents/${id}`)).body.data).toMatchObject({
      title: 'Bail du garage',
      version: 1,
      trashed_at: null,
    });
  });

  test('to be changed takes a new title and new versions from the other, but stays the owner’s', async () => {
    expect((await share('write')).body.data.access).toBe('write');
    expect((await friend.put(`/documents/${id}`, { title: 'Bail signé' })).status).toBe(200);
    expect((await replace(friend, id)).status).toBe(200);
    expect((await owner.get(`/documents/${id}`)).body.data).toMatchObject({
      title: 'Bail signé',
      version: 2,
      owner_id: owner.id,
    });
    const [newest] = (await owner.get(`/documents/${id}/versions`)).body.data;
    expect(newest.created_by.id).toBe(friend.id);
    for (const call of [
      () => friend.delete(`/documents/${id}`),
      () => friend.delete(`/documents/${id}?permanent=true`),
      () => friend.post(`/documents/${id}/restore`),
      () => friend.get(`/documents/${id}/shares`),
      () => share('read', { by: friend, to: stranger }),
      () => unshare({ by: friend, from: friend }),
    ])
      expect((await call()).status).toBe(403);
  });

  test('can be shared otherwise later; the other is told each time, and not when nothing changes', async () => {
    await share('write');
    expect((await share('read')).status).toBe(200);
    expect((await share('read')).status).toBe(200);
    expect((await owner.get(`/documents/${id}/shares`)).body.data).toMatchObject([{ access: 'read' }]);
    expect((await friend.put(`/documents/${id}`, { title: 'À moi' })).status).toBe(403);
    const told = {
      kind: 'document_shared',
      documentId: id,
      params: { title: 'Bail du garage', username: 'owner' },
    };
    expect(await toldTo(friend)).toEqual([told, told]);
    expect(await auditOf('shares.')).toMatchObject([
      { action: 'shares.set', user: { id: owner.id }, details: { user_id: friend.id, access: 'read' } },
      { action: 'shares.set', details: { user_id: friend.id, access: 'write' } },
    ]);
  });

  test('is gone for the other at once when the share ends', async () => {
    await share('write');
    expect((await unshare()).body.data).toMatchObject({ user: { id: friend.id }, access: 'write' });
    expect(await seenBy(friend)).toEqual({ statuses: [404], listed: false, total: 0 });
    expect((await friend.put(`/documents/${id}`, { title: 'À moi' })).status).toBe(404);
    expect((await unshare()).body).toMatchObject({ code: 'documents.not_shared' });
    const [refused, ended] = await auditOf('shares.remove');
    expect(refused).toMatchObject({ outcome: 'refused', details: { code: 'documents.not_shared' } });
    expect(ended).toMatchObject({ outcome: 'success', details: { user_id: friend.id } });
  });

  test('takes no file from the other that arrives after the share has ended', async () => {
    await share('write');
    const user = {
      id: friend.id,
      username: friend.username,
      displayName: friend.username,
      email: null,
      isAdmin: false,
      seesMore: true,
    };
    const send = async (whileItComes: () => Promise<unknown>) => {
      const received = await t.services.store.receive(Readable.from([pdf()]));
      await whileItComes();
      return t.services.documents.replaceFile({ id, user, received, originalFilename: 'bail.pdf' });
    };
    expect((await send(async () => undefined)).document.version).toBe(2);
    await expect(send(() => unshare())).rejects.toMatchObject({ status: 404 });
    expect((await owner.get(`/documents/${id}`)).body.data.version).toBe(2);
  });

  test('is gone for the other while it is in the trash, and back when it is restored', async () => {
    await share('write');
    await owner.delete(`/documents/${id}`);
    expect(await seenBy(friend)).toEqual({ statuses: [404], listed: false, total: 0 });
    expect((await friend.get('/documents?trashed=true')).body.pagination.total).toBe(0);
    expect((await friend.post(`/documents/${id}/restore`)).status).toBe(404);
    expect((await share('read')).body).toMatchObject({ code: 'documents.in_trash' });
    await owner.post(`/documents/${id}/restore`);
    expect(await seenBy(friend)).toMatchObject({ statuses: [200], listed: true });
  });

  test('goes for good with its shares', async () => {
    await share('read');
    expect((await t.admin.delete(`/documents/${id}?permanent=true`)).status).toBe(200);
    expect(await seenBy(friend)).toMatchObject({ statuses: [404], listed: false });
    expect(await t.db.documentShare.count({ where: { documentId: id } })).toBe(0);
  });
});

describe('sharing', () => {
  test('is for the owner and administrators; to who sees the document a 403, to others a 404', async () => {
    await share('read');
    const other = await t.member();
    for (const [by, status] of [
      [t.nobody, 401],
      [stranger, 404],
      [friend, 403],
      [t.admin, 201],
    ] as const) {
      expect((await share('write', { by, to: other })).status, by.username).toBe(status);
      expect((await by.get(`/documents/${id}/shares`)).status).toBe(status === 201 ? 200 : status);
      expect((await unshare({ by, from: other })).status).toBe(status === 201 ? 200 : status);
    }
  });

  test('needs an active user who is not the owner', async () => {
    const gone = await t.member();
    await t.admin.delete(`/users/${gone.id}`);
    const refused = async (userId: number) => (await share('read', { to: { ...friend, id: userId } })).body;
    expect(await refused(owner.id)).toMatchObject({
      code: 'request.invalid',
      errors: { userId: ['C’est le propriétaire du document'] },
    });
    for (const userId of [gone.id, 999_999])
      expect(await refused(userId)).toMatchObject({
        errors: { userId: ['Utilisateur inconnu ou désactivé'] },
      });
    expect((await owner.put(`/documents/${id}/shares/${friend.id}`, { access: 'own' })).status).toBe(400);
    expect((await owner.put(`/documents/${id}/shares/${friend.id}`, {})).status).toBe(400);
    expect((await owner.get(`/documents/${id}/shares`)).body.data).toEqual([]);
  });

  test('several times at once leaves one share, whose history is whole', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => share(at % 2 ? 'read' : 'write')),
    );
    expect(answers.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(1);
    const { body } = await owner.get(`/documents/${id}/shares`);
    expect(body.data).toHaveLength(1);
    const changes = await auditOf('shares.');
    expect(changes[0].details.access).toBe(body.data[0].access);
    expect(await toldTo(friend)).toHaveLength(changes.length);
  });

  test('picks from the active users, of whom everybody knows the names and no more', async () => {
    const gone = await t.member();
    await t.admin.delete(`/users/${gone.id}`);
    const { body, status } = await stranger.get('/users/directory?per_page=100');
    expect(status).toBe(200);
    expect(body.data).toContainEqual({ id: owner.id, username: 'owner', display_name: 'owner' });
    const ids = body.data.map((user: { id: number }) => user.id);
    expect(ids).toContain(friend.id);
    expect(ids).not.toContain(gone.id);
    expect(body.pagination.total).toBe(await t.db.user.count({ where: { isActive: true } }));
    expect((await stranger.get('/users/directory?per_page=1')).body.data).toHaveLength(1);
    expect((await t.nobody.get('/users/directory')).status).toBe(401);
  });
});

describe('of what is not shared, nothing is told', () => {
  test('the same bytes are a 409 that names the document only to who sees it', async () => {
    const bytes = pdf();
    const document = await uploaded(owner, { bytes });
    expect((await upload(stranger, { bytes })).status).toBe(201);
    id = document.id;
    await share('read');
    const answer = await upload(friend, { bytes });
    expect(answer).toMatchObject({ status: 409, body: { document_id: document.id } });
  });

  test('a new version whose bytes are those of a hidden document of the owner names none', async () => {
    const bytes = pdf();
    const hidden = await uploaded(owner, { bytes });
    await share('write');
    const answer = await replace(friend, id, { bytes });
    expect(answer.status).toBe(409);
    expect(answer.body).not.toHaveProperty('document_id');
    const { request_id: _, ...told } = answer.body;
    expect(JSON.stringify(told)).not.toContain(String(hidden.id));
  });

  test('tags and correspondents count it only for who sees it', async () => {
    const tag = (await owner.post('/tags', { name: `loyer ${id}` })).body.data;
    const from = (await owner.post('/correspondents', { name: `Régie ${id}` })).body.data;
    await owner.put(`/documents/${id}`, { tags: [tag.id], correspondent_id: from.id });
    const counts = async (user: Client) => {
      const read = async (path: string) => (await user.get(path)).body.data.document_count;
      return [await read(`/tags/${tag.id}`), await read(`/correspondents/${from.id}`)];
    };
    expect(await counts(friend)).toEqual([0, 0]);
    await share('read');
    expect(await counts(friend)).toEqual([1, 1]);
    await unshare();
    expect(await counts(friend)).toEqual([0, 0]);
  });

  test('a rule finds it only for who sees it, and changes it only for who may change it', async () => {
    const rule = { match: `garage-${id}`, matching_algorithm: 'exact' };
    await owner.put(`/documents/${id}`, { title: `Bail garage-${id}` });
    const tag = (await owner.post('/tags', { name: `garage ${id}`, ...rule })).body.data;
    const apply = async (user: Client, body = {}) =>
      (await user.post(`/tags/${tag.id}/apply`, body)).body.data;
    const tagged = async () => (await owner.get(`/documents/${id}`)).body.data.tags.length;
    expect(await apply(friend, { dry_run: true })).toEqual({ total: 0, changed: 0, documents: [] });
    await share('read');
    expect(await apply(friend, { dry_run: true })).toMatchObject({
      total: 1,
      changed: 0,
      documents: [{ id }],
    });
    expect(await apply(friend)).toMatchObject({ total: 1, changed: 0 });
    expect(await tagged()).toBe(0);
    await share('write');
    expect(await apply(friend)).toMatchObject({ total: 1, changed: 1 });
    expect(await tagged()).toBe(1);
  });
});

describe('a user who is deactivated', () => {
  test('sees nothing any more; their share is kept for when they come back', async () => {
    await share('read');
    await t.admin.delete(`/users/${friend.id}`);
    expect((await friend.get(`/documents/${id}`)).status).toBe(401);
    expect((await owner.get(`/documents/${id}/shares`)).body.data).toMatchObject([
      { user: { id: friend.id, is_active: false } },
    ]);
    await t.admin.patch(`/users/${friend.id}`, { is_active: true });
    friend = await t.signIn(friend.username, 'correct horse battery staple');
    expect(await seenBy(friend)).toMatchObject({ statuses: [200] });
  });
});
