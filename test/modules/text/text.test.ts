import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { eventually } from '../../support/server.ts';
import { replace, uploaded } from '../documents/papers.ts';
import { lockedPdf, scanPdf, slowPdf, textPdf } from './pdfs.ts';

let t: TestApp;
let alice: Client;

beforeAll(async () => {
  t = await startTestApp({}, { jobs: true });
  alice = await t.member('alice');
});
afterAll(() => t.close());

const shown = async (id: number, client = alice) => {
  const { body, headers } = await client.get(`/documents/${id}`);
  return { ...body.data, etag: headers.etag };
};

/** The document once nothing is to be done about its text any more. */
const settled = (id: number) =>
  eventually(`the text of document ${id} is there`, async () => {
    const document = await shown(id);
    return document.text_status !== 'pending' && document;
  });

const textOf = async (id: number) =>
  (await t.db.documentText.findUnique({
    where: { documentId: id },
    select: { text: true, version: true },
  })) ?? null;

const tag = async (name: string, match: string, more: object = {}) => {
  const answer = await t.admin.post('/tags', { name, match, matching_algorithm: 'any', ...more });
  expect(answer.status).toBe(201);
  return answer.body.data.id as number;
};

describe('what is in a file', () => {
  test('is taken out in the background: the upload says pending, and its ETag stays good', async () => {
    const paper = await uploaded(alice, { name: 'a.pdf', bytes: textPdf('Électricité de l\x92été') });
    expect(paper.text_status).toBe('pending');
    const { etag } = await shown(paper.id);
    const after = await settled(paper.id);
    expect(after).toMatchObject({ text_status: 'done', updated_at: paper.updated_at, etag });
    expect(await textOf(paper.id)).toEqual({ version: 1, text: 'Électricité de l’été' });
  });

  test.each([
    ['UTF-8', 'utf8.txt', Buffer.from('reçu n° 12'), 'text/plain', 'utf-8'],
    ['UTF-16', 'utf16.txt', Buffer.from('\ufeffreçu n° 13', 'utf16le'), 'text/plain', 'utf-16le'],
    ['Latin-1', 'latin1.csv', Buffer.from('reçu;n° 14\n', 'latin1'), 'text/csv', 'windows-1252'],
  ])('is read in %s, and sent back as what it is', async (_how, name, bytes, type, charset) => {
    const { id } = await uploaded(alice, { name, bytes });
    expect((await settled(id)).text_status).toBe('done');
    expect((await textOf(id))?.text).toMatch(/^reçu.n° 1\d$/);
    const download = await alice.get(`/documents/${id}/download`);
    expect(download.headers['content-type']).toBe(`${type}; charset=${charset}`);
    expect(download.bytes).toEqual(bytes);
    if (type === 'text/plain') expect((await alice.get(`/documents/${id}/preview`)).status).toBe(200);
  });

  test.each([
    ['a scan has none', 'scan.pdf', scanPdf(), 'none'],
    ['a locked file keeps it', 'locked.pdf', lockedPdf('sésame'), 'failed'],
    ['a broken file has lost it', 'broken.pdf', textPdf('abc').subarray(0, 250), 'failed'],
  ])('%s; the file is kept, and those after it are read', async (_what, name, bytes, status) => {
    const bad = await uploaded(alice, { name, bytes });
    const good = await uploaded(alice, { name: 'good.txt', bytes: Buffer.from(`after ${name}`) });
    expect((await settled(bad.id)).text_status).toBe(status);
    expect((await settled(good.id)).text_status).toBe('done');
    expect(await textOf(bad.id)).toBeNull();
    expect((await alice.get(`/documents/${bad.id}/download`)).bytes).toEqual(bytes);
  });

  test('is still read of a paper in the trash, and nobody misses it of one that is gone', async () => {
    const trashed = await uploaded(alice, { name: 't.txt', bytes: Buffer.from('in the trash') });
    await alice.delete(`/documents/${trashed.id}`);
    const gone = await uploaded(alice, { name: 'g.txt', bytes: Buffer.from('soon gone') });
    await t.admin.delete(`/documents/${gone.id}?permanent=true`);
    expect((await settled(trashed.id)).text_status).toBe('done');
    await queueIsEmpty();
    expect(await textOf(gone.id)).toBeNull();
  });

  test('of which the bytes are lost is a failure, not an endless try', async () => {
    const other = await startTestApp();
    const paper = await uploaded(other.admin, { name: 'lost.txt', bytes: Buffer.from('lost') });
    await rm(other.services.store.path(paper.sha256));
    await other.services.texts.extract({ documentId: paper.id, version: 1 }, new AbortController().signal);
    expect((await other.admin.get(`/documents/${paper.id}`)).body.data.text_status).toBe('failed');
    await other.close();
  });
});

const queueIsEmpty = () =>
  eventually('nothing waits', async () => {
    const counts = await t.services.jobs.counts();
    return counts.every(({ waiting, running }) => waiting + running === 0);
  });

