import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { foldKey } from '../../../src/modules/documents/filing.ts';
import { createTargetRunner } from '../../../src/modules/sync/run-target.ts';
import { createRunsService } from '../../../src/modules/sync/runs.service.ts';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { upload } from '../../support/upload.ts';

let t: TestApp;
let nas: string;

beforeEach(async () => {
  t = await startTestApp();
  nas = await mkdtemp(path.join(tmpdir(), 'classeur-nas-'));
});
afterEach(async () => {
  await t.close();
  await rm(nas, { recursive: true, force: true });
});

async function addNas(name = 'nas', mount = nas): Promise<number> {
  const { status, body } = await t.admin.post('/sync/targets', {
    name,
    type: 'smb',
    options: { path: mount },
  });
  expect(status).toBe(201);
  return body.data.id;
}

/** The document's id. */
async function file(
  content: string,
  {
    as = t.admin,
    name = 'scan.txt',
    type = 'invoice',
    date = '2026-01-21',
  }: { as?: Client; name?: string; type?: string; date?: string } = {},
): Promise<number> {
  const types = await t.admin.get('/document-types');
  const documentTypeId = types.body.data.find((each: { code: string }) => each.code === type).id;
  const answer = await upload(as, {
    name,
    bytes: Buffer.from(content),
    fields: { document_type_id: String(documentTypeId), document_date: date },
  });
  expect(answer.status).toBe(201);
  return answer.body.data.id;
}

