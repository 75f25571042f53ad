import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRulebook } from '../../../src/modules/tags/rules/rulebook.ts';
import { runRules } from '../../../src/modules/tags/rules/run-rules.ts';
import { trainLabels } from '../../../src/modules/tags/rules/train-labels.ts';
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
beforeEach(async () => {
  await server.db.$executeRaw`DELETE FROM documents`;
  await server.db.$executeRaw`DELETE FROM learned_models`;
  await server.db.$executeRaw`DELETE FROM correspondents`;
  await server.db.$executeRaw`UPDATE tags SET parent_id = NULL`;
  await server.db.$executeRaw`DELETE FROM tags`;
});

type Kind = 'tags' | 'correspondents';
const make = async (kind: Kind, name: string, fields: object = {}): Promise<number> => {
  const answer = await alice.post(`/${kind}`, { name, matching_algorithm: 'auto', ...fields });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.data.id;
};
const paper = (title: string, fields: Record<string, string> = {}, client = alice) =>
  uploaded(client, { fields: { title, ...fields } });
const learn = () => trainLabels({ db: server.db, signal: new AbortController().signal });
const ids = (document: { tags: { id: number }[] }) => document.tags.map(({ id }) => id).sort((a, b) => a - b);
const read = async (id: number) => (await server.admin.get(`/documents/${id}`)).body.data;
const originsOf = async (documentId: number) =>
  Object.fromEntries(
    (await server.db.documentTag.findMany({ where: { documentId } })).map(({ tagId, origin }) => [
      tagId,
      origin,
    ]),
  );
const correspondentOriginOf = async (id: number) =>
  (await server.db.document.findUniqueOrThrow({ where: { id } })).correspondentOrigin;

/** Garages and schools, as people file them: twelve papers of each, by hand. */
async function file(fields: object = {}) {
  const vehicle = await make('tags', 'Véhicule', { matching_algorithm: 'none' });
  const garage = await make('tags', 'Garage', { parent_id: vehicle, ...fields });
  const school = await make('tags', 'École', fields);
  const rochat = await make('correspondents', 'Garage Rochat', fields);
  const primary = await make('correspondents', 'École primaire', fields);
  await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      await paper(`Facture garage Rochat, pneus ${2000 + i}`, {
        tags: `[${garage}]`,
        correspondent_id: `${rochat}`,
      });
      await paper(`Bulletin école primaire, classe ${3000 + i}`, {
        tags: `[${school}]`,
        correspondent_id: `${primary}`,
      });
    }),
  );
  return { vehicle, garage, school, rochat, primary };
}

