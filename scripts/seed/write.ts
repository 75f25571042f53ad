import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Database, Transaction } from '../../src/database/client.ts';
import { withBulkLoad } from './bulk-load.ts';
import { generateDocument, type SyntheticDocument } from './generate.ts';
import { insertApprovals } from './insert-approvals.ts';
import { insertPapers } from './insert-papers.ts';
import { type Lists, prepareLists } from './lists.ts';
import { createPaperWriter, type PaperWriter } from './paper-writer.ts';

/** Documents in one transaction. A running server's reads of documents wait for one batch at most. */
const batchSize = 4000;

/** PostgreSQL: what a server filed meanwhile has the same name or number; and a deadlock. */
const worthAnotherTry = ['23505', '40P01'];

export interface SeedRequest {
  db: Database;
  /** the root of the content store */
  root: string;
  seed: number;
  documents: number;
  onProgress?: ((inserted: number) => void) | undefined;
  /** fired: ends after the batch under way */
  signal?: AbortSignal | undefined;
}

async function isThere(db: Database | Transaction, hashes: string[]): Promise<Set<string>> {
  const rows = await db.$queryRaw<{ sha256: string }[]>`
    SELECT sha256 FROM document_versions WHERE sha256 = ANY(${hashes}::bpchar[])`;
  return new Set(rows.map((row) => row.sha256));
}

/**
 * The first position of a seed's sequence that is not in the database, by halving: seeding goes on from there.
 * It may err where papers were deleted; each batch looks again.
 */
async function findStart(db: Database, seed: number): Promise<number> {
  const known = async (position: number) =>
    (await isThere(db, [generateDocument({ seed, position }).sha256])).size > 0;
  let high = 1;
  while (await known(high - 1)) high *= 2;
  let low = Math.floor(high / 2);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await known(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The SQLSTATE behind an error of Prisma. */
function sqlState(error: unknown): string | undefined {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: string } } } };
  return meta?.driverAdapterError?.cause?.originalCode;
}

/** What was inserted. */
export interface Inserted {
  documents: number;
  /** of all tables, but for what the server itself derives for its searches and counts */
  rows: number;
}

/** One transaction. Papers that the database already has are left out. */
async function insertBatch(db: Database, papers: SyntheticDocument[], lists: Lists): Promise<Inserted> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.$transaction(
        async (tx) => {
          // Two seedings at once take turns, and each sees what the other has inserted.
          await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('classeur.seed'))`;
          const there = await isThere(
            tx,
            papers.map((paper) => paper.sha256),
          );
          const missing = there.size === 0 ? papers : papers.filter((paper) => !there.has(paper.sha256));
          let rows = 0;
          if (missing.length > 0) {
            await withBulkLoad(tx, {
              lists,
              documents: async () => {
                const inserted = await insertPapers(tx, { papers: missing, lists });
                rows += inserted.rows;
                return inserted.ids;
              },
              others: async (ids) => {
                rows += await insertApprovals(tx, { papers: missing, ids, lists });
              },
            });
          }
          return { documents: missing.length, rows };
        },
        { maxWait: 60_000, timeout: 300_000 },
      );
    } catch (error) {
      if (attempt === 5 || !worthAnotherTry.includes(sqlState(error) ?? '')) throw error;
    }
  }
}

/** Asks the system to bring what was written below `folder` to the disk; where there is no such command, so be it. */
async function flush(folder: string): Promise<void> {
  const child = spawn('sync', process.platform === 'linux' ? ['-f', folder] : [], { stdio: 'ignore' });
  await once(child, 'close').catch(() => undefined);
}

async function insertAll(o: SeedRequest, lists: Lists, writer: PaperWriter): Promise<Inserted> {
  const inserted: Inserted = { documents: 0, rows: 0 };
  let position = await findStart(o.db, o.seed);
  /** asked of the writer and not yet inserted */
  let ahead = 0;
  const ask = () => {
    const count = o.signal?.aborted ? 0 : Math.min(batchSize, o.documents - inserted.documents - ahead);
    if (count <= 0) return undefined;
    const papers = writer.write({ position, count });
    // Awaited below, while another batch is being inserted: until then a failure is nobody's.
    papers.catch(() => undefined);
    position += count;
    ahead += count;
    return papers;
  };

  // The next batch's bytes are written while this one's rows are inserted.
  let next = ask();
  while (next) {
    const papers = await next;
    next = ask();
    const { documents, rows } = await insertBatch(o.db, papers, lists);
    // Nobody who counts has to add up thousands of changes.
    await o.db.$executeRaw`SELECT counts_fold()`;
    inserted.documents += documents;
    inserted.rows += rows;
    ahead -= papers.length;
    o.onProgress?.(inserted.documents);
    next ??= ask();
  }
  return inserted;
}

/**
 * Adds synthetic documents to a database and its content store, empty or in use (contract §9). Goes on in the
 * seed's sequence after the papers that are there. Bytes are written before the transaction that names them
 * commits, so a kill leaves no document without them; they are flushed to the disk once, at the end, so a
 * power failure before may.
 */
export async function seedDocuments(o: SeedRequest): Promise<Inserted> {
  const lists = await prepareLists({ db: o.db });
  if (o.documents === 0) return { documents: 0, rows: 0 };
  const writer = createPaperWriter({ seed: o.seed, root: o.root });
  try {
    const inserted = await insertAll(o, lists, writer);
    await flush(o.root);
    // The planner should know now, not at the next autovacuum.
    await o.db.$executeRaw`
      ANALYZE documents, document_versions, document_tags, document_texts, document_search, validation_requests,
        validation_history, notifications, sync_copies`;
    return inserted;
  } finally {
    await writer.close();
  }
}
