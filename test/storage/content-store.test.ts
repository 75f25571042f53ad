import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/client.ts';
import { type ContentStore, createContentStore, lockKey } from '../../src/storage/content-store.ts';
import { sweepOrphans, sweepTemporaries } from '../../src/storage/sweep.ts';
import { createTestDatabase } from '../support/database.ts';

let db: Database;
let root: string;
let store: ContentStore;
let end: () => Promise<void>;

beforeAll(async () => {
  const database = await createTestDatabase();
  const { db: opened, close } = createDatabase({ url: database.url, onError: () => undefined });
  db = opened;
  root = path.join(await mkdtemp(path.join(tmpdir(), 'classeur-store-')), 'documents');
  store = createContentStore({ db, root, instanceId: 7 });
  await db.user.create({ data: { id: 1, username: 'u', displayName: 'U', passwordHash: '$argon2id$x' } });
  end = async () => {
    await close();
    await database.drop();
    await rm(path.dirname(root), { recursive: true, force: true });
  };
});
afterAll(() => end());

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const temporaries = () => readdir(store.temporaries);
const exists = (hash: string) =>
  readFile(store.path(hash)).then(
    () => true,
    () => false,
  );

/** Puts bytes in place as an upload does, with the document that names them; `beforeCommit` is its last moment. */
async function keep(bytes: Buffer, beforeCommit?: () => Promise<void>): Promise<number> {
  const received = await store.receive(Readable.from([bytes]));
  return db.$transaction(async (tx) => {
    const name = randomBytes(8).toString('hex');
    const document = await tx.document.create({
      data: {
        ownerId: 1,
        title: name,
        documentTypeId: 4,
        sha256: received.sha256,
        filedMonth: new Date('2026-01-01'),
        filedName: name,
        filedKey: name,
      },
    });
    await tx.documentVersion.create({
      data: {
        documentId: document.id,
        number: 1,
        sha256: received.sha256,
        fileSize: received.size,
        mimeType: 'text/plain',
        originalFilename: name,
        createdById: 1,
      },
    });
    await received.commit(tx);
    await beforeCommit?.();
    return document.id;
  });
}

/** Until somebody waits for an advisory lock; or until `other` is over, since then nobody will. */
async function somebodyWaits(other: Promise<unknown>): Promise<void> {
  let over = false;
  const note = () => {
    over = true;
  };
  other.then(note, note);
  while (!over) {
    const [row] = await db.$queryRaw<{ waiting: number }[]>`
      SELECT count(*)::int AS waiting FROM pg_locks JOIN pg_database d ON d.oid = database
      WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`;
    if (row?.waiting) return;
  }
}

describe('bytes that arrive', () => {
  test('are hashed, counted and kept under their hash once their row is there', async () => {
    const bytes = randomBytes(2_000_000);
    const received = await store.receive(Readable.from([bytes.subarray(0, 3000), bytes.subarray(3000)]));
    expect(received).toMatchObject({ sha256: sha256(bytes), size: bytes.length });
    expect(received.head).toEqual(bytes.subarray(0, 4100));
    expect((await temporaries())[0]).toMatch(/^7-[0-9a-f-]{36}$/);
    expect(await exists(received.sha256)).toBe(false);
    await db.$transaction((tx) => received.commit(tx));
    expect(await temporaries()).toEqual([]);
    const hash = received.sha256;
    expect(store.path(hash)).toBe(path.join(root, hash.slice(0, 2), hash.slice(2, 4), hash));
    expect(await readFile(store.path(hash))).toEqual(bytes);
  });

  test('leave nothing behind when the sender fails midway', async () => {
    const failing = Readable.from(
      (async function* () {
        yield randomBytes(100_000);
        throw new Error('the line is cut');
      })(),
    );
    await expect(store.receive(failing)).rejects.toThrow('the line is cut');
    expect(await temporaries()).toEqual([]);
  });

  test('leave nothing behind when they are no longer wanted', async () => {
    const stop = new AbortController();
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          yield randomBytes(10_000);
          stop.abort();
        }
      })(),
    );
    await expect(store.receive(endless, { signal: stop.signal })).rejects.toThrow();
    expect(await temporaries()).toEqual([]);
  });

  test('are taken back, before and after they were put in place', async () => {
    const early = await store.receive(Readable.from([randomBytes(10)]));
    await early.discard();
    expect(await temporaries()).toEqual([]);

    const late = await store.receive(Readable.from([randomBytes(10)]));
    await db.$transaction((tx) => late.commit(tx));
    await late.discard();
    expect(await exists(late.sha256)).toBe(false);
  });

  test('stay when they are taken back but a document has the same', async () => {
    const bytes = randomBytes(10);
    await keep(bytes);
    const again = await store.receive(Readable.from([bytes]));
    await db.$transaction((tx) => again.commit(tx));
    await again.discard();
    expect(await exists(sha256(bytes))).toBe(true);
  });

  test('never make the server grow', async () => {
    const chunk = randomBytes(1024 * 1024);
    const long = Readable.from(
      (async function* () {
        for (let index = 0; index < 300; index += 1) yield chunk;
      })(),
    );
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    const received = await store.receive(long);
    clearInterval(watch);
    expect(received.size).toBe(300 * chunk.length);
    expect(peak - before).toBeLessThan(100 * 1024 * 1024);
    await received.discard();
  });
});