async function run(body: object = {}): Promise<{
  total: number;
  synced: number;
  failed: number;
  errors: string[];
  run_id: number;
  success: boolean;
}> {
  const answer = await t.admin.post('/sync/run', body);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** The documents' files on the target: path → content. */
async function held(mount = nas): Promise<Record<string, string>> {
  const entries = await readdir(mount, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const pairs = await Promise.all(
    files.map(async (each) => [path.relative(mount, each), await readFile(each, 'utf8')] as const),
  );
  return Object.fromEntries(pairs.filter(([name]) => !name.startsWith('.classeur')).sort());
}

const temporaries = () => readdir(path.join(nas, '.classeur', 'tmp')).catch(() => []);

describe('a run brings each document to its filed place', () => {
  test('year, month, type folder and name; and the second run has nothing to do', async () => {
    await addNas();
    await file('une facture', { name: 'Facture été.pdf', type: 'invoice', date: '2026-01-21' });
    await file('un ticket', { name: 'ticket.txt', type: 'receipt', date: '2025-12-31' });
    await file('un salaire', { name: 'salaire.txt', type: 'payslip', date: '2024-02-29' });
    expect((await t.admin.get('/sync/status')).body).toMatchObject({
      total_documents: 3,
      synced: 0,
      pending: 3,
      sync_percentage: 0,
      last_sync: null,
      nas_configured: true,
    });

    expect(await run()).toMatchObject({ success: true, total: 3, synced: 3, failed: 0, errors: [] });
    expect(await held()).toEqual({
      '2024/02/salaires/salaire.txt': 'un salaire',
      '2025/12/tickets/ticket.txt': 'un ticket',
      '2026/01/factures/Facture été.pdf': 'une facture',
    });
    expect(await run()).toMatchObject({ success: true, total: 0, synced: 0, failed: 0, errors: [] });
    const { body } = await t.admin.get('/sync/status');
    expect(body).toMatchObject({
      success: true,
      total_documents: 3,
      synced: 3,
      pending: 0,
      sync_percentage: 100,
    });
    expect(Date.parse(body.last_sync)).toBeGreaterThan(Date.now() - 60_000);
    expect(await temporaries()).toEqual([]);
  });

  test('two papers of one name in one month stand side by side', async () => {
    await addNas();
    await file('premier', { name: 'scan.txt' });
    const second = await file('second', { name: 'Scan.txt' });
    await run();
    expect(await held()).toEqual({
      '2026/01/factures/scan.txt': 'premier',
      [`2026/01/factures/Scan-${second}.txt`]: 'second',
    });
  });

  test('a target that is added later gets every document; each target has its own journal', async () => {
    await file('avant');
    await addNas();
    const other = await mkdtemp(path.join(tmpdir(), 'classeur-nas-'));
    await run();
    const second = await addNas('disque', other);
    await file('après', { name: 'apres.txt' });
    expect((await t.admin.get('/sync/status')).body).toMatchObject({ total_documents: 2, pending: 2 });
    expect(await run()).toMatchObject({ total: 2, synced: 2, failed: 0 });
    expect(await held(other)).toEqual(await held());
    expect(Object.keys(await held())).toHaveLength(2);

    await file('troisième', { name: 'trois.txt' });
    expect(await run({ target_id: second })).toMatchObject({ total: 1, synced: 1 });
    expect(Object.keys(await held())).toHaveLength(2);
    expect(Object.keys(await held(other))).toHaveLength(3);
    await rm(other, { recursive: true });
  });

  test('only the documents named are sent when some are named', async () => {
    await addNas();
    const wanted = await file('voulu', { name: 'voulu.txt' });
    await file('autre', { name: 'autre.txt' });
    expect(await run({ document_ids: [wanted] })).toMatchObject({ total: 1, synced: 1 });
    expect(Object.values(await held())).toEqual(['voulu']);
  });

  test('one missing source does not stop the others, and is told in the seed’s words', async () => {
    await addNas();
    const lost = await file('perdu', { name: 'perdu.txt' });
    await file('reste', { name: 'reste.txt' });
    await unlink(t.services.store.path(createHash('sha256').update('perdu').digest('hex')));

    expect(await run()).toMatchObject({
      success: false,
      total: 2,
      synced: 1,
      failed: 1,
      errors: [`Document ${lost}: Fichier source introuvable`],
    });
    expect(Object.values(await held())).toEqual(['reste']);
    expect((await t.admin.get('/sync/status')).body).toMatchObject({
      synced: 1,
      pending: 1,
      sync_percentage: 50,
    });
    const english = await t.admin.post('/sync/run', {}, { 'accept-language': 'en' });
    expect(english.body.errors).toEqual([`Document ${lost}: Source file not found`]);
  });

  test('what rotted in the store is not taken for the document', async () => {
    await addNas();
    const rotten = await file('intact', { name: 'pourri.txt' });
    await writeFile(t.services.store.path(createHash('sha256').update('intact').digest('hex')), 'abîmé!');
    const outcome = await run();
    expect(outcome).toMatchObject({ synced: 0, failed: 1 });
    expect(outcome.errors[0]).toMatch(
      new RegExp(`^Document ${rotten}: Le fichier source ne correspond plus`),
    );
    expect(await held()).toEqual({});
  });
});

describe('the target follows the document', () => {
  beforeEach(async () => {
    await addNas();
  });

  test('re-dated and renamed type: it moves, and leaves nothing behind', async () => {
    const id = await file('papier', { name: 'papier.txt', date: '2026-01-21' });
    await run();
    await t.admin.put(`/documents/${id}`, { document_date: '2025-03-02' });
    expect(await run()).toMatchObject({ total: 1, synced: 1 });
    expect(await held()).toEqual({ '2025/03/factures/papier.txt': 'papier' });

    const receipt = (await t.admin.get('/document-types')).body.data.find(
      (each: { code: string }) => each.code === 'receipt',
    );
    await t.admin.put(`/documents/${id}`, { document_type_id: receipt.id });
    await run();
    expect(await held()).toEqual({ '2025/03/tickets/papier.txt': 'papier' });

    await t.admin.put(`/document-types/${receipt.id}`, { folder: 'petits tickets' });
    await run();
    expect(await held()).toEqual({ '2025/03/petits tickets/papier.txt': 'papier' });
  });

  test('a title changes nothing there, a new version does', async () => {
    const id = await file('version 1', { name: 'contrat.txt' });
    await run();
    await t.admin.put(`/documents/${id}`, { title: 'Contrat de bail' });
    expect(await run()).toMatchObject({ total: 0 });
    const replaced = await upload(t.admin, {
      name: 'contrat.txt',
      bytes: Buffer.from('version 2'),
      to: `/documents/${id}/file`,
      method: 'PUT',
    });
    expect(replaced.status).toBe(200);
    expect((await t.admin.get('/sync/status')).body).toMatchObject({ synced: 0, pending: 1 });
    await run();
    expect(await held()).toEqual({ '2026/01/factures/contrat.txt': 'version 2' });
  });

  test('in the trash a copy stays and counts no more; restored, it is proved again', async () => {
    const id = await file('gardé', { name: 'garde.txt' });
    const never = await file('jamais parti', { name: 'jamais.txt' });
    await run({ document_ids: [id] });
    await t.admin.delete(`/documents/${id}`);
    await t.admin.delete(`/documents/${never}`);
    expect((await t.admin.get('/sync/status')).body).toMatchObject({ total_documents: 0, pending: 0 });
    expect(await run()).toMatchObject({ total: 0 });
    expect(await held()).toEqual({ '2026/01/factures/garde.txt': 'gardé' });

    await t.admin.post(`/documents/${id}/restore`);
    await t.admin.post(`/documents/${never}/restore`);
    expect(await run()).toMatchObject({ total: 2, synced: 2 });
    expect(Object.values(await held()).sort()).toEqual(['gardé', 'jamais parti']);
  });

  test('deleted for good, its copy is kept, and no later paper of that name takes its place', async () => {
    const id = await file('ancien', { name: 'bail.txt' });
    await run();
    expect((await t.admin.delete(`/documents/${id}?permanent=true`)).status).toBe(200);
    const next = await file('nouveau', { name: 'bail.txt' });
    await run();
    expect(await held()).toEqual({
      '2026/01/factures/bail.txt': 'ancien',
      [`2026/01/factures/bail-${next}.txt`]: 'nouveau',
    });
  });

  test('a new version under the same name in other letters leaves one file, not two', async () => {
    const id = await file('version 1', { name: 'Scan.txt' });
    await run();
    await upload(t.admin, {
      name: 'scan.txt',
      bytes: Buffer.from('version 2'),
      to: `/documents/${id}/file`,
      method: 'PUT',
    });
    await run();
    expect(await held()).toEqual({ '2026/01/factures/Scan.txt': 'version 2' });
  });

  test('what a person wrote over a copy is not thrown away when its document moves', async () => {
    const id = await file('copie', { name: 'note.txt' });
    await run();
    await writeFile(path.join(nas, '2026/01/factures/note.txt'), 'annotée à la main');
    await t.admin.put(`/documents/${id}`, { document_date: '2025-05-05' });
    await run();
    expect(await held()).toEqual({
      '2025/05/factures/note.txt': 'copie',
      '2026/01/factures/note.txt': 'annotée à la main',
    });
  });

  test('a person’s own file in a document’s place is moved aside, not lost', async () => {
    await mkdir(path.join(nas, '2026/01/factures'), { recursive: true });
    await writeFile(path.join(nas, '2026/01/factures/bail.txt'), 'à quelqu’un');
    await file('bail', { name: 'bail.txt' });
    expect(await run()).toMatchObject({ success: true, synced: 1 });
    expect(await held()).toEqual({ '2026/01/factures/bail.txt': 'bail' });
    const day = new Date().toISOString().slice(0, 10);
    expect(await readFile(path.join(nas, '.classeur/trash', day, '2026/01/factures/bail.txt'), 'utf8')).toBe(
      'à quelqu’un',
    );
  });

  test('two papers that swap their months both end where they belong', async () => {
    const a = await file('A', { name: 'x.txt', date: '2026-01-01' });
    const b = await file('B', { name: 'y.txt', date: '2026-02-01' });
    await run();
    await t.admin.put(`/documents/${a}`, { document_date: '2026-02-01' });
    await t.admin.put(`/documents/${b}`, { document_date: '2026-01-01' });
    await run();
    expect(await held()).toEqual({ '2026/01/factures/y.txt': 'B', '2026/02/factures/x.txt': 'A' });
  });
});

describe('a target is the one it was, or nothing is written', () => {
  test('the mount is gone: the run says so, writes nothing, and the documents stay pending', async () => {
    await addNas();
    await file('un', { name: 'un.txt' });
    await run();
    await rename(nas, `${nas}-away`);
    await mkdir(nas);
    await file('deux', { name: 'deux.txt' });

    const refused = await run();
    expect(refused).toMatchObject({ success: false, total: 1, synced: 0, failed: 1 });
    expect(refused.errors).toEqual(['nas: La cible a disparu : le montage est absent ou vide']);
    expect(await readdir(nas)).toEqual([]);

    await rm(nas, { recursive: true });
    await rename(`${nas}-away`, nas);
    expect(await run()).toMatchObject({ success: true, total: 1, synced: 1 });
    const copy = await t.db.syncCopy.findFirstOrThrow({ where: { heldPath: { endsWith: 'deux.txt' } } });
    expect(copy.attempts).toBe(0);
  });

  test('another server’s disk is refused until it is adopted', async () => {
    const id = await addNas();
    await mkdir(path.join(nas, '.classeur'));
    const marker = {
      format: 1,
      target_id: '00000000-0000-4000-8000-000000000000',
      name: 'cabinet',
      created_at: '2026-01-01T00:00:00.000Z',
    };
    await writeFile(path.join(nas, '.classeur', 'target.json'), JSON.stringify(marker));
    await file('un');
    expect((await run()).errors).toEqual([
      'nas: Ce n’est pas la cible attendue : elle porte le repère « cabinet »',
    ]);
    expect(await held()).toEqual({});
    const tested = await t.admin.post(`/sync/targets/${id}/test`);
    expect(tested.body).toMatchObject({ success: false });

    expect((await t.admin.post(`/sync/targets/${id}/adopt`)).status).toBe(200);
    expect(await run()).toMatchObject({ success: true, synced: 1 });
  });

  test('a copy that was lost is sent again when its document is synced by hand', async () => {
    await addNas();
    const id = await file('précieux', { name: 'precieux.txt' });
    await run();
    const place = path.join(nas, '2026/01/factures/precieux.txt');
    await writeFile(place, 'pourri!!');
    const answer = await t.admin.post(`/sync/document/${id}`);
    expect(answer.body).toEqual({ success: true, message: `Synchronisé vers ${place}` });
    expect(await readFile(place, 'utf8')).toBe('précieux');
  });
});

describe('the addresses of seeds 000 and 001', () => {
  test('with no target: 400 for a run, and a test that says what to do', async () => {
    const id = await file('x');
    expect((await t.admin.post('/sync/run')).body).toMatchObject({
      success: false,
      error: 'NAS non configuré',
    });
    expect((await t.admin.post('/sync/run')).status).toBe(400);
    expect((await t.admin.post(`/sync/document/${id}`)).status).toBe(400);
    const tested = await t.admin.post('/sync/test');
    expect(tested.status).toBe(200);
    expect(tested.body).toMatchObject({ success: false, message: expect.stringContaining('NAS_MOUNT_PATH') });
    expect((await t.admin.get('/sync/config')).body).toMatchObject({
      configured: false,
      nas_host: false,
      host: null,
      targets: [],
    });
    expect((await t.admin.get('/sync/status')).body).toMatchObject({
      nas_configured: false,
      synced: 0,
      pending: 1,
    });
  });

  test('configuration and test of a mount', async () => {
    await addNas();
    expect((await t.admin.get('/sync/config')).body).toMatchObject({
      configured: true,
      nas_host: true,
      nas_user: true,
      nas_path: true,
      host: 'SMB Mount',
      path: nas,
      path_exists: true,
      path_writable: true,
      targets: [{ name: 'nas', type: 'smb', path: nas }],
    });
    expect((await t.admin.post('/sync/test')).body).toMatchObject({
      success: true,
      message: 'Montage NAS accessible en lecture/écriture',
    });
    await rm(nas, { recursive: true });
    expect((await t.admin.get('/sync/config')).body).toMatchObject({
      path_exists: false,
      path_writable: false,
    });
    expect((await t.admin.post('/sync/test')).body).toMatchObject({
      success: false,
      message: `Chemin inexistant : ${nas}`,
    });
  });

  test('a member sees the status and nothing else', async () => {
    const member = await t.member();
    expect((await member.get('/sync/status')).status).toBe(200);
    for (const url of ['/sync/config', '/sync/targets', '/sync/runs'])
      expect((await member.get(url)).status).toBe(403);
    expect((await member.post('/sync/run')).status).toBe(403);
  });

  test('a document that is not there, or in the trash, is a 404', async () => {
    await addNas();
    expect((await t.admin.post('/sync/document/999999')).status).toBe(404);
    const id = await file('x');
    await t.admin.delete(`/documents/${id}`);
    expect((await t.admin.post(`/sync/document/${id}`)).status).toBe(404);
  });
});

describe('runs', () => {
  test('two at once are one', async () => {
    await addNas();
    for (let i = 0; i < 20; i++) await file(`papier ${i}`, { name: `p${i}.txt` });
    const [a, b] = await Promise.all([run(), run()]);
    expect(a.run_id).toBe(b.run_id);
    expect(a).toMatchObject({ total: 20, synced: 20 });
  });

  test('whoever asks for a run gets all that was filed before, even where it joins one that is about to end', async () => {
    await addNas();
    await file('tôt', { name: 'tot.txt' });
    const log = pino({ level: 'silent' });
    const { presence, store, targets } = t.services;
    const runTarget = createTargetRunner({
      db: t.db,
      log,
      sourcePath: store.path,
      foldPath: foldKey,
      onMarked: targets.noteMarked,
    });
    let late: { id: number; runId: number } | undefined;
    const options = { trigger: 'manual' as const, requestedById: null, targetId: null, documentIds: null };
    const runs = createRunsService({
      db: t.db,
      log,
      presence,
      runTarget: (part) =>
        runTarget({
          ...part,
          // The run has just found nothing more to do.
          isDone: async () => {
            if (!late) {
              const id = await file('tard', { name: 'tard.txt' });
              late = { id, ...(await runs.start(options)) };
            }
            return part.isDone();
          },
        }),
    });
    const { runId } = await runs.start(options);
    await runs.wait(runId);
    expect(late?.runId).toBe(runId);
    expect(await t.db.syncCopy.findFirstOrThrow({ where: { documentId: late?.id ?? 0 } })).toMatchObject({
      state: 'synced',
    });
    expect(await runs.read(runId)).toMatchObject({ total: 2, synced: 2 });
  });

  test('a run over some documents is not joined by one over all', async () => {
    await addNas();
    const some = await file('un', { name: 'un.txt' });
    await file('deux', { name: 'deux.txt' });
    const [first, second] = await Promise.all([run({ document_ids: [some] }), run()]);
    expect(first.run_id).not.toBe(second.run_id);
    expect(Object.keys(await held())).toHaveLength(2);
  });

  test('without waiting, a run is answered with its number, and its progress can be read', async () => {
    await addNas();
    await file('x');
    const { status, body } = await t.admin.post('/sync/run?wait=false', {});
    expect(status).toBe(202);
    await t.services.runs.wait(body.run_id);
    const { body: read } = await t.admin.get(`/sync/runs/${body.run_id}`);
    expect(read.data).toMatchObject({
      state: 'success',
      total: 1,
      synced: 1,
      failed: 0,
      bytes: 1,
      errors: [],
      targets: [{ name: 'nas', synced: 1 }],
    });
    const { body: list } = await t.admin.get('/sync/runs');
    expect(list.pagination.total).toBe(1);
    expect((await t.admin.get('/sync/runs/999')).status).toBe(404);
    expect((await t.admin.post('/sync/run', { target_id: 999 })).status).toBe(404);
  });

  test('a run whose server died is over, and what it had taken is taken again', async () => {
    const targetId = await addNas();
    const id = await file('orphelin', { name: 'orphelin.txt' });
    const dead = await t.db.syncRun.create({
      data: { trigger: 'manual', instanceId: 1, targets: { create: { targetId, state: 'running' } } },
    });
    await t.db.syncCopy.update({
      where: { targetId_documentId: { targetId, documentId: id } },
      data: { state: 'sending', runId: dead.id },
    });
    expect(await run()).toMatchObject({ total: 1, synced: 1 });
    expect(await t.db.syncRun.findUniqueOrThrow({ where: { id: dead.id } })).toMatchObject({
      state: 'interrupted',
    });
  });

  test('what a killed run had already brought is not sent a second time', async () => {
    const targetId = await addNas();
    const id = await file('déjà là', { name: 'deja.txt' });
    await run();
    await t.db.syncCopy.update({
      where: { targetId_documentId: { targetId, documentId: id } },
      data: {
        state: 'pending',
        heldPath: null,
        heldKey: null,
        heldVersion: null,
        heldSha256: null,
        sendingPath: '2026/01/factures/deja.txt',
        sendingKey: foldKey('2026/01/factures/deja.txt'),
      },
    });
    const { run_id: runId } = await run();
    const { body } = await t.admin.get(`/sync/runs/${runId}`);
    expect(body.data).toMatchObject({ synced: 1, bytes: 0 });
  });
});

describe('targets', () => {
  test('are made, read, changed and forgotten; their files stay', async () => {
    const id = await addNas();
    await file('x', { name: 'x.txt' });
    await run();
    expect((await t.admin.get(`/sync/targets/${id}`)).body.data).toMatchObject({
      name: 'nas',
      type: 'smb',
      enabled: true,
      origin: 'api',
      policy: 'keep',
      options: { path: nas },
    });
    expect(
      (await t.admin.post('/sync/targets', { name: 'nas', type: 'smb', options: { path: nas } })).status,
    ).toBe(409);
    expect((await t.admin.put(`/sync/targets/${id}`, { enabled: false })).body.data.enabled).toBe(false);
    expect((await t.admin.post('/sync/run')).status).toBe(400);
    expect((await t.admin.delete(`/sync/targets/${id}`)).status).toBe(200);
    expect((await t.admin.get(`/sync/targets/${id}`)).status).toBe(404);
    expect(existsSync(path.join(nas, '2026/01/factures/x.txt'))).toBe(true);
  });

  test('with options that do not fit are refused by the field', async () => {
    const refused = await t.admin.post('/sync/targets', {
      name: 'nas',
      type: 'smb',
      options: { path: 'relative/path', colour: 'red' },
    });
    expect(refused.status).toBe(400);
    expect(Object.keys(refused.body.errors).sort()).toEqual(['options.colour', 'options.path']);
    expect((await t.admin.get('/sync/targets')).body.data).toEqual([]);
  });

  test('from the environment are read-only, and are disabled when their variable is gone', async () => {
    const wanted = [{ name: 'nas', type: 'smb' as const, options: { path: nas } }];
    await file('x');
    await t.services.targets.followEnvironment(wanted);
    await t.services.targets.followEnvironment(wanted);
    const [target] = (await t.admin.get('/sync/targets')).body.data;
    expect(target).toMatchObject({ name: 'nas', origin: 'environment', enabled: true });
    expect((await t.admin.put(`/sync/targets/${target.id}`, { enabled: false })).status).toBe(409);
    expect((await t.admin.delete(`/sync/targets/${target.id}`)).status).toBe(409);
    expect(await run()).toMatchObject({ synced: 1 });
    await t.services.targets.followEnvironment([]);
    expect((await t.admin.get('/sync/targets')).body.data[0]).toMatchObject({ enabled: false });
  });
});
