import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Client } from '../support/app.ts';
import { createGround, eventually, type Server, startServer, syncWorkerOf } from '../support/server.ts';
import { upload } from '../support/upload.ts';
import {
  filePapers,
  filesIn,
  heldOn,
  identities,
  paper,
  sha256Of,
  sizeOf,
  temporariesOn,
  watchFinalPaths,
} from './papers.ts';

const rounds = 12;
const sum = (numbers: Iterable<number>) => [...numbers].reduce((all, each) => all + each, 0);

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

describe('a server that is killed during uploads', () => {
  /** Three at once: one is done in no time, one is long on its way. */
  const sizes = [8_000, 1_000_000, 16_000_000];

  const send = (client: Client, bytes: Buffer, key: string) =>
    upload(client, { name: `${key}.bin`, bytes, headers: { 'idempotency-key': key } });

  test('has no document without its bytes, and takes the same upload again once', {
    timeout: 180_000,
  }, async () => {
    const { environment, dataDir, databaseUrl } = await createGround();
    const database = await connect(databaseUrl);
    const store = path.join(dataDir, 'documents');
    let server = await startServer(environment);
    let admin = await server.signIn();

    async function expectEveryDocumentWhole(): Promise<number> {
      const { rows } = await database.query<{ sha256: string; file_size: string }>(
        'SELECT v.sha256, v.file_size FROM documents d JOIN document_versions v ON v.document_id = d.id',
      );
      for (const { sha256, file_size: size } of rows) {
        const blob = path.join(store, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
        expect((await stat(blob)).size).toBe(Number(size));
      }
      // each hash once in all: those of this round, named or not
      for (const name of await filesIn(store)) {
        if (path.dirname(name) === 'tmp' || checked.has(name)) continue;
        expect(sha256Of(await readFile(path.join(store, name)))).toBe(path.basename(name));
        checked.add(name);
      }
      return rows.length;
    }
    const checked = new Set<string>();

    const started = performance.now();
    for (const answer of await Promise.all(sizes.map((size) => send(admin, paper(size), `whole-${size}`))))
      expect(answer.status).toBe(201);
    const length = performance.now() - started;

    const seen = { temporaries: 0, answered: 0, cut: 0 };
    for (let round = 0; round < rounds; round++) {
      const papers = sizes.map((size) => ({ bytes: paper(size), key: `round-${round}-${size}` }));
      const sending = papers.map(({ bytes, key }) => send(admin, bytes, key).catch(() => null));
      await delay((length * (round + 0.5)) / rounds);
      await server.kill();
      const answers = await Promise.all(sending);
      for (const answer of answers) if (answer) expect(answer.status).toBe(201);
      seen.answered += answers.filter((answer) => answer !== null).length;
      seen.cut += answers.filter((answer) => answer === null).length;
      seen.temporaries += (await readdir(path.join(store, 'tmp'))).length;

      server = await startServer(environment);
      expect(await readdir(path.join(store, 'tmp'))).toEqual([]);
      const before = await expectEveryDocumentWhole();
      expect(before).toBeGreaterThanOrEqual(
        (round + 1) * sizes.length + answers.filter((answer) => answer !== null).length,
      );

      admin = server.withCookie(admin.cookie);
      for (const [index, { bytes, key }] of papers.entries()) {
        const again = await send(admin, bytes, key);
        expect(again.status).toBe(201);
        const first = answers[index];
        if (first) expect(again.body.data.id).toBe(first.body.data.id);
        expect((await admin.get(`/documents/${again.body.data.id}/download`)).bytes.equals(bytes)).toBe(true);
      }
      expect(await expectEveryDocumentWhole()).toBe((round + 2) * sizes.length);
    }
    // otherwise nothing was killed in the middle
    expect(seen.temporaries).toBeGreaterThan(0);
    expect(seen.cut).toBeGreaterThan(0);
    expect(seen.answered).toBeGreaterThan(0);
  });
});

describe('a sync run', () => {
  const count = 150;

  async function newTarget(admin: Client, nas: string, name: string): Promise<number> {
    const mount = path.join(nas, name);
    await mkdir(mount);
    const made = await admin.post('/sync/targets', { name, type: 'smb', options: { path: mount } });
    expect(made.status).toBe(201);
    return made.body.data.id;
  }

  const documentsOn = (mount: string, least: number, runIsOver: () => Promise<boolean>) =>
    eventually(`${least} documents are on the target`, async () => {
      const there = (await filesIn(mount)).length;
      return there >= least || (await runIsOver());
    });

  async function stateOf(admin: Client, runId: number) {
    const { body } = await admin.get(`/sync/runs/${runId}`);
    return body.data;
  }

  test('of a server that is killed goes on where it was, with nothing half and nothing twice', {
    timeout: 240_000,
  }, async () => {
    const { environment, nas } = await createGround();
    const settings = { ...environment, NAS_MOUNT_PATH: undefined };
    let server = await startServer(settings);
    let admin = await server.signIn();
    const papers = await filePapers(admin, count);
    const states: string[] = [];
    const brought: number[] = [];

    for (let round = 0; round < rounds; round++) {
      const name = `nas-${round}`;
      const mount = path.join(nas, name);
      const targetId = await newTarget(admin, nas, name);
      const watch = watchFinalPaths(mount, papers);
      const { body: begun, status } = await admin.post('/sync/run?wait=false', {});
      expect(status).toBe(202);
      const least = Math.round((count * round) / rounds);
      await documentsOn(mount, least, async () => (await stateOf(admin, begun.run_id)).state !== 'running');
      const worker = await syncWorkerOf(server);
      await server.kill();
      if (worker) await workerGone(worker.pid);
      expect(await watch.stop()).toEqual([]);

      const held = await heldOn(mount);
      for (const hash of held.values()) expect(papers.has(hash)).toBe(true);
      const before = await identities(mount, held.keys());
      brought.push(held.size);

      server = await startServer(settings);
      admin = server.withCookie(admin.cookie);
      const killed = await stateOf(admin, begun.run_id);
      states.push(killed.state);
      if (killed.state === 'success') expect(held.size).toBe(count);
      else expect(killed.state).toBe('interrupted');

      const { body: run } = await admin.post('/sync/run', {});
      expect(run).toMatchObject({ success: true, state: 'success', failed: 0, errors: [] });
      expect(run.synced).toBe(run.total);
      expect(run.synced + killed.synced).toBe(count);
      expect([...(await heldOn(mount)).values()].sort()).toEqual([...papers.keys()].sort());
      expect(await temporariesOn(mount)).toEqual([]);
      // What had arrived was left as it is, and only what had not was sent.
      expect(await identities(mount, held.keys())).toEqual(before);
      const had = new Set(held.values());
      const missing = [...papers].filter(([hash]) => !had.has(hash)).map(([, size]) => size);
      expect((await stateOf(admin, run.run_id)).bytes).toBe(sum(missing));
      expect((await admin.post('/sync/run', {})).body).toMatchObject({ total: 0, synced: 0, failed: 0 });
      expect((await admin.get('/sync/status')).body).toMatchObject({ synced: count, pending: 0 });
      expect((await admin.put(`/sync/targets/${targetId}`, { enabled: false })).status).toBe(200);
    }
    // otherwise nothing was killed in the middle
    expect(states.filter((state) => state === 'interrupted').length).toBeGreaterThanOrEqual(rounds / 2);
    expect(brought.filter((held) => held > 0 && held < count).length).toBeGreaterThanOrEqual(rounds / 2);
  });

  const workerGone = (pid: number) =>
    eventually('the worker has followed its server', async () => {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      return text === '' || text.slice(text.lastIndexOf(')') + 2).startsWith('Z');
    });

  /** Kills the process that does the file work, once so many documents are there. */
  async function killWorker(server: Server, mount: string, least: number, not: number[]): Promise<number> {
    await documentsOn(mount, least, async () => false);
    const worker = await eventually('a worker runs', async () => {
      const found = await syncWorkerOf(server);
      return found && !not.includes(found.pid) ? found : null;
    });
    process.kill(worker.pid, 'SIGKILL');
    return worker.pid;
  }

  test('whose worker is killed goes on with another one', { timeout: 60_000 }, async () => {
    const { environment, nas } = await createGround();
    const server = await startServer(environment);
    const admin = await server.signIn();
    const papers = await filePapers(admin, count);
    const watch = watchFinalPaths(nas, papers);
    const running = admin.post('/sync/run', {});
    const first = await killWorker(server, nas, 30, []);
    const had = await heldOn(nas);
    const before = await identities(nas, had.keys());
    await killWorker(server, nas, 60, [first]);
    const { body: run } = await running;
    expect(run).toMatchObject({ success: true, state: 'success', total: count, synced: count, failed: 0 });
    expect(await watch.stop()).toEqual([]);
    expect([...(await heldOn(nas)).values()].sort()).toEqual([...papers.keys()].sort());
    expect(await identities(nas, had.keys())).toEqual(before);
    expect(await temporariesOn(nas)).toEqual([]);
  });

  test('whose workers are killed again and again ends, with the rest pending for the next one', {
    timeout: 60_000,
  }, async () => {
    const { environment, nas } = await createGround();
    const server = await startServer(environment);
    const admin = await server.signIn();
    const papers = await filePapers(admin, count);
    const running = admin.post('/sync/run', {});
    const killed: number[] = [];
    for (const least of [20, 40, 60]) killed.push(await killWorker(server, nas, least, killed));
    const { body: run, status } = await running;
    expect(status).toBe(200);
    expect(run).toMatchObject({ success: false, state: 'failed' });
    expect(run.errors).toHaveLength(1);
    expect(run.synced).toBeGreaterThan(0);
    expect(run.synced + run.failed).toBe(count);
    const { body: counts } = await admin.get('/sync/status');
    expect(counts).toMatchObject({ synced: run.synced, pending: count - run.synced });
    const held = await heldOn(nas);
    const before = await identities(nas, held.keys());

    const { body: next } = await admin.post('/sync/run', {});
    expect(next).toMatchObject({ success: true, total: count - run.synced, synced: count - run.synced });
    expect([...(await heldOn(nas)).values()].sort()).toEqual([...papers.keys()].sort());
    expect(await identities(nas, held.keys())).toEqual(before);
    expect(await temporariesOn(nas)).toEqual([]);
    expect(sum(papers.values())).toBe(sum(Array.from({ length: count }, (_, index) => sizeOf(index))));
  });
});
