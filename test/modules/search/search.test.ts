import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { file, search, titlesOf } from './papers.ts';

let t: TestApp;
let carol: Client;
let energy: number;
let urgent: number;

beforeAll(async () => {
  t = await startTestApp();
  carol = await t.member('carol');
  energy = (await carol.post('/correspondents', { name: 'Énergie du Léman SA' })).body.data.id;
  urgent = (await carol.post('/tags', { name: 'À payer' })).body.data.id;
  const papers = {
    Électricité: { file: 'facture_edf.png', text: 'Montant dû pour l’électricité consommée : 1’234.50 CHF' },
    'Factures de gaz': { text: 'Nos références : FAC-2026-0042-B. La caisse de pension a été avisée.' },
    'Annual report': { file: 'W-2.png', text: 'The companies report invoices in detail <b>bold</b> & more' },
    Invoice: {
      text: 'Invoice number 2026/0077, see https://example.com/pay?id=42 or mail billing@example.com',
    },
    'Relevé d’avril': { text: 'journaux, chevaux, cœur, Zürich, STRASSE straße' },
    Wage: { text: 'Form W-2 Wage and Tax Statement, section 1.2.3' },
    電気料金のお知らせ: { text: '東京電力 株式会社。電気料金 1,234円' },
    'Contrat Léman': { correspondent: energy },
    'Rappel de loyer': { tags: [urgent] },
    'Москва – договор': { text: 'Οδός Ερμού 15' },
    'le la les': { text: 'the of and' },
  };
  for (const [title, paper] of Object.entries(papers)) await file(t, carol, { title, ...paper });
});
afterAll(() => t.close());

const sorted = (titles: string[]) => titles.toSorted();

