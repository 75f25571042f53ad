import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { file, search, suggestions } from './papers.ts';

/** Who sees what (contract §4): nothing of another's document is found, counted or suggested. */

let t: TestApp;
const people = {} as Record<'owner' | 'shared' | 'validator' | 'member', Client>;
let waiting: number;

beforeAll(async () => {
  t = await startTestApp();
  for (const name of ['owner', 'shared', 'validator', 'member'] as const) people[name] = await t.member(name);
  const correspondent = (await t.admin.post('/correspondents', { name: 'Zénith' })).body.data.id;
  const tag = (await t.admin.post('/tags', { name: 'zone' })).body.data.id;
  const paper = (title: string, amount: number) =>
    file(t, people.owner, { title, correspondent, tags: [tag], amount, text: 'xylophone' });
  await paper('Zèbre privé', 1);
  const lent = await paper('Zèbre partagé', 2);
  waiting = await paper('Zèbre à approuver', 3);
  const gone = await paper('Zèbre jeté', 4);
  await t.db.documentShare.createMany({
    data: [lent, gone].map((documentId) => ({
      documentId,
      userId: people.shared.id,
      createdById: people.owner.id,
    })),
  });
  await t.admin.post(`/roles/user/${people.validator.id}/assign`, {
    role_code: 'VALIDATOR_L1',
    scope: '*',
    max_amount: 100,
  });
  const submitted = await people.owner.post(`/validation/${waiting}/submit`, {});
  if (submitted.status >= 300) throw new Error(JSON.stringify(submitted.body));
  await people.owner.delete(`/documents/${gone}`);
});
afterAll(() => t.close());

const sees: [who: 'admin' | keyof typeof people, titles: string[]][] = [
  ['admin', ['Zèbre partagé', 'Zèbre privé', 'Zèbre à approuver']],
  ['owner', ['Zèbre partagé', 'Zèbre privé', 'Zèbre à approuver']],
  ['shared', ['Zèbre partagé']],
  ['validator', ['Zèbre à approuver']],
  ['member', []],
];

test.each(sees)('%s finds, counts and is suggested %j', async (who, titles) => {
  const client = who === 'admin' ? t.admin : people[who];
  const queries = ['zebre', 'xylophone', 'zénith', 'zone', 'zeb*', '"zebre" -autre', '-autre', ''];
  for (const q of queries) {
    const { documents, total, facets } = await search(client, { q });
    expect([q, documents.map((one: { title: string }) => one.title).toSorted()]).toEqual([
      q,
      titles.toSorted(),
    ]);
    expect(total).toBe(titles.length);
    const count = titles.length > 0 ? [{ count: titles.length }] : [];
    for (const facet of ['correspondents', 'document_types', 'tags'])
      expect(facets[facet].map((one: { count: number }) => ({ count: one.count }))).toEqual(count);
  }
  for (const typed of ['zeb', 'Zèbre', 'zbere', 'zebr p']) {
    const found = (await suggestions(client, typed))
      .filter((one) => one.type === 'document')
      .map((one) => one.text);
    const expected = typed === 'zebr p' ? titles.filter((title) => title.includes(' p')) : titles;
    expect([typed, found.toSorted()]).toEqual([typed, expected.toSorted()]);
  }
});

test('nobody who is not signed in searches', async () => {
  expect((await t.nobody.get('/search?q=zebre')).status).toBe(401);
  expect((await t.nobody.get('/search/suggest?q=zeb')).status).toBe(401);
});

test('what was decided stays with who decided it, what was no longer shared does not', async () => {
  await people.validator.post(`/validation/${waiting}/approve`, {});
  expect((await search(people.validator, { q: 'zebre' })).total).toBe(1);
  await t.db.documentShare.deleteMany();
  expect((await search(people.shared, { q: 'zebre' })).total).toBe(0);
  expect((await suggestions(people.shared, 'zeb')).map((one) => one.type)).not.toContain('document');
});

test('a title that a user may not see takes no correction from them', async () => {
  const curious = await t.member('curious');
  await file(t, curious, { title: 'Licenciemment' });
  const before = await suggestions(curious, 'licenciement');
  expect(before).toEqual([{ text: 'Licenciemment', type: 'document' }]);
  await file(t, people.owner, { title: 'Licenciement d’un ami' });
  expect(await suggestions(curious, 'licenciement')).toEqual(before);
});

test('titles that a user may not see take none of the few places of corrections', async () => {
  const curious = await t.member('keen');
  await file(t, curious, { title: 'Quittance zabricots' });
  const before = await suggestions(curious, 'zabriccots');
  expect(before).toEqual([{ text: 'Quittance zabricots', type: 'document' }]);
  for (const title of [
    'abriccots',
    'zabricctos',
    'zabricocts',
    'zarbiccots',
    'zbariccots',
    'zabirccots',
    'zabrccots',
  ])
    await file(t, people.owner, { title });
  expect(await suggestions(curious, 'zabriccots')).toEqual(before);
});