describe('a deletion and an upload of the same bytes at once', () => {
  test('never leave a document without them', async () => {
    for (let round = 0; round < 40; round += 1) {
      const bytes = randomBytes(20);
      const hash = sha256(bytes);
      const first = await keep(bytes);
      await db.document.delete({ where: { id: first } });
      const [second] = await Promise.all([
        keep(bytes),
        store.removeUnreferenced([hash]),
        store.removeUnreferenced([hash]),
      ]);
      expect(await exists(hash)).toBe(true);
      await db.document.delete({ where: { id: second } });
      expect(await store.removeUnreferenced([hash])).toBe(1);
      expect(await exists(hash)).toBe(false);
    }
  });

  test('wait for each other: the deletion for an upload that has put its bytes in place', async () => {
    const bytes = randomBytes(20);
    let deletion: Promise<number> | undefined;
    await keep(bytes, async () => {
      deletion = store.removeUnreferenced([sha256(bytes)]);
      await somebodyWaits(deletion);
    });
    expect(await deletion).toBe(0);
    expect(await exists(sha256(bytes))).toBe(true);
  });

  test('wait for each other: the upload for a deletion that is looking', async () => {
    const bytes = randomBytes(20);
    let upload: Promise<number> | undefined;
    await db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockKey(sha256(bytes))}::bigint)`;
      upload = keep(bytes);
      await somebodyWaits(upload);
      expect(await exists(sha256(bytes))).toBe(false);
    });
    await upload;
    expect(await exists(sha256(bytes))).toBe(true);
  });
});

describe('a content', () => {
  test('is read whole or in part', async () => {
    const bytes = Buffer.from('0123456789');
    await keep(bytes);
    const read = async (range: object) =>
      Buffer.concat(
        await (await store.readStream(sha256(bytes), { size: 10, ...range })).toArray(),
      ).toString();
    expect(await read({})).toBe('0123456789');
    expect(await read({ start: 2, end: 4 })).toBe('234');
    expect(await read({ start: 9 })).toBe('9');
  });

  test('that is missing or not whole is a fault, said before its first byte', async () => {
    await expect(store.readStream('0'.repeat(64), { size: 1 })).rejects.toMatchObject({
      code: 'storage.missing',
      status: 503,
    });
    const bytes = randomBytes(50);
    await keep(bytes);
    await writeFile(store.path(sha256(bytes)), bytes.subarray(0, 20));
    await expect(store.readStream(sha256(bytes), { size: 50 })).rejects.toMatchObject({
      code: 'storage.missing',
    });
  });

  test('has no path unless it is a hash', () => {
    for (const name of ['', '../../etc/passwd', 'A'.repeat(64), '0'.repeat(63)])
      expect(() => store.path(name)).toThrow();
  });
});

describe('what dead servers leave', () => {
  test('temporaries go, those of servers alive stay', async () => {
    await mkdir(store.temporaries, { recursive: true });
    const name = (instance: number) => path.join(store.temporaries, `${instance}-${crypto.randomUUID()}`);
    const alive = name(8);
    await writeFile(name(6), 'x');
    await writeFile(name(61), 'x');
    await writeFile(alive, 'x');
    expect(await sweepTemporaries({ store, aliveInstances: async () => new Set([7, 8, 9]) })).toBe(2);
    expect(await temporaries()).toEqual([path.basename(alive)]);
    await rm(alive);
  });

  test('contents that no document names go after a day', async () => {
    const put = async (bytes: Buffer) => {
      const received = await store.receive(Readable.from([bytes]));
      await db.$transaction((tx) => received.commit(tx));
      return received.sha256;
    };
    const old = await put(randomBytes(10));
    const fresh = await put(randomBytes(10));
    const named = randomBytes(10);
    await keep(named);
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const hash of [old, sha256(named)]) await utimes(store.path(hash), longAgo, longAgo);
    expect(await sweepOrphans({ store, db })).toBe(1);
    expect([await exists(old), await exists(fresh), await exists(sha256(named))]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('nothing is no trouble', async () => {
    const empty = createContentStore({ db, root: path.join(root, '..', 'none'), instanceId: 1 });
    expect(await sweepTemporaries({ store: empty, aliveInstances: async () => new Set() })).toBe(0);
    expect(await sweepOrphans({ store: empty, db })).toBe(0);
  });
});

describe('a full disk', () => {
  const disk = path.join(tmpdir(), `classeur-full-${process.pid}`);
  let mounted = false;
  beforeAll(async () => {
    await mkdir(disk, { recursive: true });
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]).status === 0;
  });
  afterAll(async () => {
    if (mounted) spawnSync('umount', [disk]);
    await rm(disk, { recursive: true, force: true });
  });

  test('is a 503 that says so, and nothing of the file stays', async (context) => {
    if (!mounted) context.skip('mounting a small disk needs root');
    const small = createContentStore({ db, root: path.join(disk, 'documents'), instanceId: 1 });
    await expect(small.receive(Readable.from([randomBytes(3_000_000)]))).rejects.toMatchObject({
      code: 'storage.full',
      status: 503,
    });
    expect(await readdir(small.temporaries)).toEqual([]);
    const fits = await small.receive(Readable.from([randomBytes(1_000_000)]));
    await fits.discard();
  });
});
