import { once } from 'node:events';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/client.ts';
import { createJobs, type Jobs, prepareJobs } from '../../src/jobs/jobs.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/server.ts';

let database: TestDatabase;
let db: Database;
let closeDatabase: () => Promise<void>;
let lines: { level: number; msg: string }[];

beforeEach(async () => {
  database = await createTestDatabase();
  ({ db, close: closeDatabase } = createDatabase({
    url: database.url,
    connections: 3,
    onError: () => undefined,
  }));
  lines = [];
});

afterEach(async () => {
  await closeDatabase();
  await database.drop();
});

/** A server's queue; stopped when the test ends. */
function server(): Jobs {
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const jobs = createJobs({ url: database.url, log });
  onTestFinished(async () => {
    await jobs.stop();
    await jobs.close();
  });
  return jobs;
}

const papers = (jobs: Jobs) => async () =>
  (await jobs.counts()).find(({ name }) => name === 'extract-text') ?? {
    waiting: -1,
    running: -1,
    failed: -1,
  };

describe('a job exists exactly when what it is about does', () => {
  test('one sent in a transaction that is rolled back is never done', async () => {
    const jobs = server();
    await expect(
      db.$transaction(async (tx) => {
        await jobs.send('extract-text', { documentId: 1, version: 1 }, { tx, key: '1' });
        throw new Error('no paper');
      }),
    ).rejects.toThrow('no paper');
    expect(await papers(jobs)()).toMatchObject({ waiting: 0 });
    await db.$transaction((tx) => jobs.send('extract-text', { documentId: 2, version: 1 }, { tx, key: '2' }));
    expect(await papers(jobs)()).toMatchObject({ waiting: 1 });
  });

  test('one that already waits or runs is not sent twice, and does not hurt the transaction', async () => {
    const jobs = server();
    await jobs.send('extract-text', { documentId: 1, version: 1 }, { key: 'same' });
    const after = await db.$transaction(async (tx) => {
      await jobs.send('extract-text', { documentId: 1, version: 1 }, { tx, key: 'same' });
      return tx.$queryRaw`SELECT 1 AS fine`;
    });
    expect(after).toEqual([{ fine: 1 }]);
    expect(await papers(jobs)()).toMatchObject({ waiting: 1 });
  });
});

test('a job is taken within a second of its commit, and its queue then empties without pauses', async () => {
  const jobs = server();
  const done: number[] = [];
  let wake = Promise.withResolvers<void>();
  jobs.work('extract-text', async ({ documentId }) => {
    done.push(documentId);
    wake.resolve();
  });
  await jobs.start();
  // three times, since the first may meet a worker that is just looking
  for (const documentId of [1, 2, 3]) {
    wake = Promise.withResolvers();
    await jobs.send('extract-text', { documentId, version: 1 }, { key: `${documentId}` });
    const sent = performance.now();
    await wake.promise;
    expect(performance.now() - sent).toBeLessThan(1000);
  }
  const many = Array.from({ length: 20 }, (_, i) => 100 + i);
  await db.$transaction(async (tx) => {
    for (const documentId of many)
      await jobs.send('extract-text', { documentId, version: 1 }, { tx, key: `${documentId}` });
  });
  const sent = performance.now();
  await eventually('all are done', async () => done.length === 23);
  expect(performance.now() - sent).toBeLessThan(3000);
  expect(done.slice(3)).toEqual(many);
});

test('two servers share the queue: each job is done once', async () => {
  const done: string[] = [];
  const servers = [server(), server()];
  const begun = servers.map(() => Promise.withResolvers<void>());
  for (const [i, jobs] of servers.entries())
    jobs.work(
      'extract-text',
      async ({ documentId }) => {
        // no server may do it all before the other has looked
        begun[i]?.resolve();
        await Promise.all(begun.map(({ promise }) => promise));
        done.push(`${i}:${documentId}`);
      },
      { concurrency: 2 },
    );
  await Promise.all(servers.map((jobs) => jobs.start()));
  const ids = Array.from({ length: 50 }, (_, i) => i + 1);
  await Promise.all(
    ids.map((documentId) =>
      servers[documentId % 2]?.send('extract-text', { documentId, version: 1 }, { key: `${documentId}` }),
    ),
  );
  await eventually('all are done', async () => done.length >= ids.length);
  expect(done.map((each) => Number(each.split(':')[1])).sort((a, b) => a - b)).toEqual(ids);
});

