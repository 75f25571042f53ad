import { expect, test } from 'vitest';
import { z } from 'zod';
import { asFrontend, done, fits } from './frontend.ts';

const facet = z.array(z.looseObject({ id: z.int(), name: z.string(), count: z.int() }));
const found = z.looseObject({
  success: done,
  data: z.looseObject({
    documents: z.array(z.looseObject({ id: z.int(), title: z.string() })),
    total: z.int(),
    search_time: z.number(),
    facets: z.looseObject({ correspondents: facet, document_types: facet, tags: facet }),
  }),
});
const suggested = z.looseObject({
  success: done,
  suggestions: z.array(z.looseObject({ text: z.string(), type: z.string() })),
});

asFrontend('search', (use) => {
  test('finds, counts and filters by every parameter of the seed', async () => {
    const { user1, file } = use();
    const { data: edf } = (await user1.post('/correspondents', { name: 'EDF' })).body;
    const { data: tag } = (await user1.post('/tags', { name: 'Important', color: '#ff0000' })).body;
    const { data: types } = (await user1.get('/document-types')).body;
    const invoice = types.find((one: { code: string }) => one.code === 'invoice');
    const one = await file({
      ...{ title: 'Facture électricité', amount: 100, correspondent_id: edf.id },
      ...{ document_type_id: invoice.id, tags: [tag.id] },
    });
    const other = await file({ title: 'Facture électricité de mars', amount: 20 });
    const search = async (query: string) => {
      const reply = await user1.get(`/search?${query}`);
      expect([reply.status, reply.body.message]).toEqual([200, undefined]);
      return fits(reply.body, found).data;
    };
    const ids = async (query: string) => (await search(query)).documents.map(({ id }) => id);

    const both = await search('q=electricite');
    expect(both.total).toBe(2);
    expect(both.documents.map(({ id }) => id).sort()).toEqual([one.id, other.id].sort());
    expect(both.facets.correspondents).toEqual([{ id: edf.id, name: 'EDF', count: 1 }]);
    expect(both.facets.tags).toEqual([{ id: tag.id, name: 'Important', count: 1 }]);
    expect(both.facets.document_types.find(({ id }) => id === invoice.id)).toMatchObject({
      ...{ name: 'Facture', count: 1 },
    });

    const today = new Date().toISOString().slice(0, 10);
    expect(await ids(`q=electricite&correspondent_id=${edf.id}`)).toEqual([one.id]);
    expect(await ids(`q=electricite&document_type_id=${invoice.id}`)).toEqual([one.id]);
    expect(await ids(`q=electricite&tag_ids[]=${tag.id}`)).toEqual([one.id]);
    expect(await ids(`q=electricite&tag_ids%5B%5D=${tag.id}`)).toEqual([one.id]);
    expect(await ids('q=electricite&amount_min=50.5')).toEqual([one.id]);
    expect(await ids('q=electricite&amount_max=50.5')).toEqual([other.id]);
    expect(await ids(`q=electricite&created_after=${today}`)).toHaveLength(2);
    expect(await ids('q=electricite&created_before=2020-01-01')).toEqual([]);
    const page = await search('q=electricite&page=2&per_page=1');
    expect([page.documents.length, page.total]).toEqual([1, 2]);
  });

  test('suggests documents and correspondents', async () => {
    const { user1, file } = use();
    await user1.post('/correspondents', { name: 'Fiduciaire Facquet' });
    await file({ title: 'Facture EDF' });
    const reply = await user1.get('/search/suggest?q=fac&limit=10');
    expect(reply.status).toBe(200);
    const { suggestions } = fits(reply.body, suggested);
    expect(suggestions).toContainEqual(expect.objectContaining({ text: 'Facture EDF', type: 'document' }));
    expect(suggestions.map(({ type }) => type)).toContain('correspondent');
    expect(suggestions.length).toBeLessThanOrEqual(10);
    const one = await user1.get('/search/suggest?q=fac&limit=1');
    expect(fits(one.body, suggested).suggestions).toHaveLength(1);
  });
});
