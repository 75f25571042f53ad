import { expect, test } from 'vitest';
import { z } from 'zod';
import { asFrontend, done, fits, moment } from './frontend.ts';

/** “Liste des documents” */
const document = z.looseObject({
  id: z.int(),
  title: z.string(),
  filename: z.string(),
  original_filename: z.string(),
  file_path: z.string(),
  file_size: z.int(),
  mime_type: z.string(),
  document_type_id: z.int(),
  document_type_label: z.string(),
  correspondent_id: z.int().nullable(),
  correspondent_name: z.string().nullable(),
  document_date: z.iso.date().nullable(),
  amount: z.number().nullable(),
  currency: z.string().length(3),
  created_at: moment,
  updated_at: moment,
  asn: z.int().nullable(),
});
const list = z.looseObject({
  success: done,
  data: z.array(document),
  pagination: z.looseObject({
    page: z.int(),
    per_page: z.int(),
    total: z.int(),
    total_pages: z.int(),
  }),
});
/** “Détails d'un document” */
const detail = z.looseObject({
  success: done,
  data: document.extend({
    tags: z.array(z.looseObject({ id: z.int(), name: z.string(), color: z.string() })),
  }),
});

asFrontend('documents', (use) => {
  test('one is created as the seed shows, and read', async () => {
    const { user1, scan } = use();
    const correspondent = (await user1.post('/correspondents', { name: 'Client ABC' })).body.data;
    const { body: types } = await user1.get('/document-types');
    const type = types.data.find((one: { code: string }) => one.code === 'invoice');
    const sent = {
      filename: 'document.txt',
      file_path: await scan('Une facture'),
      title: 'Document Title',
      document_type_id: type.id,
      correspondent_id: correspondent.id,
      document_date: '2026-01-21',
      amount: 100.5,
      currency: 'CHF',
    };
    const created = await user1.post('/documents', sent);
    expect(created.status).toBe(201);
    const { file_path, filename, ...said } = sent;
    expect(fits(created.body, detail).data).toMatchObject({
      ...said,
      original_filename: filename,
      document_type_label: 'Facture',
      correspondent_name: 'Client ABC',
      mime_type: 'text/plain',
      tags: [],
    });
    const read = await user1.get(`/documents/${created.body.data.id}`);
    expect(read.status).toBe(200);
    expect(fits(read.body, detail)).toEqual(created.body);
    expect(file_path).not.toBe(read.body.data.file_path);
  });

  test('the list takes all parameters of the seed', async () => {
    const { user1, file } = use();
    const tag = (await user1.post('/tags', { name: 'Important', color: '#ff0000' })).body.data;
    const { data: correspondent } = (await user1.post('/correspondents', { name: 'Régie' })).body;
    const { data: types } = (await user1.get('/document-types')).body;
    const [receipt] = types.filter((one: { code: string }) => one.code === 'receipt');
    const small = await file({ title: 'Loyer de mars', amount: 12.3, document_date: '2026-03-01' });
    const large = await file({
      ...{ title: 'Loyer d’avril', amount: 80, document_date: '2026-04-01' },
      ...{ correspondent_id: correspondent.id, document_type_id: receipt.id },
    });
    await user1.put(`/documents/${large.id}`, { tags: [tag.id] });

    const ids = async (query: string) => {
      const reply = await user1.get(`/documents?${query}`);
      expect(reply.status).toBe(200);
      return fits(reply.body, list).data.map(({ id }) => id);
    };
    expect(await ids('search=loyer&order_by=id&order=ASC')).toEqual([small.id, large.id]);
    expect(await ids(`correspondent_id=${correspondent.id}`)).toEqual([large.id]);
    expect(await ids(`document_type_id=${receipt.id}`)).toEqual([large.id]);
    expect(await ids(`tag_id=${tag.id}`)).toEqual([large.id]);
    for (const field of ['id', 'title', 'created_at', 'updated_at', 'document_date', 'amount']) {
      const rising = await ids(`order_by=${field}&order=ASC&search=loyer`);
      expect(rising).toHaveLength(2);
      expect(await ids(`order_by=${field}&order=DESC&search=loyer`)).toEqual(rising.reverse());
    }
    expect(await ids('order_by=amount&order=DESC&search=loyer')).toEqual([large.id, small.id]);

    const { body: paged } = await user1.get('/documents?search=loyer&page=2&per_page=1');
    expect(fits(paged, list).pagination).toEqual({ page: 2, per_page: 1, total: 2, total_pages: 2 });
    const { body: plain } = await user1.get('/documents');
    expect(fits(plain, list).pagination).toMatchObject({ page: 1, per_page: 20 });
    expect((await user1.get('/documents?per_page=100')).status).toBe(200);
    expect((await user1.get('/documents?per_page=101')).status).toBe(400);
  });

  test('one is changed: every field is optional', async () => {
    const { user1, file } = use();
    const { id } = await file();
    const tags = [];
    for (const name of ['un', 'deux', 'trois'])
      tags.push((await user1.post('/tags', { name, color: '#ff0000' })).body.data.id);
    const correspondent = (await user1.post('/correspondents', { name: 'Autre' })).body.data;
    const { data: types } = (await user1.get('/document-types')).body;
    const changes = {
      title: 'New Title',
      document_type_id: types[0].id,
      correspondent_id: correspondent.id,
      tags,
    };
    const changed = await user1.put(`/documents/${id}`, changes);
    expect(changed.status).toBe(200);
    const { data } = fits(changed.body, detail);
    expect(data).toMatchObject({ ...changes, tags: expect.anything() });
    expect(data.tags.map((tag) => tag.id).sort()).toEqual([...tags].sort());
    expect(data.tags.every((tag) => tag.color === '#ff0000')).toBe(true);
    const again = await user1.put(`/documents/${id}`, { title: 'Only the title' });
    expect(fits(again.body, detail).data).toMatchObject({
      ...changes,
      ...{ title: 'Only the title' },
      tags: data.tags,
    });
  });

  test('one is deleted, and is no longer listed', async () => {
    const { user1, file } = use();
    const { id } = await file({ title: 'À jeter' });
    const deleted = await user1.delete(`/documents/${id}`);
    expect(deleted.status).toBe(200);
    expect(deleted.body.success).toBe(true);
    expect((await user1.get('/documents?search=jeter')).body.data).toEqual([]);
  });
});