test('a job that fails is tried again', async () => {
  const jobs = server();
  const tries: number[] = [];
  const through = Promise.withResolvers<void>();
  jobs.work('extract-text', async () => {
    tries.push(performance.now());
    if (tries.length === 1) throw new Error('the disk was away');
    through.resolve();
  });
  await jobs.start();
  await jobs.send('extract-text', { documentId: 1, version: 1 });
  await through.promise;
  expect(tries).toHaveLength(2);
  expect(lines.filter(({ msg }) => msg === 'job failed')).toHaveLength(1);
});

test('what a server gives up when it stops, the next one does; nothing is said of it', async () => {
  const first = server();
  const begun = Promise.withResolvers<void>();
  first.work('extract-text', async (_data, signal) => {
    begun.resolve();
    await once(signal, 'abort');
    throw signal.reason;
  });
  await first.start();
  await first.send('extract-text', { documentId: 7, version: 1 }, { key: '7' });
  await begun.promise;
  const started = performance.now();
  await first.stop();
  expect(performance.now() - started).toBeLessThan(1500);
  expect(await papers(first)()).toMatchObject({ waiting: 1, running: 0 });
  await first.close();

  const second = server();
  const done = Promise.withResolvers<number>();
  second.work('extract-text', async ({ documentId }) => done.resolve(documentId));
  await second.start();
  expect(await done.promise).toBe(7);
  expect(lines).toEqual([]);
});

test('a handler that does not listen does not hold up the stop for ever', async () => {
  const jobs = server();
  const begun = Promise.withResolvers<void>();
  const never = Promise.withResolvers<void>();
  jobs.work('extract-text', async () => {
    begun.resolve();
    await never.promise;
  });
  await jobs.start();
  await jobs.send('extract-text', { documentId: 7, version: 1 }, { key: '7' });
  await begun.promise;
  const started = performance.now();
  await jobs.stop();
  expect(performance.now() - started).toBeLessThan(7000);
  expect(await papers(jobs)()).toMatchObject({ waiting: 1, running: 0 });
  never.resolve();
});

test('the database goes away and comes back: said once each, and work goes on', async () => {
  const jobs = server();
  const done: number[] = [];
  jobs.work('extract-text', async ({ documentId }) => void done.push(documentId), { concurrency: 2 });
  await jobs.start();
  const outside = new pg.Client({ connectionString: database.url });
  await outside.connect();
  const name = new URL(database.url).pathname.slice(1);
  const administrator = new pg.Client({
    connectionString: database.url.replace(/\/[^/]*$/, '/postgres'),
  });
  await administrator.connect();
  onTestFinished(() => administrator.end());
  await outside.end();
  await administrator.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await administrator.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'classeur jobs'`,
    [name],
  );
  await eventually('the loss is noticed', async () => lines.some(({ level }) => level >= 40));
  await administrator.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  await jobs.send('extract-text', { documentId: 9, version: 1 }, { key: '9' });
  await eventually('the job is done', async () => done.length === 1);
  expect(lines.filter(({ level }) => level >= 30).map(({ msg }) => msg)).toEqual([
    'the job queue has lost its database',
    'the job queue has its database again',
  ]);
});

test('nothing stays connected after the end', async () => {
  const jobs = server();
  jobs.work('extract-text', async () => undefined, { concurrency: 2 });
  await jobs.start();
  await jobs.stop();
  await jobs.close();
  const connections = () => db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'classeur jobs'`;
  await eventually('all have hung up', async () => (await connections())[0]?.n === 0);
});

describe('the tables of the queue', () => {
  let bare: TestDatabase;
  beforeAll(async () => {
    bare = await createTestDatabase({ migrated: false });
  });
  afterAll(() => bare.drop());

  test('are made by two servers that start at once, and left alone by the next', async () => {
    const log = pino({ level: 'silent' });
    await Promise.all([prepareJobs({ url: bare.url, log }), prepareJobs({ url: bare.url, log })]);
    await prepareJobs({ url: bare.url, log });
    const client = new pg.Client({ connectionString: bare.url });
    await client.connect();
    const { rows } = await client.query('SELECT name, policy FROM pgboss.queue ORDER BY name');
    await client.end();
    expect(rows).toEqual([
      { name: 'extract-text', policy: 'exclusive' },
      { name: 'train-labels', policy: 'exclusive' },
      { name: 'validation-reminders', policy: 'exclusive' },
    ]);
  });
});