describe('a search finds', () => {
  test.each<[query: string, titles: string[]]>([
    // accents, both ways
    ['electricite', ['Électricité']],
    ['ÉLECTRICITÉ', ['Électricité']],
    ['e\u0301lectricite\u0301', ['Électricité']],
    ['releve', ['Relevé d’avril']],
    ['zurich', ['Relevé d’avril']],
    ['coeur', ['Relevé d’avril']],
    ['strasse', ['Relevé d’avril']],
    ['straße', ['Relevé d’avril']],
    // stems
    ['facture', ['Électricité', 'Factures de gaz']],
    ['factures', ['Électricité', 'Factures de gaz']],
    ['journal', ['Relevé d’avril']],
    ['cheval', ['Relevé d’avril']],
    ['company', ['Annual report']],
    ['invoice', ['Annual report', 'Invoice']],
    ['reports', ['Annual report']],
    // apostrophes
    ['l’électricité', ['Électricité']],
    ["l'electricite", ['Électricité']],
    ['avril', ['Relevé d’avril']],
    ['d’avril', ['Relevé d’avril']],
    // all of the words, in any of the fields
    ['facture electricite', ['Électricité']],
    ['facture pension', ['Factures de gaz']],
    ['facture invoice', []],
    // words that say nothing
    ['facture de la pension', ['Factures de gaz']],
    ['the invoice', ['Annual report', 'Invoice']],
    ['le', ['le la les']],
    ['"the of"', ['le la les']],
    // phrases
    ['"caisse de pension"', ['Factures de gaz']],
    ['"pension de caisse"', []],
    ['"annual reports"', ['Annual report']],
    ['"tax statement"', ['Wage']],
    ['"wage tax"', []],
    // not
    ['facture -gaz', ['Électricité']],
    ['facture -electricite -gaz', []],
    ['invoice -"annual report"', ['Invoice']],
    ['facture -fac*', []],
    // beginnings
    ['electr*', ['Électricité']],
    ['élect*', ['Électricité']],
    ['fact*', ['Électricité', 'Factures de gaz']],
    ['factures*', ['Électricité', 'Factures de gaz']],
    ['"caisse de pens"*', ['Factures de gaz']],
    ['"caisse de gaz"*', []],
    // file names
    ['edf', ['Électricité']],
    ['facture_edf', ['Électricité']],
    ['facture_edf.png', ['Électricité']],
    // numbers and references, whole and in part
    ['W-2', ['Annual report', 'Wage']],
    ['w-2', ['Annual report', 'Wage']],
    ['2026-0042', ['Factures de gaz']],
    ['FAC-2026-0042-B', ['Factures de gaz']],
    ['0042', ['Factures de gaz']],
    ['026-00', ['Factures de gaz']],
    ['2026/0077', ['Invoice']],
    ['2026-0077', ['Invoice']],
    ['077', ['Invoice']],
    ['2026', ['Factures de gaz', 'Invoice']],
    ['234.50', ['Électricité']],
    ["1'234.50", ['Électricité']],
    ['2026 -0042', ['Invoice']],
    ['1.2.3', ['Wage']],
    // addresses are words
    ['billing', ['Invoice']],
    ['billing@example.com', ['Invoice']],
    ['"https://example.com"', ['Invoice']],
    // other scripts
    ['電気料金', ['電気料金のお知らせ']],
    ['東京電力', ['電気料金のお知らせ']],
    ['東京*', ['電気料金のお知らせ']],
    ['株式会社', ['電気料金のお知らせ']],
    ['москва', ['Москва – договор']],
    ['МОСКВА', ['Москва – договор']],
    ['ερμου', ['Москва – договор']],
    // correspondents and tags by name
    ['énergie', ['Contrat Léman']],
    ['energie du leman', ['Contrat Léman']],
    ['contrat énergie', ['Contrat Léman']],
    ['"énergie du léman"', ['Contrat Léman']],
    ['ener*', ['Contrat Léman']],
    ['payer', ['Rappel de loyer']],
    ['loyer payer', ['Rappel de loyer']],
    ['leman -énergie', []],
    ['rappel -payer', []],
    // nothing that could be found
    ['!!! ?', []],
    ['zzzz', []],
  ])('%j: %j', async (query, titles) => {
    expect(sorted(await titlesOf(carol, query))).toEqual(sorted(titles));
    const listed = await carol.get(`/documents?${new URLSearchParams({ search: query })}`);
    expect(sorted(listed.body.data.map((one: { title: string }) => one.title))).toEqual(sorted(titles));
  });

  test('everything but what is not wanted, where nothing is', async () => {
    const all = await titlesOf(carol, '-zzzz');
    expect(all).toHaveLength(11);
    expect(await titlesOf(carol, '-facture -énergie')).toHaveLength(8);
    expect(await titlesOf(carol, '-0042')).toHaveLength(10);
  });

  test('by the new name at once, when a correspondent or a tag is renamed', async () => {
    const id = (await carol.post('/correspondents', { name: 'Ancien SA' })).body.data.id;
    const tag = (await carol.post('/tags', { name: 'provisoire' })).body.data.id;
    await file(t, carol, { title: 'Sans rien', correspondent: id, tags: [tag] });
    expect(await titlesOf(carol, 'ancien provisoire')).toEqual(['Sans rien']);
    await carol.put(`/correspondents/${id}`, { name: 'Nouveau SA' });
    await carol.put(`/tags/${tag}`, { name: 'définitif' });
    expect(await titlesOf(carol, 'ancien')).toEqual([]);
    expect(await titlesOf(carol, 'provisoire')).toEqual([]);
    expect(await titlesOf(carol, 'nouveau definitif')).toEqual(['Sans rien']);
  });

  test('a document as it is now: its new title, file and tags, and nothing of it in the trash', async () => {
    const id = await file(t, carol, { title: 'Brouillon turquoise', text: 'ocre' });
    await carol.put(`/documents/${id}`, { title: 'Version indigo', tags: [urgent] });
    expect(await titlesOf(carol, 'turquoise')).toEqual([]);
    expect(await titlesOf(carol, 'indigo ocre payer')).toEqual(['Version indigo']);
    await carol.put(`/documents/${id}`, { tags: [] });
    expect(await titlesOf(carol, 'indigo payer')).toEqual([]);
    await carol.delete(`/documents/${id}`);
    expect(await titlesOf(carol, 'indigo')).toEqual([]);
    const trash = (await carol.get('/documents?trashed=true&search=indigo')).body;
    expect(trash.data.map((one: { id: number }) => one.id)).toEqual([id]);
    await carol.post(`/documents/${id}/restore`);
    expect(await titlesOf(carol, 'indigo')).toEqual(['Version indigo']);
  });
});

