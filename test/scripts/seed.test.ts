import { createHash } from 'node:crypto';
import { access, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateDocument } from '../../scripts/seed/generate.ts';
import { createDatabase, type Database } from '../../src/database/client.ts';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { createTestDatabase } from '../support/database.ts';
import { runSeed, where } from '../support/seed.ts';
import { upload } from '../support/upload.ts';

/** Everything about the documents that a person sees, whatever their ids are called. */
const readPapers = (db: Database) =>
  db.$queryRaw<{ sha256: string }[]>`
    SELECT d.id, u.username, d.title, t.code, c.name AS correspondent, d.document_date::text, d.amount::text, d.currency,
      d.asn, d.sha256, d.filed_name, d.created_at::text, v.original_filename, v.file_size::int,
      d.validation_status, x.text,
      (SELECT json_agg(json_build_array(h.action, p.username, h.role_code, h.comment, h.amount, h.created_at) ORDER BY h.id)
       FROM validation_history h JOIN users p ON p.id = h.performed_by_id WHERE h.document_id = d.id) AS history,
      (SELECT json_agg(json_build_array(p.username, n.kind, n.params, n.read_at) ORDER BY n.id)
       FROM notifications n JOIN users p ON p.id = n.user_id WHERE n.document_id = d.id) AS notifications,
      (SELECT string_agg(g.name, ',' ORDER BY g.name) FROM document_tags dt JOIN tags g ON g.id = dt.tag_id
       WHERE dt.document_id = d.id) AS tags
    FROM documents d JOIN users u ON u.id = d.owner_id JOIN document_types t ON t.id = d.document_type_id
    JOIN document_versions v ON v.document_id = d.id AND v.number = d.version
    JOIN document_texts x ON x.document_id = d.id AND x.version = d.version
    LEFT JOIN correspondents c ON c.id = d.correspondent_id ORDER BY d.id`;

/** Makes PostgreSQL check every foreign key of the seeded tables over all rows. */
async function recheckForeignKeys(db: Database): Promise<number> {
  const keys = await db.$queryRaw<{ table: string; name: string; definition: string }[]>`
    SELECT conrelid::regclass::text AS table, conname::text AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text IN
      ('documents', 'document_versions', 'document_tags', 'document_texts', 'document_search', 'sync_copies')`;
  for (const { table, name, definition } of keys)
    await db.$executeRawUnsafe(
      `ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${definition}`,
    );
  return keys.length;
}

