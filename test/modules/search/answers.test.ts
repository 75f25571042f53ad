import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { file, search } from './papers.ts';

let t: TestApp;
let carol: Client;
const correspondents: number[] = [];
const tags: number[] = [];
const words = ['facture', 'contrat', 'loyer'];

/** Every document of carol's, and what a search may go by. */
interface Known {
  id: number;
  word: string;
  type: number;
  correspondent: number | null;
  tags: number[];
  amount: number | null;
  day: number;
}
const known: Known[] = [];

beforeAll(async () => {
  t = await startTestApp();
  carol = await t.member('carol');
  const dora = await t.member('dora');
  for (const name of ['Ædes', 'Baloise', 'Énergie', 'Swisscom'])
    correspondents.push((await carol.post('/correspondents', { name })).body.data.id);
  for (const name of ['urgent', 'payé', 'impôts'])
    tags.push((await carol.post('/tags', { name })).body.data.id);
  for (let index = 0; index < 36; index++) {
    const paper = {
      title: `${words[index % 3]} ${index}`,
      type: 1 + (index % 4),
      ...(index % 5 > 0 && { correspondent: correspondents[(index % 5) - 1] ?? 0 }),
      tags: tags.filter((_, place) => (index >> place) % 2 === 1),
      ...(index % 6 > 0 && { amount: Number((index * 10.05).toFixed(2)) }),
    };
    const id = await file(t, carol, paper);
    const day = 1 + (index % 20);
    await t.db.document.update({ where: { id }, data: { createdAt: new Date(Date.UTC(2026, 0, day, 12)) } });
    known.push({
      id,
      word: words[index % 3] ?? '',
      type: paper.type,
      correspondent: paper.correspondent ?? null,
      tags: paper.tags,
      amount: paper.amount ?? null,
      day,
    });
  }
  // Nobody's business but hers, and what is in the trash: never counted.
  for (const word of words)
    await file(t, dora, { title: word, correspondent: correspondents[0] ?? 0, tags, type: 1, amount: 50 });
  await carol.delete(`/documents/${await file(t, carol, { title: 'facture jetée', tags, amount: 50 })}`);
});
afterAll(() => t.close());

const byCount = (pairs: [number | null, string][]) => {
  const counts = new Map<number, number>();
  for (const [id] of pairs) if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1);
  const names = new Map(pairs.map(([id, name]) => [id, name]));
  return [...counts]
    .map(([id, count]) => ({ id, name: names.get(id) ?? '', count }))
    .sort((a, b) => b.count - a.count || a.name.localeCompare(b.name, 'fr'));
};

const correspondentNames = ['Ædes', 'Baloise', 'Énergie', 'Swisscom'];
const tagNames = ['urgent', 'payé', 'impôts'];
const typeNames = ['', 'Ticket', 'Facture', 'Fiche de salaire', 'Autre'];
const facetsOf = (found: Known[]) => ({
  correspondents: byCount(
    found.map((one) => [
      one.correspondent,
      correspondentNames[correspondents.indexOf(one.correspondent ?? 0)] ?? '',
    ]),
  ),
  document_types: byCount(found.map((one) => [one.type, typeNames[one.type] ?? ''])),
  tags: byCount(
    found.flatMap((one) => one.tags.map((id): [number, string] => [id, tagNames[tags.indexOf(id)] ?? ''])),
  ),
});

