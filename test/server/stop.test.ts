import { readdir } from 'node:fs/promises';
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Answer, Client } from '../support/app.ts';
import {
  childrenOf,
  createFolder,
  createGround,
  type Exit,
  eventually,
  processes,
  type Server,
  spawnServer,
  startServer,
} from '../support/server.ts';
import { upload } from '../support/upload.ts';
import { filePapers, filesIn, heldOn, identities, paper, temporariesOn } from './papers.ts';

const megabytes = 1024 * 1024;

/** Contract §9 and issue of a clean stop: within 10 s. */
function expectCleanStop(exit: Exit) {
  expect(exit).toMatchObject({ code: 0, signal: null });
  expect(exit.ms).toBeLessThan(10_000);
}

/** Begins a download and reads nothing of it but the head. */
async function beginDownload(server: Server, client: Client, id: number): Promise<IncomingMessage> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const url = `${server.base}/api/v1/documents/${id}/download`;
    get(url, { headers: { cookie: client.cookie }, agent: false }, resolve).on('error', reject);
  });
  onTestFinished(() => void reply.destroy());
  reply.on('error', () => undefined);
  return reply;
}

async function received(reply: IncomingMessage, { pauseMs = 0 } = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) {
    chunks.push(chunk as Buffer);
    if (pauseMs > 0) await delay(pauseMs);
  }
  return Buffer.concat(chunks);
}

/** Begins an upload, sends `bytes` of its file and no more. */
function beginUpload(server: Server, client: Client, bytes: Buffer): ClientRequest {
  const sending = request(`${server.base}/api/v1/documents`, {
    method: 'POST',
    agent: false,
    headers: { cookie: client.cookie, 'content-type': 'multipart/form-data; boundary=edge' },
  });
  sending.on('error', () => undefined);
  onTestFinished(() => void sending.destroy());
  sending.write('--edge\r\nContent-Disposition: form-data; name="file"; filename="cut.bin"\r\n\r\n');
  sending.write(bytes);
  return sending;
}

/** What a new caller meets: nobody, or a refusal. */
async function isRefused(server: Server): Promise<boolean> {
  const answer = await fetch(`${server.base}/health`, { headers: { connection: 'close' } }).catch(() => null);
  return answer === null || answer.status === 503;
}

describe('a server that is told to stop', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s, several times, stops once and in order',
    async (signal) => {
      const { environment } = await createGround();
      const server = await startServer(environment);
      await server.signIn();
      const stopped = server.stop();
      server.signal(signal);
      server.signal('SIGINT');
      expectCleanStop(await stopped);
      expect((await stopped).ms).toBeLessThan(3_000);
      expect(server.output()).not.toMatch(/"level":(50|60)/);
    },
  );

  test('in the middle of a run ends it, tells who waits for it, and the next start goes on', async () => {
    const { environment, nas } = await createGround();
    const server = await startServer(environment);
    const admin = await server.signIn();
    const papers = await filePapers(admin, 150);
    const waiting = admin.post('/sync/run', {});
    await eventually('the run is in its middle', async () => (await filesIn(nas)).length > 30);
    const exit = await server.stop();
    expectCleanStop(exit);
    expect(exit.ms).toBeLessThan(5_000);

    const answer: Answer = await waiting;
    const sentence = 'Le serveur est en cours d’arrêt. Réessayez dans un instant.';
    expect(answer.status).toBe(503);
    expect(answer.body).toEqual({
      success: false,
      error: sentence,
      message: sentence,
      code: 'server.stopping',
      errors: {},
      run_id: expect.any(Number),
      request_id: expect.any(String),
    });
    expect(await childrenOf(server.pid)).toEqual([]);
    expect(await temporariesOn(nas)).toEqual([]);
    const held = await heldOn(nas);
    for (const hash of held.values()) expect(papers.has(hash)).toBe(true);
    const before = await identities(nas, held.keys());

    const next = await startServer(environment);
    const same = next.withCookie(admin.cookie);
    const { body: status } = await same.get('/sync/status');
    expect(status).toMatchObject({ total_documents: 150, synced: held.size, pending: 150 - held.size });
    const { body: stopped } = await same.get(`/sync/runs/${answer.body.run_id}`);
    expect(stopped.data).toMatchObject({ state: 'interrupted', synced: held.size });
    const { body: run } = await same.post('/sync/run', {});
    expect(run).toMatchObject({ success: true, total: 150 - held.size, synced: 150 - held.size });
    expect([...(await heldOn(nas)).values()].sort()).toEqual([...papers.keys()].sort());
    expect(await identities(nas, held.keys())).toEqual(before);
  });

  test('lets a slow download come to its end, and takes no new request meanwhile', async () => {
    const { environment } = await createGround();
    const server = await startServer(environment);
    const admin = await server.signIn();
    const bytes = paper(50 * megabytes);
    const { body } = await upload(admin, { name: 'large.bin', bytes });
    const reply = await beginDownload(server, admin, body.data.id);
    const stopped = server.stop();
    await eventually('new requests are refused', () => isRefused(server));
    expect((await received(reply, { pauseMs: 2 })).equals(bytes)).toBe(true);
    expectCleanStop(await stopped);
  });

  test('cuts off what does not come to its end, and leaves nothing of it', async () => {
    const { environment, dataDir } = await createGround();
    const server = await startServer(environment);
    const admin = await server.signIn();
    const { body } = await upload(admin, { name: 'large.bin', bytes: paper(50 * megabytes) });
    const reply = await beginDownload(server, admin, body.data.id);
    const sending = beginUpload(server, admin, paper(3 * megabytes));
    const cut = new Promise<void>((resolve) => sending.once('close', () => resolve()));
    const temporaries = path.join(dataDir, 'documents', 'tmp');
    await eventually('the upload is coming in', async () => (await readdir(temporaries)).length > 0);
    expectCleanStop(await server.stop());
    await cut;
    await expect(received(reply)).rejects.toThrow();

    const next = await startServer(environment);
    expect(await readdir(temporaries)).toEqual([]);
    expect((await next.withCookie(admin.cookie).get('/documents')).body.pagination.total).toBe(1);
  });
});

