import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slipsOf } from '../../../src/modules/search/spelling.ts';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { file, suggestions } from './papers.ts';

let t: TestApp;
let carol: Client;

beforeAll(async () => {
  t = await startTestApp();
  carol = await t.member('carol');
  for (const title of [
    'Facture EDF',
    'Facture de téléphone',
    'Contrat d’assurance',
    'Facture EDF',
    'Relevé – août 2026',
    '電気料金のお知らせ',
  ])
    await file(t, carol, { title, file: 'zébulon.png', text: 'facilité' });
  for (const name of ['EDF', 'Électricité de Genève', 'Assurances Facchinetti'])
    await carol.post('/correspondents', { name });
  for (const name of ['Factures', 'Téléphone']) await carol.post('/tags', { name });
});
afterAll(() => t.close());

describe('suggestions', () => {
  test.each<[typed: string, texts: string[]]>([
    [
      'fac',
      [
        'document Facture EDF',
        'document Facture de téléphone',
        'correspondent Assurances Facchinetti',
        'tag Factures',
      ],
    ],
    ['FACT', ['document Facture EDF', 'document Facture de téléphone', 'tag Factures']],
    ['facture e', ['document Facture EDF']],
    ['edf fac', ['document Facture EDF']],
    ['ed', ['document Facture EDF', 'correspondent EDF']],
    ['telephone', ['document Facture de téléphone', 'tag Téléphone']],
    ['elec', ['correspondent Électricité de Genève']],
    ['d’ass', ['document Contrat d’assurance']],
    ['2026', ['document Relevé – août 2026']],
    ['電気', ['document 電気料金のお知らせ']],
    // neither file names nor texts
    ['zebulon', []],
    ['facilite', []],
    // slips of the fingers
    ['factrue', ['document Facture EDF', 'document Facture de téléphone', 'tag Factures']],
    ['fcature', ['document Facture EDF', 'document Facture de téléphone', 'tag Factures']],
    ['factuure', ['document Facture EDF', 'document Facture de téléphone', 'tag Factures']],
    ['facure', ['document Facture EDF', 'document Facture de téléphone', 'tag Factures']],
    ['fagture', ['document Facture EDF', 'document Facture de téléphone', 'tag Factures']],
    ['factrue edf', ['document Facture EDF']],
    ['asurance', ['document Contrat d’assurance', 'correspondent Assurances Facchinetti']],
    ['electrictié', ['correspondent Électricité de Genève']],
    ['zzzzzz', []],
    ['', []],
    [' - !', []],
  ])('for %j are %j', async (typed, texts) => {
    const found = await suggestions(carol, typed);
    expect(found.map(({ text, type }) => `${type} ${text}`)).toEqual(texts);
  });

  test('are as many as asked for, the newest titles first, and each once', async () => {
    const dora = await t.member('dora');
    for (let index = 0; index < 12; index++) await file(t, dora, { title: `Quittance ${index % 6}` });
    const texts = async (limit: number) => (await suggestions(dora, 'quit', limit)).map((one) => one.text);
    expect(await texts(3)).toEqual(['Quittance 5', 'Quittance 4', 'Quittance 3']);
    expect(await texts(50)).toHaveLength(6);
    for (const limit of ['0', '51', 'x'])
      expect((await dora.get(`/search/suggest?q=quit&limit=${limit}`)).status).toBe(400);
  });

  test('have the shape of the seed', async () => {
    const answer = await carol.get('//api/search/suggest?q=edf&limit=10');
    expect(answer.body).toEqual({
      success: true,
      suggestions: [
        { text: 'Facture EDF', type: 'document' },
        { text: 'EDF', type: 'correspondent' },
      ],
    });
  });

  test('find other titles where the newest 200 documents have one and the same', async () => {
    const eve = await t.member('eve');
    await file(t, eve, { title: 'Wagon ancien' });
    const id = await file(t, eve, { title: 'Wagon' });
    await t.db.$executeRaw`
      WITH more AS (
        INSERT INTO documents (owner_id, title, document_type_id, sha256, filed_month, filed_name, filed_key, created_at)
        SELECT owner_id, title, document_type_id, md5(n::text) || md5(n::text), filed_month, n || '.png', n || '.png',
          now() + interval '1 s'
        FROM documents, generate_series(1, 250) n WHERE id = ${id} RETURNING id, sha256, owner_id)
      INSERT INTO document_versions (document_id, number, sha256, file_size, mime_type, original_filename, created_by_id)
      SELECT id, 1, sha256, 1, 'image/png', 'w.png', owner_id FROM more`;
    expect((await suggestions(eve, 'wag')).map((one) => one.text)).toEqual(['Wagon', 'Wagon ancien']);
  });
});

test('a slip is an exchange, or a letter too many, wrong or missing', () => {
  for (const slip of ['factrue', 'fcature', 'facturre', 'factute', 'factue', 'facturse'])
    expect(slipsOf(slip)).toContain('facture');
  expect(slipsOf('fac')).toEqual([]);
  expect(slipsOf('x'.repeat(25))).toEqual([]);
  expect(slipsOf('facture')).not.toContain('facture');
});
