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

const made = async (name: string, fields: object = {}) =>
  (await alice.post('/correspondents', { name, ...fields })).body.data;

describe('a correspondent', () => {
  test('is made as the seed shows it, and read again', async () => {
    const answer = await alice.post('/correspondents', {
      name: 'Correspondent Name',
      match: 'pattern',
      matching_algorithm: 'auto',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/api/v1/correspondents/${answer.body.data.id}`);
    expect(answer.body.data).toEqual({
      id: expect.any(Number),
      name: 'Correspondent Name',
      match: 'pattern',
      matching_algorithm: 'auto',
      is_insensitive: true,
      document_count: 0,
      learned: null,
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    expect((await alice.get(`/correspondents/${answer.body.data.id}`)).body.data).toEqual(answer.body.data);
    expect((await alice.get('/correspondents')).body.data).toEqual([answer.body.data]);
  });

  test('is changed by whoever may read it, and deleted by administrators only', async () => {
    const { id } = await made('Swisscom');
    const changed = await alice.put(`/correspondents/${id}`, { name: ' Swisscom SA ' });
    expect(changed).toMatchObject({ status: 200, body: { data: { id, name: 'Swisscom SA' } } });
    expect((await alice.put(`/correspondents/${id}`, {})).body.data).toEqual(changed.body.data);
    expect((await alice.delete(`/correspondents/${id}`)).status).toBe(403);
    expect((await server.nobody.get(`/correspondents/${id}`)).status).toBe(401);
    expect((await server.admin.delete(`/correspondents/${id}`)).body.data).toEqual(changed.body.data);
    expect((await alice.get(`/correspondents/${id}`)).body.message).toBe('Correspondant non trouvé');
    expect((await alice.put(`/correspondents/${id}`, {})).status).toBe(404);
    expect((await server.admin.delete(`/correspondents/${id}`)).status).toBe(404);
    expect((await alice.post(`/correspondents/${id}/apply`)).status).toBe(404);
  });

  test.each<[object, string]>([
    [{}, 'name'],
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(256) }, 'name'],
    [{ name: 'x', match: 'x'.repeat(257) }, 'match'],
    [{ name: 'x', matching_algorithm: 'ANY' }, 'matching_algorithm'],
    [{ name: 'x', color: '#ff0000' }, 'color'],
  ])('%j is refused', async (body, field) => {
    const answer = await alice.post('/correspondents', body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors)).toEqual([field]);
  });

  test('has its name to itself, in any case', async () => {
    await made('Énergie SA');
    const { id } = await made('Énergie Sàrl');
    const taken = { status: 409, body: { code: 'correspondents.name_taken' } };
    expect(await alice.post('/correspondents', { name: 'éNERGIE sa' })).toMatchObject(taken);
    expect(await alice.put(`/correspondents/${id}`, { name: 'ÉNERGIE SA' })).toMatchObject(taken);
  });

  test('is counted over the documents a user may see, without the trash', async () => {
    const { id } = await made('Compté');
    const fields = { correspondent_id: `${id}` };
    await uploaded(alice, { fields });
    const { id: trashed } = await uploaded(alice, { fields });
    await uploaded(server.admin, { fields });
    await alice.delete(`/documents/${trashed}`);
    const counted = async (client: Client) => {
      const { body } = await client.get('/correspondents');
      const [listed] = body.data.filter((one: { id: number }) => one.id === id);
      expect((await client.get(`/correspondents/${id}`)).body.data).toEqual(listed);
      return listed.document_count;
    };
    expect(await counted(alice)).toBe(1);
    expect(await counted(server.admin)).toBe(2);
    expect(await counted(await server.member())).toBe(0);
  });

  test('leaves its documents without one when it is deleted, and their validators change', async () => {
    const { id } = await made('Éphémère');
    const document = await uploaded(alice, { fields: { correspondent_id: `${id}` } });
    const before = (await alice.get(`/documents/${document.id}`)).headers.etag;
    expect((await server.admin.delete(`/correspondents/${id}`)).status).toBe(200);
    const after = await alice.get(`/documents/${document.id}`);
    expect(after.body.data).toMatchObject({ correspondent_id: null, correspondent_name: null });
    expect(after.headers.etag).not.toBe(before);
  });
});