describe('a server with a PostgreSQL of its own', () => {
  const settings = async () => {
    const folder = await createFolder();
    const dataDir = path.join(folder, 'data');
    onTestFinished(async () => {
      // those that a failed test has left
      for (const { pid } of await naming(dataDir)) process.kill(pid, 'SIGKILL');
      await eventually('its processes are gone', async () => (await naming(dataDir)).length === 0);
    });
    return { DATA_DIR: dataDir, ADMIN_PASSWORD: 'correct horse battery staple' };
  };
  const naming = async (dataDir: string) =>
    (await processes()).filter(({ commandLine }) => commandLine.includes(dataDir));

  test('stops it too; session, documents and files are there at the next start', {
    timeout: 60_000,
  }, async () => {
    const environment = await settings();
    const server = await startServer(environment);
    const admin = await server.signIn();
    const bytes = paper(20_000);
    const { body } = await upload(admin, { name: 'facture.pdf', bytes });
    expect((await naming(environment.DATA_DIR)).length).toBe(2);
    expectCleanStop(await server.stop());
    expect(await naming(environment.DATA_DIR)).toEqual([]);

    const next = await startServer(environment);
    const same = next.withCookie(admin.cookie);
    expect((await same.get('/auth/me')).body.data.username).toBe('admin');
    expect((await same.get(`/documents/${body.data.id}/download`)).bytes.equals(bytes)).toBe(true);
    expectCleanStop(await next.stop());
    expect(await naming(environment.DATA_DIR)).toEqual([]);
  });

  test('that is told to stop while it starts leaves no process, and starts the next time', {
    timeout: 120_000,
  }, async () => {
    const environment = await settings();
    const calm = await startServer(environment);
    await calm.stop();
    const moments = 8;
    for (let moment = 0; moment < moments; moment++) {
      const server = spawnServer(environment);
      await delay((calm.startMs * (moment + 0.5)) / moments);
      const exit = await server.stop();
      // before its first line has run, a process knows nothing of signals
      expect(exit.code === 0 || exit.signal === 'SIGTERM').toBe(true);
      expect(exit.ms).toBeLessThan(10_000);
      expect(server.output()).not.toMatch(/"level":(50|60)/);
      await eventually('no process is left', async () => (await naming(environment.DATA_DIR)).length === 0);
    }
    const server = await startServer(environment);
    await server.signIn();
    expectCleanStop(await server.stop());
  });
});