describe('the same seed', () => {
  test('makes the same documents in two databases, another seed makes others', async () => {
    const papers = await Promise.all(
      ['42', '42', '43'].map(async (seed) => {
        const database = await createTestDatabase();
        const { db, close } = createDatabase({ url: database.url, connections: 2, onError: () => undefined });
        const dataDir = await mkdtemp(path.join(tmpdir(), 'seed-'));
        const run = await runSeed(['--documents', '300', '--seed', seed], {
          DATABASE_URL: database.url,
          DATA_DIR: dataDir,
        });
        expect(run).toMatchObject({ code: 0, errors: '' });
        expect(run.output).toMatch(/^First administrator: admin\nPassword \(shown this once\): \S{20}\n/);
        expect(run.output).toMatch(
          /seed: 300 documents \(1,\d{3} rows\) in [\d.]+ s, [\d,]+ documents and [\d,]+ rows a second\n$/,
        );
        const rows = await readPapers(db);
        await close();
        await database.drop();
        return rows;
      }),
    );
    const [first = [], again = [], other = []] = papers;
    expect(first).toHaveLength(300);
    expect(again).toEqual(first);
    const known = new Set(first.map((row) => row.sha256));
    expect(other.filter((row) => known.has(row.sha256))).toEqual([]);
  });

  test('does not depend on the day it is used', () => {
    const { title, amount, date, createdAt, sha256 } = generateDocument({ seed: 1, position: 57 });
    expect({ title, amount, date, createdAt: createdAt.toISOString(), sha256 }).toMatchInlineSnapshot(`
      {
        "amount": "314.35",
        "createdAt": "2026-05-01T08:03:08.906Z",
        "date": "2026-04-01",
        "sha256": "5f2933a455c1c09c727ba899b7573814e3c7a3a6a31325d3ce09a6d4fae4ee7b",
        "title": "Relevé de compte Fiduciaire Descloux SA – avril 2026",
      }
    `);
  });

  test('makes texts of 40 to 150 words, with words of a third of all papers and words of a few', () => {
    const papers = Array.from({ length: 3000 }, (_, position) => generateDocument({ seed: 3, position }));
    const words = papers.map(({ text }) => text.split(/\s+/).length).sort((a, b) => a - b);
    expect(words[30]).toBeGreaterThan(40);
    expect(words[2700]).toBeLessThan(150);
    const share = (word: RegExp) => papers.filter(({ text }) => word.test(text)).length / papers.length;
    for (const word of [/\bfacture\b/i, /\bmontant/i]) {
      expect(share(word)).toBeGreaterThan(0.25);
      expect(share(word)).toBeLessThan(0.42);
    }
    for (const part of [
      /l’été|l’eau|d’électricité|l’ensemble/,
      /[éèà]/,
      /CH\d\d 0\d{3} /,
      /20\d\d-\d{4}/,
      /\bW-\d/,
    ])
      expect(share(part)).toBeGreaterThan(0.01);
    const files = papers.flatMap(({ text }) => /^(?:Dossier|File) (\w+)$/m.exec(text)?.[1] ?? []);
    expect(new Set(files).size).toBeGreaterThan(500);
    // 1'234.50 and 1 234,50
    const digits = (printed: string) => printed.replaceAll(/[.,'\u00a0]/g, '');
    for (const { text, title, amount } of papers) {
      expect(text).toContain(title);
      if (amount !== null) expect(digits(text)).toContain(digits(amount));
    }
  });

  test('makes papers of 0.3 to 3 KB, a few firms writing most of them', () => {
    const papers = Array.from({ length: 3000 }, (_, position) => generateDocument({ seed: 9, position }));
    expect(papers.filter(({ size }) => size < 300 || size > 3072)).toEqual([]);
    const counts = new Map<number | null, number>();
    for (const { correspondent } of papers) counts.set(correspondent, (counts.get(correspondent) ?? 0) + 1);
    const most = [...counts.values()].sort((a, b) => b - a);
    expect(most.length).toBeGreaterThan(200);
    expect(most.slice(0, 20).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1500);
    expect(new Set(papers.map((paper) => paper.currency))).toEqual(new Set(['CHF', 'EUR']));
  });
});

describe('2,000 documents on a database in use', () => {
  let server: TestApp;
  /** filed by a person before, under the name that the first synthetic paper would have */
  let taken: string;
  beforeAll(async () => {
    server = await startTestApp();
    await server.services.targets.create({
      name: 'nas',
      type: 'smb',
      enabled: true,
      schedule: null,
      policy: 'keep',
      options: { path: '/nowhere' },
    });
    const { originalFilename, date } = generateDocument({ seed: 1, position: 0 });
    const answer = await upload(server.admin, {
      name: originalFilename,
      bytes: Buffer.from('A paper of my own.'),
      fields: { document_date: date ?? '' },
    });
    expect(answer.status).toBe(201);
    taken = answer.body.data.filename;
    const run = await runSeed(['--documents', '2000'], where(server));
    expect(run).toMatchObject({ code: 0, errors: '' });
  });
  afterAll(() => server.close());

  test('are listed beside what was there', async () => {
    const { body } = await server.admin.get('/documents?per_page=100&order_by=id&order=ASC');
    expect(body.pagination.total).toBe(2001);
    const [own, first] = body.data;
    expect(own.filename).toBe(taken);
    const { title, sha256 } = generateDocument({ seed: 1, position: 0 });
    expect(first).toMatchObject({
      title,
      sha256,
      mime_type: 'text/plain',
      text_status: 'done',
      version: 1,
    });
    expect(first.filename).not.toBe(taken);
    const found = await server.admin.get('/documents', { query: { search: title } });
    expect(found.body.data.map((document: { id: number }) => document.id)).toContain(first.id);
  });

  test('are one in a hundred Nora’s, who signs in once an administrator has set her password', async () => {
    const { id: noraId } = await server.db.user.findFirstOrThrow({ where: { username: 'nora' } });
    expect((await server.admin.patch(`/users/${noraId}`, { password })).status).toBe(200);
    const nora = await server.signIn('nora', password);
    const { body } = await nora.get('/documents');
    expect(body.pagination.total).toBe(20);
    const [{ id, sha256, file_size }] = body.data;
    const download = await nora.get(`/documents/${id}/download`);
    expect(download.status).toBe(200);
    expect(download.bytes).toHaveLength(file_size);
    expect(createHash('sha256').update(download.bytes).digest('hex')).toBe(sha256);
  });

  test('have their bytes in the content store', async () => {
    const versions = await server.db.documentVersion.findMany();
    for (const { sha256, fileSize } of versions) {
      const bytes = await readFile(server.services.store.path(sha256));
      expect(bytes).toHaveLength(Number(fileSize));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
  });

  test('have their text in the database as it is in their bytes, and none is still to be taken out', async () => {
    const texts = await server.db.$queryRaw<{ sha256: string; text: string }[]>`
      SELECT d.sha256, x.text FROM documents d JOIN document_texts x ON x.document_id = d.id AND x.version = d.version
      WHERE d.text_status = 'done'`;
    expect(texts).toHaveLength(2000);
    for (const { sha256, text } of texts)
      expect(await readFile(server.services.store.path(sha256), 'utf8')).toBe(text);
  });

  test('wait for every target', async () => {
    expect(await server.db.syncCopy.count({ where: { state: 'pending' } })).toBe(2001);
  });

  test('carry the ancestors of their tags', async () => {
    const orphans = await server.db.$queryRaw`
      SELECT dt.document_id FROM document_tags dt JOIN tags t ON t.id = dt.tag_id WHERE t.parent_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM document_tags a WHERE a.document_id = dt.document_id AND a.tag_id = t.parent_id)`;
    expect(orphans).toEqual([]);
    expect(await server.db.documentTag.count()).toBeGreaterThan(2000);
  });

  test('leave every foreign key true and every index as it was', async () => {
    expect(await recheckForeignKeys(server.db)).toBeGreaterThanOrEqual(9);
    const indexes = await server.db.$queryRaw<{ options: string[] }[]>`
      SELECT c.reloptions AS options FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'gin'`;
    expect(indexes.length).toBeGreaterThan(0);
    for (const { options } of indexes) expect(options).toEqual(['fastupdate=off']);
  });

  test('are followed by others when seeded again, from the same seed or another', async () => {
    expect(await runSeed(['--documents', '150'], where(server))).toMatchObject({ code: 0, errors: '' });
    // Deleted for good: its place in the sequence is open again.
    const { sha256 } = generateDocument({ seed: 1, position: 5 });
    await server.db.document.deleteMany({ where: { sha256 } });
    const both = ['1', '7'].map((seed) => runSeed(['--documents', '100', '--seed', seed], where(server)));
    for (const run of await Promise.all(both)) expect(run).toMatchObject({ code: 0, errors: '' });
    expect(await server.db.document.count()).toBe(2001 + 150 - 1 + 200);
    const { sha256: last } = generateDocument({ seed: 1, position: 2149 });
    expect(await server.db.document.count({ where: { sha256: last } })).toBe(1);
  });
});

describe('npm run seed', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  test('adds no document when asked for none; nobody knows its members’ passwords', async () => {
    const run = await runSeed(['--documents', '0'], where(server));
    expect(run).toMatchObject({ code: 0, errors: '' });
    expect(run.output).toMatch(/seed: 0 documents \(0 rows\) in [^\n]+\n$/);
    expect(await server.db.document.count()).toBe(0);
    expect(await server.db.user.count()).toBe(29);
    await expect(server.signIn('marie', password)).rejects.toThrow('401');
  });

  test.each([
    [[], '--documents'],
    [['--documents', 'many'], '--documents'],
    [['--documents', '1.5'], '--documents'],
    [['--documents', '-1'], '--documents'],
    [['--documents', '99999999999'], '--documents'],
    [['--documents', '1', '--seed', 'x'], '--seed'],
    [['--documents', '1', '--colour', 'red'], '--colour'],
    [['1000'], '1000'],
  ])('refuses %j with one line that names the argument', async (args, name) => {
    const { code, output, errors } = await runSeed(args, where(server));
    expect(code).toBe(1);
    expect(output).toBe('');
    expect(errors).toMatch(/^seed: [^\n]+\n$/);
    expect(errors).toContain(name);
  });

  test('names the variable of a bad environment', async () => {
    const { code, errors } = await runSeed(['--documents', '1'], { ...where(server), PORT: 'x' });
    expect(code).toBe(1);
    expect(errors).toBe('seed: PORT: expected a number\n');
  });

  test('starts PostgreSQL from DATA_DIR where there is none, and stops it', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'seed-'));
    const run = await runSeed(['--documents', '10'], { DATA_DIR: dataDir });
    expect(run).toMatchObject({ code: 0, errors: '' });
    expect(run.output).toContain('seed: 10 documents');
    await expect(access(path.join(dataDir, 'postgres', 'PG_VERSION'))).resolves.toBeUndefined();
    await expect(access(path.join(dataDir, 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT');
  });
});
