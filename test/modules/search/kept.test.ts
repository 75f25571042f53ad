import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Transaction } from '../../../src/database/client.ts';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { png, replace } from '../documents/papers.ts';
import { file, titlesOf } from './papers.ts';

/** What document_search holds is what the documents say, whatever is done to them and by whom. */

let t: TestApp;
let carol: Client;

beforeAll(async () => {
  t = await startTestApp();
  carol = await t.member('carol');
});
afterAll(() => t.close());

const columns = `document_id, owner_id, document_type_id, correspondent_id, tag_ids, amount, created_at, trashed,
  heads::text, refs, words::text`;

/** Rows that are not as a look at the documents makes them, and rows that are missing or too many. */
async function strays() {
  return t.db.$queryRawUnsafe<{ document_id: number }[]>(`
    (SELECT ${columns} FROM document_search EXCEPT SELECT ${columns} FROM document_search_source)
    UNION ALL (SELECT ${columns} FROM document_search_source EXCEPT SELECT ${columns} FROM document_search)`);
}

describe('what is searched', () => {
  test('is what the documents say, after any series of changes', async () => {
    const tags: number[] = [];
    for (let index = 0; index < 4; index++)
      tags.push(
        (await carol.post('/tags', { name: `tag ${index}`, ...(index === 3 && { parent_id: tags[0] }) })).body
          .data.id,
      );
    const correspondents: number[] = [];
    for (const name of ['un', 'deux'])
      correspondents.push((await carol.post('/correspondents', { name })).body.data.id);
    const ids: number[] = [];
    const at = (index: number) => ids[index % ids.length] ?? 0;
    const write = (id: number, text: string) =>
      t.db.$executeRaw`
        INSERT INTO document_texts (document_id, version, text) SELECT id, version, ${text} FROM documents WHERE id = ${id}
        ON CONFLICT (document_id) DO UPDATE SET text = excluded.text, version = excluded.version`;
    const word = fc.constantFrom(
      'facture',
      'Électricité',
      '2026-0042',
      'W-2',
      'été',
      'the invoice',
      '電気',
      '<b>',
      "l'eau",
    );
    const operation = fc.oneof(
      fc.record({ do: fc.constant('add' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('title' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('text' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('fields' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('tags' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('file' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('trash' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('restore' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('purge' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('owner' as const), word, which: fc.nat(30) }),
      fc.record({ do: fc.constant('moveTag' as const), word, which: fc.nat(30) }),
    );
    const run = {
      add: async (said: string, n: number) => {
        ids.push(
          await file(t, carol, {
            title: said,
            file: `${said.replace(/[<>]/g, '')} ${n}.png`,
            tags: tags.slice(0, n % 3),
          }),
        );
      },
      title: (said: string, n: number) => carol.put(`/documents/${at(n)}`, { title: `${said} ${n}` }),
      text: (said: string, n: number) => write(at(n), `${said} `.repeat(n)),
      fields: (_: string, n: number) =>
        carol.put(`/documents/${at(n)}`, {
          amount: n,
          document_type_id: 1 + (n % 4),
          correspondent_id: correspondents[n % 3] ?? null,
        }),
      tags: (_: string, n: number) =>
        carol.put(`/documents/${at(n)}`, { tags: tags.filter((_tag, place) => (n >> place) % 2 === 1) }),
      file: (said: string, n: number) =>
        replace(carol, at(n), { name: `${said.replace(/[<>]/g, '')}-new.png`, bytes: png() }),
      trash: (_: string, n: number) => carol.delete(`/documents/${at(n)}`),
      restore: (_: string, n: number) => carol.post(`/documents/${at(n)}/restore`),
      purge: (_: string, n: number) => t.admin.delete(`/documents/${at(n)}?permanent=true`),
      owner: (_: string, n: number) =>
        t.db.document.updateMany({ where: { id: at(n) }, data: { ownerId: n % 2 ? t.admin.id : carol.id } }),
      moveTag: (_: string, n: number) =>
        carol.put(`/tags/${tags[2]}`, { parent_id: n % 2 ? (tags[1] ?? null) : null }),
    };
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (operations) => {
        if (ids.length === 0) await run.add('premier', 1);
        for (const one of operations) await run[one.do](one.word, one.which);
        expect(await strays()).toEqual([]);
      }),
      { numRuns: 12, endOnFailure: true },
    );
    await t.admin.delete(`/tags/${tags[1]}`);
    await t.admin.delete(`/correspondents/${correspondents[0]}`);
    expect(await strays()).toEqual([]);
  });

  test.each<[what: string, change: (tx: Transaction, id: number, tag: number) => Promise<unknown>]>([
    [
      'text',
      (tx, id) => tx.$executeRaw`UPDATE document_texts SET text = 'texte récent' WHERE document_id = ${id}`,
    ],
    [
      'tags',
      (tx, id, tag) => tx.$executeRaw`INSERT INTO document_tags (document_id, tag_id) VALUES (${id}, ${tag})`,
    ],
  ])(
    'is what the documents say, when one changes its title and another its %s at once',
    async (what, change) => {
      const id = await file(t, carol, { title: 'avant', text: 'avant' });
      const [first, second] = await Promise.all(
        ['un', 'deux'].map(
          async (name) => (await carol.post('/tags', { name: `${what} ${name}` })).body.data.id,
        ),
      );
      let changed: Promise<unknown> = Promise.resolve();
      await t.db.$transaction(
        async (tx) => {
          await tx.$executeRaw`UPDATE documents SET title = 'titre récent' WHERE id = ${id}`;
          await tx.$executeRaw`INSERT INTO document_tags (document_id, tag_id) VALUES (${id}, ${first})`;
          changed = t.db.$transaction((other) => change(other, id, second), { timeout: 20_000 });
          // The other one has begun, and waits for this one to end.
          await vi.waitFor(async () => {
            const waiting = await tx.$queryRaw<unknown[]>`
            SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
            expect(waiting).toHaveLength(1);
          });
        },
        { timeout: 20_000 },
      );
      await changed;
      expect(await strays()).toEqual([]);
      expect(await titlesOf(carol, 'titre recent')).toContain('titre récent');
    },
  );

  test('is written anew by search_rebuild, where a bulk load had the triggers off', async () => {
    const id = await file(t, carol, { title: 'en gros' });
    await t.db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT set_config('session_replication_role', 'replica', true)`;
      await tx.$executeRaw`UPDATE documents SET title = 'en détail' WHERE id = ${id}`;
      await tx.$executeRaw`SELECT search_rebuild(ARRAY[${id}]::int[])`;
    });
    expect(await titlesOf(carol, 'detail')).toEqual(['en détail']);
    await t.db.$executeRaw`SELECT search_rebuild()`;
    expect(await strays()).toEqual([]);
  });

  test('leaves the words alone, and their place outside of the row, when only the tags change', async () => {
    const id = await file(t, carol, {
      title: 'long',
      text: Array.from({ length: 60 }, (_, n) => `mot${n}`).join(' '),
    });
    const place = async () => {
      const [row] = await t.db.$queryRaw<{ chunk: string; size: number }[]>`
        SELECT pg_column_toast_chunk_id(words)::text AS chunk, pg_column_size(ballast) AS size FROM document_search WHERE document_id = ${id}`;
      return row;
    };
    const before = await place();
    expect(before?.chunk).toMatch(/^\d+$/);
    expect(before?.size).toBeLessThan(100);
    await carol.put(`/documents/${id}`, {
      tags: [(await carol.post('/tags', { name: 'seul' })).body.data.id],
    });
    expect(await place()).toEqual(before);
  });
});

describe('a document is filed and its text kept, whatever is in it', () => {
  const distinct = (count: number, made: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => made(n)).join(' ');
  const letters = (n: number) => n.toString(36).replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
  test.each<[what: string, text: () => string]>([
    ['a word of a million letters', () => 'a'.repeat(1_000_000)],
    ['words of 3,000 letters', () => distinct(300, (n) => letters(n).repeat(3000).slice(0, 3000))],
    ['a million distinct words', () => distinct(1_000_000, (n) => letters(n + 50_000))],
    [
      'a hundred thousand distinct letters of four bytes',
      () => distinct(100_000, (n) => String.fromCodePoint(0x20000 + (n % 0xa000))),
    ],
    [
      'words of two letters of four bytes',
      () => distinct(70_000, (n) => String.fromCodePoint(0x20000 + (n % 200), 0x20000 + Math.floor(n / 200))),
    ],
    ['signs that stand for many letters', () => 'ﷺ ㎯ ﷻ ℡ ½ '.repeat(40_000)],
    ['a million digits', () => '1234567890'.repeat(100_000)],
    ['numbers and nothing else', () => distinct(200_000, (n) => `${n}.${n}-${n}`)],
    ['references that never end', () => 'a-1/'.repeat(200_000)],
    ['addresses', () => distinct(50_000, (n) => `http://a${n}.example.com/x?y=${n}&z=a@b.c`)],
    ['punctuation', () => `&|!<->():*'"\\%_$`.repeat(50_000)],
    ['tags', () => '<a '.repeat(200_000)],
    ['control characters', () => '\u0001\u001b\u0007 '.repeat(100_000)],
    ['accents without letters', () => '\u0301'.repeat(200_000)],
    ['emoji', () => '👨‍👩‍👧‍👦🏳️‍🌈 '.repeat(20_000)],
    ['nothing', () => ''],
    ['noncharacters', () => '\ufffe\uffff\u{1ffff} '.repeat(10_000)],
  ])('%s', async (what, text) => {
    const began = performance.now();
    const id = await file(t, carol, { title: `hostile: ${what}`, text: `aiguille ${text()}` });
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(await titlesOf(carol, `hostile aiguille "${what}"`)).toEqual([`hostile: ${what}`]);
    await carol.put(`/documents/${id}`, { title: 'fait' });
    await carol.delete(`/documents/${id}`);
  });
});