describe('what was learned from papers filed by hand', () => {
  test('is given to the next one: tags with what is above them, and a correspondent', async () => {
    const { vehicle, garage, school, rochat } = await file();
    expect(ids(await paper('Garage Rochat : facture avant'))).toEqual([]);
    await learn();
    const document = await paper('Garage Rochat : facture de mai');
    expect(ids(document)).toEqual([vehicle, garage]);
    expect(document.correspondent_id).toBe(rochat);
    expect(document.version).toBe(1);
    expect(await originsOf(document.id)).toEqual({ [vehicle]: 'auto', [garage]: 'auto' });
    expect(await correspondentOriginOf(document.id)).toBe('auto');
    expect(ids(await paper('Bulletin de l’ECOLE primaire', {}, bob))).toEqual([school]);
    const other = await paper('Carte postale');
    expect(other).toMatchObject({ tags: [], correspondent_id: null });
  });

  test('is shown with its figures where it is `auto`, and nowhere else', async () => {
    const { vehicle, garage, rochat } = await file();
    const rare = await make('tags', 'Rare');
    const figures = async (kind: Kind, id: number) => (await bob.get(`/${kind}/${id}`)).body.data.learned;
    expect(await figures('tags', garage)).toBeNull();
    await learn();
    const learned = {
      documents: 24,
      accuracy: expect.any(Number),
      baseline: 0.5,
      trained_at: expect.stringMatching(/^\d{4}-.*Z$/),
    };
    expect(await figures('tags', garage)).toEqual(learned);
    expect(await figures('correspondents', rochat)).toEqual(learned);
    expect((await figures('tags', garage)).accuracy).toBeGreaterThan(0.9);
    expect(await figures('tags', vehicle)).toBeNull();
    expect(await figures('tags', rare)).toBeNull();
    expect((await bob.get('/tags')).body.data.map(({ learned }: { learned: unknown }) => learned)).toEqual(
      expect.arrayContaining([learned, null]),
    );
  });

  test('is given only where the rule says `auto`, and from then on', async () => {
    const { vehicle, garage, school, rochat } = await file({ matching_algorithm: 'none' });
    await learn();
    expect(await server.db.learnedModel.count()).toBe(0);
    await alice.put(`/tags/${school}`, { matching_algorithm: 'auto' });
    await learn();
    expect(await server.db.learnedModel.findMany({ select: { kind: true } })).toEqual([{ kind: 'tags' }]);
    expect(ids(await paper('Garage Rochat, facture'))).toEqual([]);
    await alice.put(`/tags/${garage}`, { matching_algorithm: 'auto' });
    const document = await paper('Garage Rochat, facture');
    expect(ids(document)).toEqual([vehicle, garage]);
    expect(document.correspondent_id).toBeNull();
    expect(rochat).toBeGreaterThan(0);
  });

  test('yields to a rule, and to what was given by hand', async () => {
    const { garage, vehicle, primary } = await file();
    await learn();
    const ruled = await make('correspondents', 'Pneus', { matching_algorithm: 'any', match: 'pneus' });
    const byRule = await paper('Garage Rochat, pneus');
    expect(byRule.correspondent_id).toBe(ruled);
    expect(await correspondentOriginOf(byRule.id)).toBe('rule');
    const byHand = await paper('Garage Rochat, facture', {
      correspondent_id: `${primary}`,
      tags: `[${garage}]`,
    });
    expect(byHand.correspondent_id).toBe(primary);
    expect(await originsOf(byHand.id)).toEqual({ [vehicle]: 'hand', [garage]: 'hand' });
  });

  test('is given when the file changes, too, and over what the paper says', async () => {
    const { garage, vehicle, school } = await file();
    const { id } = await paper('Scan');
    const other = await paper('Scan 2');
    await learn();
    await alice.put(`/documents/${id}`, { title: 'Facture garage Rochat' });
    expect(ids(await read(id))).toEqual([]);
    await replace(alice, id);
    expect(ids(await read(id))).toEqual([vehicle, garage]);
    const text = 'Bulletin de l’école primaire. Classe de Mme Favre.';
    await server.db.documentText.create({ data: { documentId: other.id, version: 1, text } });
    await server.db.$transaction((tx) => runRules(tx, { rulebook: createRulebook(), documentId: other.id }));
    expect(ids(await read(other.id))).toEqual([school]);
  });

  test('is what every server gives once it was learned anew', async () => {
    const { school } = await file();
    const elsewhere = createRulebook();
    const { id } = await paper('Circulaire des vacances scolaires');
    const run = () => server.db.$transaction((tx) => runRules(tx, { rulebook: elsewhere, documentId: id }));
    await learn();
    await run();
    expect(ids(await read(id))).toEqual([]);
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        paper(`Circulaire, vacances scolaires ${i}`, { tags: `[${school}]` }),
      ),
    );
    await learn();
    await run();
    expect(ids(await read(id))).toEqual([school]);
  });
});

describe('learning', () => {
  test('is from papers that people filed: not from what it gave itself, nor from the trash', async () => {
    await file();
    await learn();
    for (let i = 0; i < 3; i++) expect(ids(await paper(`Garage Rochat, facture ${i}`))).toHaveLength(2);
    const thrown = await paper('Bulletin', { tags: '[]' });
    await alice.delete(`/documents/${thrown.id}`);
    const [first] = await server.db.document.findMany({ orderBy: { id: 'asc' }, take: 1 });
    await alice.delete(`/documents/${first?.id}`);
    await learn();
    const models = await server.db.learnedModel.findMany({ select: { documents: true } });
    expect(models).toEqual([{ documents: 23 }, { documents: 23 }]);
  });

  test('is done anew only when a document has changed', async () => {
    const { school } = await file();
    await learn();
    const trainedAt = async () =>
      (await server.db.learnedModel.findUniqueOrThrow({ where: { kind: 'tags' } })).trainedAt.getTime();
    const first = await trainedAt();
    await learn();
    expect(await trainedAt()).toBe(first);
    await paper('Bulletin', { tags: `[${school}]` });
    await learn();
    expect(await trainedAt()).toBeGreaterThan(first);
  });

  test('twice at once ends as once', async () => {
    await file();
    await Promise.all([learn(), learn(), learn()]);
    const models = await server.db.learnedModel.findMany({ select: { kind: true, documents: true } });
    expect(models.sort((one, other) => one.kind.localeCompare(other.kind))).toEqual([
      { kind: 'correspondents', documents: 24 },
      { kind: 'tags', documents: 24 },
    ]);
  });

  test('stops with the server, and has learned nothing then', async () => {
    await file();
    const stopped = trainLabels({ db: server.db, signal: AbortSignal.abort(new Error('stopping')) });
    await expect(stopped).rejects.toThrow('stopping');
    expect(await server.db.learnedModel.count()).toBe(0);
  });

  test('forgets what is filed no more', async () => {
    await file();
    await learn();
    await server.db.$executeRaw`DELETE FROM document_tags`;
    await server.db.$executeRaw`UPDATE documents SET updated_at = now()`;
    await learn();
    expect(await server.db.learnedModel.findMany({ select: { kind: true } })).toEqual([
      { kind: 'correspondents' },
    ]);
  });

  test.each<Kind>(['tags', 'correspondents'])(
    'is asked for when one of the %s becomes auto',
    async (kind) => {
      const waiting = async () =>
        (await server.services.jobs.counts()).find(({ name }) => name === 'train-labels')?.waiting;
      await server.db.$executeRaw`DELETE FROM pgboss.job WHERE name = 'train-labels'`;
      const id = await make(kind, 'Nouvelle', { matching_algorithm: 'none' });
      expect(await waiting()).toBe(0);
      await alice.put(`/${kind}/${id}`, { matching_algorithm: 'auto' });
      expect(await waiting()).toBe(1);
      await make(kind, 'Encore');
      expect(await waiting()).toBe(1);
    },
  );
});

