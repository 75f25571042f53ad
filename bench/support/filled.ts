import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../src/database/embedded.ts';
import { type Loader, startLoader } from './load.ts';
import type { Claim } from './measure.ts';
import { type Server, startServer } from './server.ts';

const root = path.resolve(import.meta.dirname, '../..');
const password = 'bench-marks-2026';
/** Who owns exactly this many documents, however many there are. */
const memberName = 'nora';
const memberOwns = 1000;

export interface Caller {
  id: number;
  /** the header `Cookie` */
  cookie: string;
}

/** A server whose database is full of synthetic documents. */
export interface Filled {
  server: Server;
  /** of its database, as superuser */
  url: string;
  documents: number;
  administrator: Caller;
  /** holds no role, has nothing shared, and owns exactly 1,000 of the documents */
  member: Caller;
  /** rows that the seed inserted a second; null where a former bench had filled the folder */
  rowsPerSecond: number | null;
  stop: () => Promise<void>;
}

async function seed({ dataDir, documents }: { dataDir: string; documents: number }): Promise<number> {
  const child = spawn(process.execPath, ['scripts/seed.ts', '--documents', String(documents)], {
    cwd: root,
    env: { PATH: process.env.PATH, DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const output = await text(child.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error('seeding failed');
  return Number(/([\d,]+) rows a second\n$/.exec(output)?.[1]?.replaceAll(',', ''));
}

/** The member's hundredth part becomes 1,000 documents: the rest is the administrator's, or some of theirs the member's. */
async function shareOut(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number; member: number; administrator: number }>(
      `SELECT count(d.id)::int AS count, u.id AS member,
         (SELECT min(id) FROM users WHERE is_admin AND is_active) AS administrator
       FROM users u LEFT JOIN documents d ON d.owner_id = u.id WHERE u.username = $1 GROUP BY u.id`,
      [memberName],
    );
    const [{ count, member, administrator } = { count: 0, member: 0, administrator: 0 }] = rows;
    const [from, to] = count > memberOwns ? [member, administrator] : [administrator, member];
    // Spread over the whole table, as a member's papers are.
    const { rowCount } = await client.query(
      `UPDATE documents SET owner_id = $2 WHERE id IN (SELECT id FROM documents
         WHERE owner_id = $1 AND validation_status = 'na' ORDER BY md5(id::text) LIMIT $3)`,
      [from, to, Math.abs(count - memberOwns)],
    );
    if (rowCount !== Math.abs(count - memberOwns)) throw new Error('too few documents to share out');
    // What autovacuum does within minutes, before anything is measured.
    await client.query('VACUUM (ANALYZE)');
  } finally {
    await client.end();
  }
}

/**
 * The real server on its own PostgreSQL with so many documents (10,000 at least), in a folder that goes when it is
 * stopped; or, where BENCH_DIR is set, in a folder below that, which stays and is found full the next time.
 */
async function startFilled({ documents }: { documents: number }): Promise<Filled> {
  const kept = process.env.BENCH_DIR && path.resolve(process.env.BENCH_DIR, `filled-${documents}`);
  const dataDir = kept || (await mkdtemp(path.join(tmpdir(), 'classeur-bench-')));
  const full = path.join(dataDir, 'full');
  const isFull = await access(full).then(
    () => true,
    () => false,
  );
  if (!isFull) await rm(dataDir, { recursive: true, force: true });
  const server = await startServer({ dataDir });
  const log = pino({ level: 'warn' }, pino.destination(2));
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  const stop = async () => {
    await server.stop();
    await postgres.stop();
    if (!kept) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    let rowsPerSecond: number | null = null;
    if (!isFull) {
      rowsPerSecond = await seed({ dataDir, documents });
      await shareOut(postgres.url);
      await writeFile(full, '');
    }
    const users = (await server.call('GET', '/users?per_page=100')).data as {
      id: number;
      username: string;
    }[];
    const idOf = (username: string) => users.find((user) => user.username === username)?.id ?? 0;
    await server.call('PATCH', `/users/${idOf(memberName)}`, { password });
    return {
      server,
      url: postgres.url,
      documents,
      administrator: { id: idOf('admin'), cookie: server.cookie },
      member: { id: idOf(memberName), cookie: await server.signIn(memberName, password) },
      rowsPerSecond,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type FilledServers = ReturnType<typeof createFilledServers>;

/** The filled servers of one run: a size is filled once, whoever asks for it, and its server stays up until `close`. */
export function createFilledServers({ sizes }: { sizes: number[] }) {
  const started = new Map<number, Promise<Filled>>();
  return {
    /** numbers of documents over which growth is measured, ascending */
    sizes,
    of(documents: number): Promise<Filled> {
      const filled = started.get(documents) ?? startFilled({ documents });
      started.set(documents, filled);
      return filled;
    },
    async close(): Promise<void> {
      for (const filled of await Promise.allSettled(started.values()))
        if (filled.status === 'fulfilled') await filled.value.stop();
    },
  };
}

/** Documents where speed is compared with hand-written SQL. */
const usual = 100_000;

/** Both sorts of claims under load: beside hand-written SQL on the same database, and as the documents become more. */
export async function underLoad(
  servers: FilledServers,
  o: {
    besideHandWritten: (loader: Loader, filled: Filled) => Promise<Claim[]>;
    whileGrowing: (loader: Loader, filled: Filled[]) => Promise<Claim[]>;
  },
): Promise<Claim[]> {
  const loader = startLoader();
  try {
    const claims = await o.besideHandWritten(loader, await servers.of(usual));
    const filled: Filled[] = [];
    for (const size of servers.sizes) filled.push(await servers.of(size));
    return [...claims, ...(await o.whileGrowing(loader, filled))];
  } finally {
    loader.stop();
  }
}