describe('what fits best comes first', () => {
  test('the title before the correspondent, the file name and the text, then the newest', async () => {
    const magenta = (await carol.post('/correspondents', { name: 'Magenta' })).body.data.id;
    await file(t, carol, { title: 'par le texte', text: 'du magenta' });
    await file(t, carol, { title: 'par le fichier', file: 'magenta.png' });
    await file(t, carol, { title: 'par le correspondant', correspondent: magenta });
    await file(t, carol, { title: 'Magenta' });
    await file(t, carol, { title: 'plus souvent', text: 'magenta, magenta, magenta' });
    await file(t, carol, { title: 'par le texte, plus tard', text: 'du magenta' });
    expect(await titlesOf(carol, 'magenta')).toEqual([
      'Magenta',
      'par le correspondant',
      'par le fichier',
      'plus souvent',
      'par le texte, plus tard',
      'par le texte',
    ]);
    const byDate = await search(carol, { q: 'magenta', order_by: 'created_at' });
    expect(byDate.documents[0].title).toBe('par le texte, plus tard');
  });

  test('words that stand together before words that stand apart', async () => {
    await file(t, carol, { title: 'ensemble', text: `vermillon carmin ${'mot '.repeat(60)}` });
    await file(t, carol, { title: 'séparés', text: `vermillon ${'mot '.repeat(60)} carmin` });
    expect(await titlesOf(carol, 'vermillon carmin')).toEqual(['ensemble', 'séparés']);
  });
});

describe('hostile queries', () => {
  test.each([
    "' OR 1=1 --",
    '"',
    "''",
    '\\',
    "\\'",
    ':*',
    'a:*',
    'a:A',
    '!a',
    '!!',
    '&',
    'a & | b',
    '(',
    ')))',
    '<->',
    'a <-> b',
    'a <999999> b',
    '%',
    '_',
    '%_\\',
    '$1',
    '$(x)',
    '<mark>',
    '\u0001\u0002',
    '\uFFFF',
    '\u{10FFFF}',
    '*'.repeat(200),
    '-'.repeat(200),
    '"'.repeat(200),
    '1e999',
    '1e5',
    '0x41',
    '9'.repeat(200),
    'é'.repeat(200),
    '電'.repeat(200),
    'a '.repeat(100),
    '-a '.repeat(66),
    '1 '.repeat(100),
    '123* '.repeat(40),
    '0qz0*',
    '"x 0qz0"*',
    "a'b*",
    "'''*",
    'ﷺ'.repeat(200),
    '\u0301'.repeat(200),
    'İı ẞ',
    '👨‍👩‍👧‍👦*',
  ])('%j is answered', async (q) => {
    for (const address of ['/search', '/search/suggest'])
      expect([address, (await carol.get(`${address}?${new URLSearchParams({ q })}`)).status]).toEqual([
        address,
        200,
      ]);
    expect((await carol.get(`/documents?${new URLSearchParams({ search: q })}`)).status).toBe(200);
  });

  test.each([
    'q='.padEnd(203, 'x'),
    'page=0',
    'per_page=101',
    'correspondent_id=x',
    'tag_ids=x',
    'tag_ids[]=1&tag_ids[]=x',
    'amount_min=1.234',
    'amount_max=NaN',
    'created_after=hier',
    'order_by=title',
    'colour=red',
    'q=a&q=b',
  ])('refuses %s', async (query) => {
    expect((await carol.get(`/search?${query}`)).status).toBe(400);
  });
});