describe('a new version', () => {
  test('has its own text, and the old one is gone with the old version', async () => {
    const { id } = await uploaded(alice, { name: 'v.txt', bytes: Buffer.from('première version') });
    await settled(id);
    const answer = await replace(alice, id, { name: 'v.pdf', bytes: slowPdf('deuxième') });
    expect(answer.body.data).toMatchObject({ version: 2, text_status: 'pending' });
    expect(await textOf(id)).toBeNull();
    await replace(alice, id, { name: 'v.txt', bytes: Buffer.from('troisième version') });
    expect((await settled(id)).text_status).toBe('done');
    expect(await textOf(id)).toEqual({ version: 3, text: 'troisième version' });
  });

  test('that comes while the old one is read: what comes out of the old one is not kept', async () => {
    const { id } = await uploaded(alice, { name: 'w.txt', bytes: Buffer.from('ancienne') });
    await settled(id);
    await t.db.$executeRaw`UPDATE documents SET text_status = 'pending' WHERE id = ${id}`;
    const late = { documentId: id, version: 1 };
    const reading = t.services.texts.extract(late, new AbortController().signal);
    await replace(alice, id, { name: 'w.txt', bytes: Buffer.from('nouvelle') });
    await reading;
    await settled(id);
    await t.services.texts.extract(late, new AbortController().signal);
    expect(await textOf(id)).toEqual({ version: 2, text: 'nouvelle' });
  });

  test('that has no text takes the old one away', async () => {
    const { id } = await uploaded(alice, { name: 'x.txt', bytes: Buffer.from('parti') });
    await settled(id);
    await replace(alice, id, { name: 'x.bin', bytes: Buffer.from([0, 1, 2, 3]) });
    expect(await shown(id)).toMatchObject({ text_status: 'none' });
    expect(await textOf(id)).toBeNull();
  });
});

describe('the rules of tags and correspondents', () => {
  test('run over the text when it is there: what only it says is found, and the ETag is another', async () => {
    const parent = await tag('Énergie', '');
    const child = await tag('Romande', 'romande-énergie', { parent_id: parent });
    const correspondent = await t.admin.post('/correspondents', {
      name: 'Romande Énergie SA',
      match: 'romande-énergie',
      matching_algorithm: 'exact',
    });
    const paper = await uploaded(alice, { name: 'scan001.pdf', bytes: textPdf('Romande-Énergie, facture') });
    expect(paper).toMatchObject({ tags: [], correspondent_id: null });
    const { etag } = await shown(paper.id);
    const after = await settled(paper.id);
    expect(after.tags.map(({ id }: { id: number }) => id).sort()).toEqual([parent, child].sort());
    expect(after.correspondent_id).toBe(correspondent.body.data.id);
    expect(after.etag).not.toBe(etag);
    const kept = await t.db.document.findUnique({
      where: { id: paper.id },
      select: { correspondentOrigin: true, tags: { select: { origin: true } } },
    });
    expect(kept).toEqual({ correspondentOrigin: 'rule', tags: [{ origin: 'rule' }, { origin: 'rule' }] });
  });

  test('leave alone who was given by hand', async () => {
    const mine = await t.admin.post('/correspondents', { name: 'À moi' });
    await t.admin.post('/correspondents', { name: 'Autre', match: 'moutarde', matching_algorithm: 'any' });
    const { id } = await uploaded(alice, {
      name: 'm.txt',
      bytes: Buffer.from('de la moutarde'),
      fields: { correspondent_id: String(mine.body.data.id) },
    });
    expect((await settled(id)).correspondent_id).toBe(mine.body.data.id);
    const kept = await t.db.document.findUnique({ where: { id }, select: { correspondentOrigin: true } });
    expect(kept).toEqual({ correspondentOrigin: 'hand' });
  });

  test('find it too when they are applied by hand, title and text being two lines of one thing', async () => {
    const { id } = await uploaded(alice, {
      name: 'n.txt',
      bytes: Buffer.from('le quinquina blanc'),
      fields: { title: 'Bon de' },
    });
    await settled(id);
    const tagId = await tag('Apéritif', '"de le quinquina"');
    const dry = await t.admin.post(`/tags/${tagId}/apply`, { dry_run: true });
    expect(dry.body.data).toMatchObject({ total: 1, documents: [{ id, changed: true }] });
    expect(dry.body.data.documents[0].excerpts[0]).toContain('quinquina');
    await t.admin.post(`/tags/${tagId}/apply`, {});
    expect((await shown(id)).tags).toMatchObject([{ id: tagId }]);
  });
});

describe('papers that wait without a job', () => {
  test('are queued again, once each: after a restored backup, or a migration', async () => {
    const other = await startTestApp();
    const papers = await Promise.all(
      [1, 2, 3].map((n) => uploaded(other.admin, { name: `${n}.txt`, bytes: Buffer.from(`text ${n}`) })),
    );
    const waiting = async () =>
      (await other.services.jobs.counts()).find(({ name }) => name === 'extract-text')?.waiting;
    expect(await waiting()).toBe(3);
    await other.db.$executeRaw`DELETE FROM pgboss.job WHERE data->>'documentId' <> ${String(papers[0].id)}`;
    expect(await waiting()).toBe(1);
    expect(await other.services.texts.queuePending(AbortSignal.abort())).toBe(0);
    expect(await waiting()).toBe(1);
    expect(await other.services.texts.queuePending()).toBe(3);
    expect(await other.services.texts.queuePending()).toBe(3);
    expect(await waiting()).toBe(3);
    await other.close();
  });
});

test('the queue is in /status and in /metrics', async () => {
  await queueIsEmpty();
  const status = await t.admin.get('//status');
  expect(status.body.data.jobs).toEqual(
    ['extract-text', 'train-labels', 'validation-reminders'].map((name) => ({
      name,
      waiting: 0,
      running: 0,
      failed: 0,
      lag_seconds: 0,
    })),
  );
  const metrics = (await t.admin.get('//metrics')).body;
  expect(metrics).toContain('classeur_jobs{job="extract-text",state="waiting"} 0');
  expect(metrics).toContain('classeur_jobs_lag_seconds{job="extract-text"} 0');
});
