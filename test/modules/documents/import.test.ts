import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { pdf } from './papers.ts';

let server: TestApp;
let alice: Client;
let inbox: string;
let outside: string;

beforeAll(async () => {
  const base = await mkdtemp(path.join(tmpdir(), 'classeur-import-'));
  inbox = path.join(base, 'inbox');
  outside = path.join(base, 'inbox-private');
  await mkdir(path.join(inbox, 'sub'), { recursive: true });
  await mkdir(outside);
  await writeFile(path.join(outside, 'secret.pdf'), pdf());
  await symlink(outside, path.join(inbox, 'linked'));
  await symlink(path.join(outside, 'secret.pdf'), path.join(inbox, 'link.pdf'));
  execFileSync('mkfifo', [path.join(inbox, 'pipe')]);
  await symlink(inbox, path.join(base, 'way-in'));
  server = await startTestApp({ IMPORT_DIRS: `/nowhere,${path.join(base, 'way-in')},${inbox}` });
  alice = await server.member('alice');
});
afterAll(() => server.close());

describe('a file of an import folder', () => {
  test('becomes a document and stays where it is', async () => {
    const bytes = pdf();
    const file = path.join(inbox, 'sub', 'Facture.pdf');
    await writeFile(file, bytes);
    const answer = await alice.post('/documents', {
      file_path: file,
      title: 'Facture',
      document_type_id: 2,
      document_date: '2026-01-21',
      amount: 100.5,
      currency: 'CHF',
      correspondent_id: null,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/api/v1/documents/${answer.body.data.id}`);
    expect(answer.body.data).toMatchObject({
      file_path: '2026/01/factures/Facture.pdf',
      amount: 100.5,
      owner_id: alice.id,
    });
    expect(JSON.stringify(answer.body)).not.toContain(inbox);
    expect(await readFile(server.services.store.path(answer.body.data.sha256))).toEqual(bytes);
    expect(await readFile(file)).toEqual(bytes);
    expect((await alice.post('/documents', { file_path: file })).status).toBe(409);
  });

  test('may be given another name, and be named through the folder’s own link', async () => {
    await writeFile(path.join(inbox, 'x1.pdf'), pdf());
    const answer = await alice.post('/documents', {
      file_path: path.join(path.dirname(inbox), 'way-in', 'x1.pdf'),
      filename: 'dossier/Contrat.pdf',
    });
    expect(answer.body.data).toMatchObject({ original_filename: 'Contrat.pdf', title: 'Contrat' });
    expect(
      (await alice.post('/documents', { file_path: path.join(inbox, 'x1.pdf'), filename: 'a/' })).status,
    ).toBe(400);
  });

  test('is retried with an Idempotency-Key', async () => {
    const file = path.join(inbox, 'retry.pdf');
    await writeFile(file, pdf());
    const send = () => alice.post('/documents', { file_path: file }, { 'idempotency-key': 'k' });
    const [first, second] = [await send(), await send()];
    expect(second.status).toBe(201);
    expect(second.bytes).toEqual(first.bytes);
  });
});

test.each([
  ['outside', () => path.join(outside, 'secret.pdf')],
  ['reached through ..', () => `${inbox}/sub/../../inbox-private/secret.pdf`],
  ['reached through .. that comes back', () => `${inbox}/sub/../sub/none.pdf`],
  ['reached through a linked folder', () => path.join(inbox, 'linked', 'secret.pdf')],
  ['a link', () => path.join(inbox, 'link.pdf')],
  ['a folder', () => path.join(inbox, 'sub')],
  ['the import folder itself', () => inbox],
  ['a pipe', () => path.join(inbox, 'pipe')],
  ['not there', () => path.join(inbox, 'none.pdf')],
  ['a device', () => '/dev/zero'],
  ['a relative path', () => 'sub/Facture.pdf'],
  ['under a file', () => path.join(inbox, 'x1.pdf', 'y')],
  ['longer than any path', () => path.join(inbox, 'x'.repeat(3000))],
])('a file that is %s is refused, always in the same words', async (_what, file) => {
  const before = await server.db.document.count();
  const answer = await alice.post('/documents', { file_path: file() });
  expect(answer.status).toBe(400);
  expect(answer.body.code).toBe('documents.bad_import_path');
  expect(answer.body.message).toContain('IMPORT_DIRS');
  expect(await server.db.document.count()).toBe(before);
});

test.each([
  ['no path', {}],
  ['an unknown key', { file_path: '/x', colour: 'red' }],
  ['a path that is a number', { file_path: 7 }],
  ['an amount as text', { file_path: '/x', amount: '12' }],
  ['a NUL', { file_path: '/x\0' }],
])('a body with %s is a 400', async (_what, body) => {
  expect((await alice.post('/documents', body)).status).toBe(400);
});
