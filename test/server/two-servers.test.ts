import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createGround, eventually, startServer, syncWorkerOf } from '../support/server.ts';
import { filePapers, filesIn, heldOn, identities, paper, sha256Of, temporariesOn } from './papers.ts';

/** Two servers on one database and one data folder. */
async function createPair() {
  const ground = await createGround();
  const [a, b] = await Promise.all([startServer(ground.environment), startServer(ground.environment)]);
  return { ...ground, a, b };
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

test('that start at once on an empty database set it up once, and share their sessions', async () => {
  const { environment, databaseUrl } = await createGround({ migrated: false });
  const settings = { ...environment, ADMIN_PASSWORD: undefined };
  const [a, b] = await Promise.all([startServer(settings), startServer(settings)]);
  const printed = (a.output() + b.output()).match(/Password \(shown this once\): (\S+)/g) ?? [];
  expect(printed).toHaveLength(1);
  const database = await connect(databaseUrl);
  const migrations = await database.query('SELECT migration_name FROM _prisma_migrations');
  expect(migrations.rows.length).toBe(new Set(migrations.rows.map((row) => row.migration_name)).size);
  expect((await database.query('SELECT username, is_admin FROM users')).rows).toEqual([
    { username: 'admin', is_admin: true },
  ]);
  expect((await database.query('SELECT name FROM sync_targets')).rows).toEqual([{ name: 'nas' }]);

  const admin = await a.signIn('admin', printed[0]?.split(': ')[1]);
  expect((await b.withCookie(admin.cookie).get('/auth/me')).body.data.username).toBe('admin');
  await b.withCookie(admin.cookie).post('/auth/logout');
  expect((await admin.get('/auth/me')).status).toBe(401);
});

test('that are told to sync at once make one run, which sends each file once', async () => {
  const { a, b, nas } = await createPair();
  const onA = await a.signIn();
  const onB = b.withCookie(onA.cookie);
  const papers = await filePapers(onA, 100);
  const answers = await Promise.all([onA, onB, onA, onB].map((client) => client.post('/sync/run', {})));
  for (const { status, body } of answers) {
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, state: 'success', total: 100, synced: 100 });
  }
  expect(new Set(answers.map(({ body }) => body.run_id)).size).toBe(1);
  const { body: runs } = await onB.get('/sync/runs');
  expect(runs.data).toHaveLength(1);
  expect(runs.data[0].bytes).toBe([...papers.values()].reduce((sum, size) => sum + size, 0));
  expect([...(await heldOn(nas)).values()].sort()).toEqual([...papers.keys()].sort());
});

test.each([
  ['a caller of the other who waits for that run', 'before'],
  ['a run that is asked of the other', 'after'],
] as const)('of which one is killed in the middle of a run: %s has it finished there', async (_, when) => {
  const { a, b, nas } = await createPair();
  const onA = await a.signIn();
  const onB = b.withCookie(onA.cookie);
  const papers = await filePapers(onA, 150);
  const { body: begun } = await onA.post('/sync/run?wait=false', {});
  await eventually('the run is in its middle', async () => (await filesIn(nas)).length > 40);
  const joined = when === 'before' ? onB.post('/sync/run', {}) : null;
  if (joined) await eventually('it is under way', async () => (await filesIn(nas)).length > 60);
  const worker = await syncWorkerOf(a);
  const killedAt = performance.now();
  await a.kill();
  const asked = joined ?? onB.post('/sync/run', {});
  // on the mount before its worker, which ends with it, has ended: what B does next is none of its doing
  const held = await heldOn(nas);
  const before = await identities(nas, held.keys());

  const { status, body: run } = await asked;
  expect(performance.now() - killedAt).toBeLessThan(10_000);
  expect(status).toBe(200);
  expect(run).toMatchObject({ success: true, state: 'success', failed: 0 });
  expect(run.run_id).not.toBe(begun.run_id);
  const { body: killed } = await onB.get(`/sync/runs/${begun.run_id}`);
  expect(killed.data.state).toBe('interrupted');
  expect(killed.data.synced + run.synced).toBe(150);
  expect([...(await heldOn(nas)).values()].sort()).toEqual([...papers.keys()].sort());
  expect(await temporariesOn(nas)).toEqual([]);
  expect(worker).toBeDefined();
  const after = await identities(nas, held.keys());
  expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual([]);
});

