import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { uploaded } from '../documents/papers.ts';

let server: TestApp;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await startTestApp();
  alice = await server.member('alice');
  bob = await server.member('bob');
});
afterAll(() => server.close());

let made = 0;
/** A new tag, below another where one is named. */
async function tag(
  parent_id: number | null = null,
  fields: object = {},
): Promise<{ id: number; name: string }> {
  const answer = await alice.post('/tags', { name: `Étiquette ${++made}`, parent_id, ...fields });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.data;
}

/** A line of tags, each below the one before. */
async function line(length: number): Promise<number[]> {
  const ids: number[] = [];
  for (let level = 0; level < length; level++) ids.push((await tag(ids.at(-1) ?? null)).id);
  return ids;
}

const paper = (...tags: number[]) => uploaded(alice, { fields: { tags: JSON.stringify(tags) } });
const seen = async (id: number) => {
  const answer = await server.admin.get(`/documents/${id}`);
  return {
    etag: answer.headers.etag,
    tags: answer.body.data.tags.map((one: { id: number }) => one.id).sort((a: number, b: number) => a - b),
  };
};
const tagsOf = async (id: number): Promise<number[]> => (await seen(id)).tags;

describe('a tag', () => {
  test('is made as the seed shows it, and read again', async () => {
    const answer = await alice.post('/tags', {
      name: ' Tag Name ',
      color: '#FF0000',
      match: 'pattern',
      matching_algorithm: 'auto',
      parent_id: null,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/api/v1/tags/${answer.body.data.id}`);
    expect(answer.body.data).toEqual({
      id: expect.any(Number),
      name: 'Tag Name',
      color: '#ff0000',
      match: 'pattern',
      matching_algorithm: 'auto',
      is_insensitive: true,
      parent_id: null,
      document_count: 0,
      learned: null,
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    expect((await bob.get(`/tags/${answer.body.data.id}`)).body.data).toEqual(answer.body.data);
    expect((await bob.get('/tags')).body.data).toContainEqual(answer.body.data);
  });

  test('needs a name only', async () => {
    const { body } = await alice.post('/tags', { name: 'Seule', match: null, color: null });
    expect(body.data).toMatchObject({
      color: '#808080',
      match: '',
      matching_algorithm: 'none',
      is_insensitive: true,
      parent_id: null,
    });
  });

  test('is changed by whoever may read it, field by field, and deleted by administrators only', async () => {
    const { id, name } = await tag();
    const changed = await bob.put(`/tags/${id}`, { color: '#00ff00', is_insensitive: false });
    expect(changed).toMatchObject({
      status: 200,
      body: { data: { name, color: '#00ff00', is_insensitive: false } },
    });
    const again = await bob.put(`/tags/${id}`, { color: '#00ff00' });
    expect(again.body.data).toEqual(changed.body.data);
    expect((await bob.delete(`/tags/${id}`)).status).toBe(403);
    expect((await server.nobody.get('/tags')).status).toBe(401);
    expect((await server.admin.delete(`/tags/${id}`)).body.data).toEqual(changed.body.data);
    expect((await bob.get(`/tags/${id}`)).status).toBe(404);
  });

  test('that is not there is a 404, in the reader’s language', async () => {
    expect((await alice.get('/tags/99999')).body.message).toBe('Étiquette non trouvée');
    expect((await alice.put('/tags/99999', {})).status).toBe(404);
    expect((await server.admin.delete('/tags/99999')).status).toBe(404);
    const applied = await alice.post('/tags/99999/apply', {}, { 'accept-language': 'en' });
    expect(applied).toMatchObject({ status: 404, body: { message: 'Tag not found' } });
  });

  test.each<[object, string]>([
    [{}, 'name'],
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'x', color: 'red' }, 'color'],
    [{ name: 'x', color: '#ff00001' }, 'color'],
    [{ name: 'x', match: 'x'.repeat(257) }, 'match'],
    [{ name: 'x', matching_algorithm: 'magic' }, 'matching_algorithm'],
    [{ name: 'x', parent_id: 99_999 }, 'parent_id'],
    [{ name: 'x', parent_id: '1' }, 'parent_id'],
    [{ name: 'x', is_insensitive: 'yes' }, 'is_insensitive'],
    [{ name: 'x', document_count: 7 }, 'document_count'],
  ])('%j is refused', async (body, field) => {
    const answer = await alice.post('/tags', body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors)).toEqual([field]);
  });

  test('has its name to itself among those below the same one, in any case', async () => {
    const parent = await tag();
    const first = await tag(parent.id, { name: 'Électricité' });
    const second = await tag(null, { name: 'Électricité' });
    const taken = { status: 409, body: { code: 'tags.name_taken' } };
    expect(await alice.post('/tags', { name: 'éLECTRICITÉ', parent_id: parent.id })).toMatchObject(taken);
    expect(await alice.put(`/tags/${second.id}`, { parent_id: parent.id })).toMatchObject(taken);
    expect((await alice.put(`/tags/${first.id}`, { name: 'ÉLECTRICITÉ' })).body.data.name).toBe(
      'ÉLECTRICITÉ',
    );
  });

  test('of one name asked for twice at once is made once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => alice.post('/tags', { name: 'Ensemble' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });
});

test('tags are listed as people sort names', async () => {
  const parent = await tag();
  for (const name of ['zone', 'École', 'ecole 2', 'Dossier']) await tag(parent.id, { name });
  const { body } = await alice.get('/tags');
  const names = body.data.filter((one: { parent_id: number }) => one.parent_id === parent.id);
  expect(names.map((one: { name: string }) => one.name)).toEqual(['Dossier', 'École', 'ecole 2', 'zone']);
});

test('each user counts the documents they may see, without the trash', async () => {
  const { id } = await tag();
  await paper(id);
  const { id: trashed } = await paper(id);
  await uploaded(bob, { fields: { tags: `[${id}]` } });
  await alice.delete(`/documents/${trashed}`);
  const counted = async (client: Client) => {
    const { body } = await client.get('/tags');
    const [listed] = body.data.filter((one: { id: number }) => one.id === id);
    expect((await client.get(`/tags/${id}`)).body.data).toEqual(listed);
    return listed.document_count;
  };
  expect(await counted(alice)).toBe(1);
  expect(await counted(server.admin)).toBe(2);
  expect(await counted(await server.member())).toBe(0);
});

describe('the tree', () => {
  test('has five levels and no sixth', async () => {
    const ids = await line(5);
    const sixth = await alice.post('/tags', { name: 'Six', parent_id: ids[4] });
    expect(sixth).toMatchObject({
      status: 400,
      body: { errors: { parent_id: ['Cinq niveaux d’étiquettes au plus'] } },
    });
    const [top, , third] = await line(3);
    expect((await alice.put(`/tags/${top}`, { parent_id: ids[2] })).status).toBe(400);
    expect((await alice.put(`/tags/${third}`, { parent_id: ids[3] })).status).toBe(200);
    expect((await alice.put(`/tags/${top}`, { parent_id: ids[2] })).status).toBe(200);
  });

  test('has no tag below itself', async () => {
    const [top, middle, bottom] = await line(3);
    for (const parent_id of [top, middle, bottom]) {
      const answer = await alice.put(`/tags/${top}`, { parent_id });
      expect(answer).toMatchObject({ status: 400, body: { errors: { parent_id: [expect.any(String)] } } });
    }
    expect((await alice.put(`/tags/${middle}`, { parent_id: null })).body.data.parent_id).toBeNull();
    expect((await alice.put(`/tags/${top}`, { parent_id: bottom })).status).toBe(200);
  });

  test('is kept by the database too', async () => {
    const ids = await line(5);
    const [other, below] = await line(2);
    const refused = 'five levels';
    await expect(server.db.tag.create({ data: { name: 'six', parentId: ids[4] ?? null } })).rejects.toThrow(
      refused,
    );
    const move = (id = 0, parentId: number | null = null) =>
      server.db.$executeRaw`UPDATE tags SET parent_id = ${parentId} WHERE id = ${id}`;
    await expect(move(other, below)).rejects.toThrow(refused);
    await expect(move(other, other)).rejects.toThrow(refused);
    await expect(move(other, ids[3])).rejects.toThrow(refused);
    await move(other, ids[2]);
  });

  test('has no cycle when two tags are moved below each other at once', async () => {
    for (let round = 0; round < 5; round++) {
      const { id: one } = await tag();
      const { id: other } = await tag();
      const answers = await Promise.all([
        alice.put(`/tags/${one}`, { parent_id: other }),
        bob.put(`/tags/${other}`, { parent_id: one }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    }
  });

  test('has no cycle in the database either, whose second mover waits for the first', async () => {
    const { id: one } = await tag();
    const { id: other } = await tag();
    const second = await server.db.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE tags SET parent_id = ${one} WHERE id = ${other}`;
      let ended = false;
      const move = server.db.$executeRaw`UPDATE tags SET parent_id = ${other} WHERE id = ${one}`.then(
        () => 'moved',
        (error: Error) => error.message,
      );
      void move.finally(() => {
        ended = true;
      });
      await vi.waitFor(async () => {
        const waiting = await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM pg_locks JOIN pg_database b ON b.oid = database
          WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`;
        expect(ended || waiting.length > 0).toBe(true);
      });
      return { move };
    });
    expect(await second.move).toContain('five levels');
  });
});

describe('the tags of a document', () => {
  test('come with all that is above them', async () => {
    const [top, middle, bottom] = await line(3);
    const { id: apart } = await tag();
    const document = await paper(bottom ?? 0, apart);
    expect(await tagsOf(document.id)).toEqual([top, middle, bottom, apart]);
    const plain = await paper();
    await alice.put(`/documents/${plain.id}`, { tags: [middle] });
    expect(await tagsOf(plain.id)).toEqual([top, middle]);
  });

  test('go with all that is below them', async () => {
    const [top, middle, bottom] = await line(3);
    const { id: apart } = await tag();
    const document = await paper(bottom ?? 0, apart);
    await alice.put(`/documents/${document.id}`, { tags: [top, bottom, apart] });
    expect(await tagsOf(document.id)).toEqual([top, apart]);
    const other = await paper(bottom ?? 0);
    await alice.put(`/documents/${other.id}`, { tags: [middle, bottom] });
    expect(await tagsOf(other.id)).toEqual([]);
  });

  test('stay where a tag that is newly given needs them', async () => {
    const [top, left] = await line(2);
    const { id: right } = await tag(top);
    const document = await paper(left ?? 0);
    await alice.put(`/documents/${document.id}`, { tags: [left, right] });
    expect(await tagsOf(document.id)).toEqual([top, left, right]);
  });

  test('are the same when the same list comes again', async () => {
    const [top, left] = await line(2);
    const { id: right } = await tag(top);
    const plain = await paper();
    const put = async (tags: number[]) => {
      expect((await alice.put(`/documents/${plain.id}`, { tags })).status).toBe(200);
      return seen(plain.id);
    };
    const once = await put([left ?? 0]);
    expect(once.tags).toEqual([top, left]);
    expect(await put([left ?? 0])).toEqual(once);
    const twice = await put([left ?? 0, right]);
    expect(twice.tags).toEqual([top, left, right]);
    expect(await put([right, left ?? 0])).toEqual(twice);
    expect((await put([])).tags).toEqual([]);
    expect((await put([])).tags).toEqual([]);
  });

  test('go with one that was given itself, though those below it are listed', async () => {
    const [top, bottom] = await line(2);
    const both = await paper(top ?? 0, bottom ?? 0);
    await alice.put(`/documents/${both.id}`, { tags: [bottom] });
    expect(await tagsOf(both.id)).toEqual([]);
    // listed once, an ancestor that came along is one that was given
    const one = await paper(bottom ?? 0);
    await alice.put(`/documents/${one.id}`, { tags: [top, bottom] });
    await alice.put(`/documents/${one.id}`, { tags: [bottom] });
    expect(await tagsOf(one.id)).toEqual([]);
  });

  test('make another validator when they change, and none when they do not', async () => {
    const [top, bottom] = await line(2);
    const document = await paper(bottom ?? 0);
    const before = await seen(document.id);
    await alice.put(`/documents/${document.id}`, { tags: [bottom, top, bottom] });
    expect(await seen(document.id)).toEqual(before);
    await alice.put(`/documents/${document.id}`, { tags: [top] });
    expect((await seen(document.id)).etag).not.toBe(before.etag);
  });

  test('that are not there are a 400', async () => {
    const [top] = await line(1);
    const { id } = await paper();
    const answer = await alice.put(`/documents/${id}`, { tags: [top, 99_999] });
    expect(answer).toMatchObject({ status: 400, body: { errors: { tags: [expect.any(String)] } } });
    expect(await tagsOf(id)).toEqual([]);
  });
});

describe('a tag that moves below another', () => {
  test('gives its documents what is above it now, in the trash too, and leaves what was', async () => {
    const [old, moved, bottom] = await line(3);
    const [top, second] = await line(2);
    const document = await paper(bottom ?? 0);
    const trashed = await paper(moved ?? 0);
    const other = await paper(old ?? 0);
    await alice.delete(`/documents/${trashed.id}`);
    const before = await seen(document.id);
    const untouched = await seen(other.id);
    await bob.put(`/tags/${moved}`, { parent_id: second });
    const after = await seen(document.id);
    expect(after.tags).toEqual([old, moved, bottom, top, second]);
    expect(after.etag).not.toBe(before.etag);
    expect(await tagsOf(trashed.id)).toEqual([old, moved, top, second]);
    expect(await seen(other.id)).toEqual(untouched);
  });

  test('while documents are given what is below it leaves none without an ancestor', async () => {
    const [, bottom] = await line(2);
    const [moved] = await line(1);
    await alice.put(`/tags/${bottom}`, { parent_id: moved });
    const [, second] = await line(2);
    const papers = await Promise.all(Array.from({ length: 6 }, () => paper()));
    await Promise.all([
      ...papers.slice(0, 3).map(({ id }) => alice.put(`/documents/${id}`, { tags: [bottom] })),
      bob.put(`/tags/${moved}`, { parent_id: second }),
      ...Array.from({ length: 6 }, () => paper(bottom ?? 0)),
      ...papers.slice(3).map(({ id }) => alice.put(`/documents/${id}`, { tags: [moved] })),
    ]);
    const without = await server.db.$queryRaw`
      SELECT x.document_id FROM document_tags x JOIN tags t ON t.id = x.tag_id
      WHERE t.parent_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM document_tags a WHERE a.document_id = x.document_id AND a.tag_id = t.parent_id)`;
    expect(without).toEqual([]);
  });
});

describe('a tag that is deleted', () => {
  test('is taken from its documents, whose validators change', async () => {
    const [top, bottom] = await line(2);
    const document = await paper(bottom ?? 0);
    const before = await seen(document.id);
    expect((await server.admin.delete(`/tags/${bottom}`)).body.data.document_count).toBe(1);
    const after = await seen(document.id);
    expect(after.tags).toEqual([top]);
    expect(after.etag).not.toBe(before.etag);
    const stale = await alice.put(
      `/documents/${document.id}`,
      { title: 'x' },
      { 'if-match': `${before.etag}` },
    );
    expect(stale.status).toBe(412);
  });

  test('must have none below it: they are named', async () => {
    const [top, bottom] = await line(2);
    const { id: second } = await tag(top);
    const refused = await server.admin.delete(`/tags/${top}`);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'tags.has_children', children: [bottom, second] },
    });
    expect((await alice.get(`/tags/${top}`)).status).toBe(200);
  });
});
