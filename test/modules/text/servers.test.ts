import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  childrenOf,
  createGround,
  eventually,
  processes,
  type ServerProcess,
  startServer,
} from '../../support/server.ts';
import { uploaded } from '../documents/papers.ts';
import { bombPdf, endlessPdf, slowPdf, textPdf } from './pdfs.ts';

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const extractorsOf = async (server: ServerProcess) =>
  (await childrenOf(server.pid)).filter(({ commandLine }) => commandLine.includes('extractor/worker.ts'));

const extracting = (server: ServerProcess) =>
  eventually('text is being taken out', async () => (await extractorsOf(server))[0]);

const textsIn = async (database: pg.Client) =>
  (await database.query('SELECT text FROM document_texts ORDER BY text')).rows.map(({ text }) => text);

const jobsIn = async (database: pg.Client) =>
  (
    await database.query(
      `SELECT state, retry_count::int AS retries, count(*)::int AS count FROM pgboss.job
       WHERE name = 'extract-text' GROUP BY state, retry_count ORDER BY state, retry_count`,
    )
  ).rows;

describe('a paper whose text is being taken out', () => {
  test('when its server stops: that takes little time, and the next server does it', async () => {
    const { environment, databaseUrl } = await createGround();
    const database = await connect(databaseUrl);
    const first = await startServer(environment);
    await uploaded(await first.signIn(), { bytes: slowPdf('enfin') });
    await extracting(first);
    const { code, ms } = await first.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3000);
    expect(first.output()).not.toMatch(/"level":(40|50)/);
    expect(await textsIn(database)).toEqual([]);

    await startServer(environment);
    await eventually('the text is there', async () => (await textsIn(database)).length > 0);
    expect(await textsIn(database)).toEqual(['enfin']);
  }, 120_000);

  test('when its server is killed: the next one finds out, and does it', async () => {
    const { environment, databaseUrl } = await createGround();
    const database = await connect(databaseUrl);
    const first = await startServer(environment);
    await uploaded(await first.signIn(), { bytes: slowPdf('enfin', 60) });
    const { pid } = await extracting(first);
    await first.kill();
    await eventually('its process has noticed', async () =>
      (await processes()).every((each) => each.pid !== pid),
    );
    await startServer(environment);
    await eventually('the text is there', async () => (await textsIn(database)).length > 0);
    expect(await textsIn(database)).toEqual(['enfin']);
  }, 120_000);

  test('when that process is killed: it is done in another', async () => {
    const { environment, databaseUrl } = await createGround();
    const database = await connect(databaseUrl);
    const server = await startServer(environment);
    await uploaded(await server.signIn(), { bytes: slowPdf('enfin') });
    process.kill((await extracting(server)).pid, 'SIGKILL');
    await eventually('the text is there', async () => (await textsIn(database)).length > 0);
    expect(
      await eventually('the job is done', async () => (await jobsIn(database))[0]?.state === 'completed'),
    ).toBe(true);
    expect(await jobsIn(database)).toEqual([{ state: 'completed', retries: 0, count: 1 }]);
  }, 120_000);
});

test('of two servers and fifty papers, each text is taken out once', async () => {
  const { environment, databaseUrl } = await createGround();
  const database = await connect(databaseUrl);
  const [a, b] = await Promise.all([startServer(environment), startServer(environment)]);
  const onA = await a.signIn();
  const clients = [onA, b.withCookie(onA.cookie)];
  const all = Array.from({ length: 50 }, (_, i) => `papier ${String(i).padStart(2, '0')}`);
  await Promise.all(
    all.map((text, i) =>
      uploaded(
        clients[i % 2] ?? onA,
        i % 5 === 0 ? { bytes: textPdf(text) } : { name: `${i}.txt`, bytes: Buffer.from(text) },
      ),
    ),
  );
  await eventually('all texts are there', async () => (await textsIn(database)).length === all.length);
  expect(await textsIn(database)).toEqual(all);
  await eventually('all jobs are done', async () => (await jobsIn(database))[0]?.count === all.length);
  expect(await jobsIn(database)).toEqual([{ state: 'completed', retries: 0, count: 50 }]);
  expect((await database.query('SELECT max(revision)::int AS most FROM documents')).rows).toEqual([
    { most: 1 },
  ]);
}, 120_000);

test('hostile papers hold up neither the requests nor the others: one server, two at a time', async () => {
  const { environment, databaseUrl } = await createGround();
  const database = await connect(databaseUrl);
  const server = await startServer(environment);
  const admin = await server.signIn();
  await uploaded(admin, { name: 'endless.pdf', bytes: endlessPdf() });
  await extracting(server);
  const bomb = await uploaded(admin, { name: 'bomb.pdf', bytes: bombPdf() });
  const good = await uploaded(admin, { name: 'good.pdf', bytes: textPdf('bon papier') });
  const slowest = { ms: 0 };
  await eventually('the good one is read', async () => {
    const began = performance.now();
    const { body } = await admin.get(`/documents/${good.id}`);
    slowest.ms = Math.max(slowest.ms, performance.now() - began);
    return body.data.text_status === 'done';
  });
  expect(slowest.ms).toBeLessThan(1000);
  expect((await admin.get(`/documents/${bomb.id}`)).body.data.text_status).toBe('failed');
  expect(await textsIn(database)).toEqual(['bon papier']);
}, 120_000);