test('of which one is stopped in the middle of a run: a caller of the other has it finished there', async () => {
  const { a, b, nas } = await createPair();
  const onA = await a.signIn();
  const onB = b.withCookie(onA.cookie);
  await filePapers(onA, 150);
  const waitingOnA = onA.post('/sync/run', {});
  await eventually('the run is in its middle', async () => (await filesIn(nas)).length > 20);
  const waitingOnB = onB.post('/sync/run', {});
  await eventually('it is under way', async () => (await filesIn(nas)).length > 90);
  expect((await a.stop()).code).toBe(0);
  expect((await waitingOnA).status).toBe(503);
  expect((await waitingOnB).body).toMatchObject({ success: true, state: 'success', failed: 0 });
  expect((await onB.get('/sync/status')).body).toMatchObject({ synced: 150, pending: 0 });
});

test('of which one looks dead for a moment: it leaves its run to the other, and nothing is lost', {
  timeout: 60_000,
}, async () => {
  const { environment, databaseUrl, nas } = await createGround();
  const database = await connect(databaseUrl);
  const presences = async () => {
    const { rows } = await database.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'classeur presence'`,
    );
    return rows.map((row) => row.pid);
  };
  const b = await startServer(environment);
  const ofB = await presences();
  const a = await startServer(environment);
  const onA = await a.signIn();
  const onB = b.withCookie(onA.cookie);
  const papers = await filePapers(onA, 150);
  const waitingOnA = onA.post('/sync/run', {});
  await eventually('the run has begun', async () => (await filesIn(nas)).length > 0);
  const waitingOnB = onB.post('/sync/run', {});
  await eventually('the other has ended the run', async () => {
    // cut again whenever it is back
    await database.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [
      (await presences()).filter((pid) => !ofB.includes(pid)),
    ]);
    const { state } = (await onB.get('/sync/runs/1')).body.data;
    expect(['running', 'interrupted']).toContain(state);
    return state === 'interrupted';
  });
  for (const { status, body } of await Promise.all([waitingOnA, waitingOnB])) {
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, state: 'success', failed: 0 });
  }
  expect((await onB.get('/sync/runs/1')).body.data.state).toBe('interrupted');
  expect((await onB.get('/sync/status')).body).toMatchObject({ synced: 150, pending: 0 });
  expect([...(await heldOn(nas)).values()].sort()).toEqual([...papers.keys()].sort());
  expect(await temporariesOn(nas)).toEqual([]);
});

test('of which one starts while the other takes in an upload: the upload comes to its end', async () => {
  const { environment, dataDir } = await createGround();
  const a = await startServer(environment);
  const admin = await a.signIn();
  const temporaries = path.join(dataDir, 'documents', 'tmp');
  const bytes = paper(4 * 1024 * 1024);
  const sending = request(`${a.base}/api/v1/documents`, {
    method: 'POST',
    agent: false,
    headers: { cookie: admin.cookie, 'content-type': 'multipart/form-data; boundary=edge' },
  });
  onTestFinished(() => void sending.destroy());
  const answered = new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    sending.once('error', reject);
    sending.once('response', async (reply) => resolve({ status: reply.statusCode, body: await json(reply) }));
  });
  sending.write('--edge\r\nContent-Disposition: form-data; name="file"; filename="slow.bin"\r\n\r\n');
  sending.write(bytes.subarray(0, bytes.length / 2));
  const [temporary] = await eventually('the upload is coming in', async () => {
    const names = await readdir(temporaries).catch(() => []);
    return names.length > 0 && names;
  });

  const b = await startServer(environment);
  expect(await readdir(temporaries)).toEqual([temporary]);
  sending.write(bytes.subarray(bytes.length / 2));
  sending.end('\r\n--edge--\r\n');
  const { status, body } = await answered;
  expect(status).toBe(201);
  const { id } = (body as { data: { id: number } }).data;
  const downloaded = await b.withCookie(admin.cookie).get(`/documents/${id}/download`);
  expect(sha256Of(downloaded.bytes)).toBe(sha256Of(bytes));
});