describe('what a machine gave', () => {
  test('stays its own when a person saves the paper with it, and is theirs when they give it anew', async () => {
    const { vehicle, garage, school, rochat, primary } = await file();
    await learn();
    const { id } = await paper('Garage Rochat, facture');
    const put = (fields: object) => alice.put(`/documents/${id}`, fields);
    await put({ title: 'Autre', tags: [vehicle, garage, school], correspondent_id: rochat });
    expect(await originsOf(id)).toEqual({ [vehicle]: 'auto', [garage]: 'auto', [school]: 'hand' });
    expect(await correspondentOriginOf(id)).toBe('auto');
    await put({ tags: [school], correspondent_id: primary });
    await put({ tags: [school, garage] });
    expect(await originsOf(id)).toEqual({ [vehicle]: 'hand', [garage]: 'hand', [school]: 'hand' });
    expect(await correspondentOriginOf(id)).toBe('hand');
  });

  test('brings what is above it as its own when it moves', async () => {
    const { garage, school } = await file();
    await learn();
    const byMachine = await paper('Bulletin école primaire');
    await alice.put(`/tags/${school}`, { parent_id: garage });
    const origins = await originsOf(byMachine.id);
    expect(Object.keys(origins)).toHaveLength(3);
    expect(new Set(Object.values(origins))).toEqual(new Set(['auto']));
  });
});

describe('`auto`, applied', () => {
  test('says in a dry run how sure it is, in words of the paper itself', async () => {
    const mine = await paper('Rappel du garage Rochat');
    const theirs = await paper('Facture garage Rochat de Bob', {}, bob);
    const { garage, rochat } = await file();
    await learn();
    for (const [kind, id] of [
      ['tags', garage],
      ['correspondents', rochat],
    ] as const) {
      const { body } = await alice.post(`/${kind}/${id}/apply`, { dry_run: true });
      expect(body.data).toMatchObject({ total: 13, changed: 1 });
      const [first] = body.data.documents;
      expect(first).toEqual({
        id: mine.id,
        title: mine.title,
        excerpts: [expect.stringContaining('garage')],
        confidence: expect.any(Number),
        changed: true,
      });
      expect(first.confidence).toBeGreaterThanOrEqual(0.9);
      expect(first.confidence).toBeLessThanOrEqual(1);
      expect(body.data.documents.map(({ id: shown }: { id: number }) => shown)).not.toContain(theirs.id);
    }
    expect(ids(await read(mine.id))).toEqual([]);
    expect((await server.admin.post(`/tags/${garage}/apply`, { dry_run: true })).body.data).toMatchObject({
      total: 14,
      changed: 2,
    });
  });

  test('gives what it is sure of, and shows where in the text', async () => {
    const scan = await paper('Scan');
    const { vehicle, garage, rochat } = await file();
    const text = `${'Bonjour. '.repeat(30)}Votre facture du garage Rochat.`;
    await server.db.documentText.create({ data: { documentId: scan.id, version: 1, text } });
    await learn();
    const { body } = await alice.post(`/tags/${garage}/apply`);
    expect(body.data.documents[0]).toMatchObject({ id: scan.id, changed: true });
    expect(body.data.documents[0].excerpts.join()).toMatch(/^….*garage Rochat/);
    await alice.post(`/correspondents/${rochat}/apply`);
    const after = await read(scan.id);
    expect(ids(after)).toEqual([vehicle, garage]);
    expect(after.correspondent_id).toBe(rochat);
    expect(await originsOf(scan.id)).toEqual({ [vehicle]: 'auto', [garage]: 'auto' });
    expect(await correspondentOriginOf(scan.id)).toBe('auto');
  });

  test('finds nothing before anything was learned', async () => {
    const { garage } = await file();
    expect((await alice.post(`/tags/${garage}/apply`)).body.data).toEqual({
      total: 0,
      changed: 0,
      documents: [],
    });
  });
});
