import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createRulebook } from '../../../src/modules/tags/rules/rulebook.ts';
import { runRules } from '../../../src/modules/tags/rules/run-rules.ts';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { replace, uploaded } from '../documents/papers.ts';

let server: TestApp;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await startTestApp();
  alice = await server.member('alice');
  bob = await server.member('bob');
});
afterAll(() => server.close());
// A rule that is left over would run over the next test's papers.
afterEach(async () => {
  await server.db.correspondent.deleteMany();
  await server.db.$executeRaw`UPDATE tags SET matching_algorithm = 'none'`;
});

let made = 0;
type Kind = 'tags' | 'correspondents';
async function rule(kind: Kind, match: string, fields: object = {}): Promise<number> {
  const answer = await alice.post(`/${kind}`, {
    name: `Règle ${++made}`,
    match,
    matching_algorithm: 'any',
    ...fields,
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.data.id;
}

const paper = (title: string, fields: Record<string, string> = {}, client = alice) =>
  uploaded(client, { fields: { title, ...fields } });
const ids = (document: { tags: { id: number }[] }) => document.tags.map(({ id }) => id).sort((a, b) => a - b);
const read = async (id: number) => (await server.admin.get(`/documents/${id}`)).body.data;

describe('a document that is created', () => {
  test('gets the tags whose rules match its title, with all that is above them', async () => {
    const top = await rule('tags', '', { matching_algorithm: 'none' });
    const invoices = await rule('tags', 'facture', { parent_id: top });
    const power = await rule('tags', 'électricité', { matching_algorithm: 'exact' });
    await rule('tags', 'loyer');
    const document = await paper('Facture d’ÉLECTRICITÉ de mai');
    expect(ids(document)).toEqual([top, invoices, power]);
    expect(document.version).toBe(1);
    expect((await alice.get(`/documents/${document.id}`)).headers.etag).toBe(`"${document.id}-1"`);
    expect(ids(await paper('Zürich'))).toEqual([]);
  });

  test('keeps the tags it was given beside those that match', async () => {
    const given = await rule('tags', 'autre chose');
    const matching = await rule('tags', 'police');
    expect(ids(await paper('Police d’assurance', { tags: `[${given}]` }))).toEqual([given, matching]);
    expect(ids(await paper('Police d’assurance', { tags: `[${matching}]` }))).toEqual([matching]);
  });

  test('gets the first correspondent that matches, unless it was given one', async () => {
    const given = await rule('correspondents', 'autre chose');
    const first = await rule('correspondents', 'swisscom');
    await rule('correspondents', 'facture');
    expect((await paper('Facture Swisscom')).correspondent_id).toBe(first);
    expect((await paper('Facture Swisscom', { correspondent_id: `${given}` })).correspondent_id).toBe(given);
    expect((await paper('Lettre')).correspondent_id).toBeNull();
  });

  test('gets nothing from rules that are blank, or say none or auto', async () => {
    for (const kind of ['tags', 'correspondents'] as const) {
      for (const matching_algorithm of ['any', 'all', 'exact', 'regex', 'fuzzy'])
        await rule(kind, ' ', { matching_algorithm });
      for (const matching_algorithm of ['none', 'auto']) await rule(kind, 'bail', { matching_algorithm });
    }
    const document = await paper('Bail');
    expect(ids(document)).toEqual([]);
    expect(document.correspondent_id).toBeNull();
  });

  test('is looked at with upper and lower case apart where the rule says so', async () => {
    const id = await rule('tags', 'BCV', { is_insensitive: false });
    expect(ids(await paper('bcv avis'))).toEqual([]);
    expect(ids(await paper('BCV avis'))).toEqual([id]);
  });
});

test('a document that gets another file is looked at again, and loses nothing', async () => {
  const document = await paper('Contrat de bail');
  const given = await rule('tags', 'autre chose');
  await alice.put(`/documents/${document.id}`, { tags: [given] });
  const tag = await rule('tags', 'bail');
  const correspondent = await rule('correspondents', 'contrat');
  const answer = await replace(alice, document.id);
  expect(ids(answer.body.data)).toEqual([given, tag]);
  expect(answer.body.data.correspondent_id).toBe(correspondent);
});

test('a change of what is said of a document runs no rule', async () => {
  await rule('tags', 'impôts');
  const { id } = await paper('Feuille');
  expect(ids((await alice.put(`/documents/${id}`, { title: 'Impôts' })).body.data)).toEqual([]);
});

describe('a rule that is changed', () => {
  test('is the one that the next document meets', async () => {
    const id = await rule('tags', 'avant');
    expect(ids(await paper('avant après'))).toEqual([id]);
    await alice.put(`/tags/${id}`, { match: 'autrement' });
    expect(ids(await paper('avant après'))).toEqual([]);
    await alice.put(`/tags/${id}`, { match: 'après' });
    expect(ids(await paper('avant après'))).toEqual([id]);
    await alice.put(`/tags/${id}`, { matching_algorithm: 'none' });
    expect(ids(await paper('avant après'))).toEqual([]);
  });

  test('is seen by every server on the database', async () => {
    const elsewhere = createRulebook();
    const meets = async (title: string) => {
      const { id } = await paper(title);
      await server.db.documentTag.deleteMany({ where: { documentId: id } });
      await server.db.$transaction((tx) => runRules(tx, { rulebook: elsewhere, documentId: id }));
      return ids(await read(id));
    };
    const id = await rule('tags', 'bonjour');
    expect(await meets('bonjour')).toEqual([id]);
    await alice.put(`/tags/${id}`, { match: 'bonsoir' });
    expect(await meets('bonjour')).toEqual([]);
    expect(await meets('bonsoir')).toEqual([id]);
    await server.admin.delete(`/tags/${id}`);
    expect(await meets('bonsoir')).toEqual([]);
  });

  test.each(['tags', 'correspondents'] as const)('must be one that runs, among %s', async (kind) => {
    const broken = { name: 'x', match: '(', matching_algorithm: 'regex' };
    const refused = { status: 400, body: { errors: { match: [expect.any(String)] } } };
    expect(await alice.post(`/${kind}`, broken)).toMatchObject(refused);
    const id = await rule(kind, '(');
    expect(await alice.put(`/${kind}/${id}`, { matching_algorithm: 'regex' })).toMatchObject(refused);
    expect(await alice.put(`/${kind}/${id}`, { match: '[', matching_algorithm: 'regex' })).toMatchObject(
      refused,
    );
    const changed = await alice.put(`/${kind}/${id}`, { match: 'x+', matching_algorithm: 'regex' });
    expect(changed.body.data).toMatchObject({ match: 'x+', matching_algorithm: 'regex' });
    expect(await alice.put(`/${kind}/${id}`, { match: '(' })).toMatchObject(refused);
    expect((await alice.put(`/${kind}/${id}`, { match: '🧾'.repeat(256) })).status).toBe(200);
    expect(await alice.put(`/${kind}/${id}`, { match: '🧾'.repeat(257) })).toMatchObject(refused);
  });
});

describe('a rule that is applied', () => {
  test('in a dry run says what it would do, and does nothing', async () => {
    const one = await paper('Relevé de compte 1');
    const two = await paper('Relevé de compte 2');
    await paper('Lettre');
    const id = await rule('tags', 'relevé compte', { matching_algorithm: 'all' });
    await alice.put(`/documents/${two.id}`, { tags: [id] });
    const answer = await alice.post(`/tags/${id}/apply`, { dry_run: true });
    expect(answer).toMatchObject({ status: 200, body: { success: true } });
    expect(answer.body.data).toEqual({
      total: 2,
      changed: 1,
      documents: [
        { id: one.id, title: one.title, excerpts: expect.any(Array), confidence: null, changed: true },
        { id: two.id, title: two.title, excerpts: expect.any(Array), confidence: null, changed: false },
      ],
    });
    expect(answer.body.data.documents[0].excerpts.join(' ')).toContain('Relevé');
    expect(await read(one.id)).toEqual({ ...one, updated_at: one.updated_at });
  });

  test('gives the tag and what is above it to those that match, once', async () => {
    const document = await paper('Attestation');
    const before = (await alice.get(`/documents/${document.id}`)).headers.etag;
    const top = await rule('tags', 'rien');
    const id = await rule('tags', 'attestation', { parent_id: top });
    const { body } = await alice.post(`/tags/${id}/apply`);
    expect(body.data).toMatchObject({
      total: 1,
      changed: 1,
      documents: [{ id: document.id, changed: true }],
    });
    expect(ids(await read(document.id))).toEqual([top, id]);
    const after = (await alice.get(`/documents/${document.id}`)).headers.etag;
    expect(after).not.toBe(before);
    const again = await alice.post(`/tags/${id}/apply`, {});
    expect(again.body.data).toMatchObject({ total: 1, changed: 0, documents: [{ changed: false }] });
    expect((await alice.get(`/documents/${document.id}`)).headers.etag).toBe(after);
  });

  test('gives a correspondent only to documents that have none', async () => {
    const given = await rule('correspondents', 'rien');
    const free = await paper('Prime 2026');
    const taken = await paper('Prime 2027', { correspondent_id: `${given}` });
    const id = await rule('correspondents', 'prime');
    const dry = await alice.post(`/correspondents/${id}/apply`, { dry_run: true });
    expect((await read(free.id)).correspondent_id).toBeNull();
    const done = await alice.post(`/correspondents/${id}/apply`);
    expect(done.body.data).toEqual(dry.body.data);
    expect(done.body.data).toMatchObject({
      total: 2,
      changed: 1,
      documents: [
        { id: free.id, changed: true },
        { id: taken.id, changed: false },
      ],
    });
    expect((await read(free.id)).correspondent_id).toBe(id);
    expect((await read(taken.id)).correspondent_id).toBe(given);
  });

  test('reaches only what the caller may see, and nothing in the trash', async () => {
    const mine = await paper('Quittance');
    const trashed = await paper('Quittance');
    const theirs = await paper('Quittance', {}, bob);
    await alice.delete(`/documents/${trashed.id}`);
    const id = await rule('tags', 'quittance');
    expect((await alice.post(`/tags/${id}/apply`)).body.data).toMatchObject({
      total: 1,
      documents: [{ id: mine.id }],
    });
    expect(ids(await read(theirs.id))).toEqual([]);
    expect(ids(await read(trashed.id))).toEqual([]);
    expect((await server.admin.post(`/tags/${id}/apply`)).body.data).toMatchObject({ total: 2, changed: 1 });
    expect(ids(await read(theirs.id))).toEqual([id]);
    expect(ids(await read(trashed.id))).toEqual([]);
  });

  test.each([
    ['quelque chose', 'none'],
    ['quelque chose', 'auto'],
    [' ', 'any'],
    ['', 'exact'],
  ])('finds nothing when it is “%s” by %s', async (match, matching_algorithm) => {
    await paper('quelque chose');
    for (const kind of ['tags', 'correspondents'] as const) {
      const id = await rule(kind, match, { matching_algorithm });
      const { body } = await alice.post(`/${kind}/${id}/apply`, { dry_run: true });
      expect(body.data).toEqual({ total: 0, changed: 0, documents: [] });
    }
  });

  test('takes no other key', async () => {
    const id = await rule('tags', 'x');
    const answer = await alice.post(`/tags/${id}/apply`, { dryrun: true });
    expect(answer).toMatchObject({ status: 400, body: { errors: { dryrun: [expect.any(String)] } } });
    expect((await alice.post(`/tags/${id}/apply`, { dry_run: 'yes' })).status).toBe(400);
  });

  test('reaches however many there are, counts all and shows the first hundred', async () => {
    const type = await server.db.documentType.findUniqueOrThrow({ where: { code: 'other' } });
    const many = 1234;
    await server.db.$executeRaw`
      WITH papers AS (
        INSERT INTO documents (owner_id, title, document_type_id, sha256, filed_month, filed_name, filed_key)
        SELECT ${bob.id}, 'Série ' || n, ${type.id}, md5(n::text) || md5('x' || n), '2020-01-01', 's' || n, 'S' || n
        FROM generate_series(1, ${many}::int) n RETURNING id, sha256)
      INSERT INTO document_versions (document_id, number, sha256, file_size, mime_type, original_filename, created_by_id)
      SELECT id, 1, sha256, 1, 'text/plain', 's', ${bob.id} FROM papers`;
    const id = await rule('tags', 'série');
    const dry = await bob.post(`/tags/${id}/apply`, { dry_run: true });
    expect(dry.body.data).toMatchObject({ total: many, changed: many });
    const shown = dry.body.data.documents.map((document: { id: number }) => document.id);
    expect(shown).toEqual(shown.toSorted((a: number, b: number) => a - b));
    expect(new Set(shown).size).toBe(100);
    expect((await bob.post(`/tags/${id}/apply`)).body.data).toEqual(dry.body.data);
    expect((await bob.get(`/tags/${id}`)).body.data.document_count).toBe(many);
    const [half] = await server.db.$queryRaw<{ revised: number }[]>`
      SELECT count(*)::int AS revised FROM documents WHERE owner_id = ${bob.id} AND title LIKE 'Série %' AND revision = 2`;
    expect(half?.revised).toBe(many);
  });

  test('twice at once gives every document its tag, and each is counted as changed once', async () => {
    const papers = await Promise.all(Array.from({ length: 8 }, (_, n) => paper(`Jumeau ${n}`)));
    const id = await rule('tags', 'jumeau');
    const answers = await Promise.all([1, 2, 3].map(() => alice.post(`/tags/${id}/apply`)));
    expect(answers.map(({ body }) => body.data.total)).toEqual([8, 8, 8]);
    expect(answers.reduce((sum, { body }) => sum + body.data.changed, 0)).toBe(8);
    for (const { id: document } of papers) {
      const answer = await alice.get(`/documents/${document}`);
      expect(ids(answer.body.data)).toEqual([id]);
      expect(answer.headers.etag).toBe(`"${document}-2"`);
    }
  });
});