describe('an answer', () => {
  test('has the keys of the seed, and documents as the list shows them', async () => {
    const answer = await carol.get('/search?q=facture&per_page=5&page=2');
    expect(answer.body).toMatchObject({
      success: true,
      data: {
        total: 12,
        search_time: expect.any(Number),
        facets: facetsOf(known.filter((one) => one.word === 'facture')),
      },
      pagination: { page: 2, per_page: 5, total: 12, total_pages: 3 },
    });
    expect(Object.keys(answer.body.data)).toEqual(['documents', 'total', 'search_time', 'facets']);
    const [{ highlights, ...document }] = answer.body.data.documents;
    expect(document).toEqual((await carol.get(`/documents/${document.id}`)).body.data);
    expect(highlights).toEqual({ title: `<mark>facture</mark> ${document.title.split(' ')[1]}`, text: null });
    expect((await carol.get('//api/search?q=facture&per_page=5&page=2')).body.data.total).toBe(12);
  });

  test('without words is what the filters leave, the newest first', async () => {
    const { documents, total, facets } = await search(carol, { per_page: '100' });
    const expected = known.toSorted((a, b) => b.day - a.day || b.id - a.id).map((one) => one.id);
    expect(documents.map((one: { id: number }) => one.id)).toEqual(expected);
    expect([total, facets]).toEqual([36, facetsOf(known)]);
  });

  test('to filters and words counts and shows exactly what a recount of the documents does', async () => {
    const query = fc.record(
      {
        q: fc.constantFrom(
          '',
          'facture',
          'contrats',
          'facture -contrat',
          '-loyer',
          'swisscom',
          'urgent',
          'énergie loyer',
          '1',
        ),
        correspondent: fc.nat(3),
        type: fc.integer({ min: 1, max: 4 }),
        tags: fc.subarray([0, 1, 2], { minLength: 1 }),
        min: fc.integer({ min: -10, max: 400 }),
        max: fc.integer({ min: -10, max: 400 }),
        after: fc.integer({ min: 1, max: 20 }),
        before: fc.integer({ min: 1, max: 20 }),
      },
      { requiredKeys: ['q'] },
    );
    const hasWords: Record<string, (one: Known) => boolean> = {
      '': () => true,
      facture: (one) => one.word === 'facture',
      contrats: (one) => one.word === 'contrat',
      'facture -contrat': (one) => one.word === 'facture',
      '-loyer': (one) => one.word !== 'loyer',
      swisscom: (one) => one.correspondent === correspondents[3],
      urgent: (one) => one.tags.includes(tags[0] ?? 0),
      'énergie loyer': (one) => one.correspondent === correspondents[2] && one.word === 'loyer',
      '1': (one) => one.id === known[1]?.id,
    };
    const day = (number: number) => `2026-01-${String(number).padStart(2, '0')}`;
    await fc.assert(
      fc.asyncProperty(query, async ({ q, correspondent, type, tags: some, min, max, after, before }) => {
        const wanted = some?.map((place) => tags[place] ?? 0) ?? [];
        const expected = known.filter(
          (one) =>
            hasWords[q]?.(one) &&
            (correspondent === undefined || one.correspondent === correspondents[correspondent]) &&
            (type === undefined || one.type === type) &&
            wanted.every((id) => one.tags.includes(id)) &&
            (min === undefined || (one.amount !== null && one.amount >= min)) &&
            (max === undefined || (one.amount !== null && one.amount <= max)) &&
            (after === undefined || one.day >= after) &&
            (before === undefined || one.day <= before),
        );
        const found = await search(carol, {
          q,
          per_page: '100',
          ...(correspondent !== undefined && { correspondent_id: String(correspondents[correspondent]) }),
          ...(type !== undefined && { document_type_id: String(type) }),
          ...(some && { [wanted.length > 1 ? 'tag_ids' : 'tag_ids[]']: wanted.map(String) }),
          ...(min !== undefined && { amount_min: String(min) }),
          ...(max !== undefined && { amount_max: `${max}.00` }),
          ...(after !== undefined && { created_after: day(after) }),
          ...(before !== undefined && { created_before: day(before) }),
        });
        expect(found.documents.map((one: { id: number }) => one.id).toSorted()).toEqual(
          expected.map((one) => one.id).toSorted(),
        );
        expect([found.total, found.facets]).toEqual([expected.length, facetsOf(expected)]);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same documents in the same order, however it is cut into pages', async () => {
    for (const q of ['', 'facture', '-facture', 'swisscom']) {
      const ids = async (page: number, rows: number) =>
        (await search(carol, { q, page: String(page), per_page: String(rows) })).documents.map(
          (one: { id: number }) => one.id,
        );
      const whole = await ids(1, 100);
      for (const rows of [1, 5, 7]) {
        const cut: number[] = [];
        for (let page = 1; page <= Math.ceil(whole.length / rows) + 1; page++)
          cut.push(...(await ids(page, rows)));
        expect(cut).toEqual(whole);
      }
      const far = await search(carol, { q, page: '2147483647', per_page: '100' });
      expect([far.documents, far.total]).toEqual([[], whole.length]);
    }
  });

  test('names at most twenty of a facet, the most frequent first, then by name', async () => {
    const eve = await t.member('eve');
    const names = Array.from({ length: 23 }, (_, index) => `Client ${String(index).padStart(2, '0')}`);
    for (const [index, name] of names.toReversed().entries()) {
      const id = (await eve.post('/correspondents', { name })).body.data.id;
      await file(t, eve, { title: 'note', correspondent: id });
      if (index === 0) await file(t, eve, { title: 'note', correspondent: id });
    }
    const { facets } = await search(eve, { q: 'note' });
    expect(facets.correspondents.map((one: { name: string }) => one.name)).toEqual([
      'Client 22',
      ...names.slice(0, 19),
    ]);
    expect(facets.correspondents[0].count).toBe(2);
  });
});

describe('highlights', () => {
  test('mark what was found as it stands, and let no HTML through', async () => {
    const text = `${'Avant-propos. '.repeat(40)}Les <b>électricités</b> & "gaz" coûtent 2026-0042, soit l’eau.\n\n${'Suite. '.repeat(60)}`;
    await file(t, carol, { title: '<i>Électricité</i> & eau', text });
    const shown = async (q: string) => (await search(carol, { q })).documents[0].highlights;
    const first = await shown('electricite');
    expect(first.title).toBe('&lt;i&gt;<mark>Électricité</mark>&lt;/i&gt; &amp; eau');
    expect(first.text).toContain(
      'Les &lt;b&gt;<mark>électricités</mark>&lt;/b&gt; &amp; &quot;gaz&quot; coûtent 2026-0042, soit l’eau. Suite.',
    );
    expect(first.text).toMatch(/^… .*…$/s);
    expect(first.text.length).toBeLessThan(400);
    expect((await shown('électr*')).title).toContain('<mark>Électricité</mark>');
    expect((await shown('"coutent 2026"')).text).toContain('<mark>coûtent 2026</mark>-0042');
    expect((await shown('026-00')).text).toContain('2<mark>026-00</mark>42');
    expect((await shown('electricite -contrat')).title).toContain('<mark>Électricité</mark>');
    expect((await search(carol, {})).documents[0].highlights).toEqual({
      title: '&lt;i&gt;Électricité&lt;/i&gt; &amp; eau',
      text: null,
    });
  });

  test('show the place deep in a long text, in no time', async () => {
    const text = `${'Lorem ipsum dolor sit amet. '.repeat(6000)}Un quetzalcoatl étonnant. ${'Fin. '.repeat(200_000)}`;
    await file(t, carol, { title: 'Long', text });
    const began = performance.now();
    const { documents } = await search(carol, { q: 'quetzalcoatl' });
    expect(performance.now() - began).toBeLessThan(1000);
    expect(documents[0].highlights.text).toContain('Un <mark>quetzalcoatl</mark> étonnant.');
  });
});
