import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';

/** Working off the journal (`journal.queries.ts`): what runs claim of it, and what they write down. */

type Client = Database | Transaction;

export interface Claimed {
  documentId: number;
  generation: number;
  attempts: number;
  /** null: the document is in the trash or gone, there is nothing to send */
  wanted: {
    path: string;
    key: string;
    version: number;
    sha256: string;
    size: number;
    modifiedAt: Date;
  } | null;
  heldPath: string | null;
  heldSha256: string | null;
  /** an earlier run may have brought it there without living to say so, or the target proved it once */
  maybeHeld: boolean;
}

/**
 * Takes up to `limit` pending documents for a run, and writes down where they are about to go before a byte
 * leaves. Two statements: the second sees every document as it was committed when its row was locked.
 */
export function claim(
  db: Database,
  o: {
    targetId: number;
    runId: number;
    limit: number;
    documentIds: number[] | null;
    foldPath: (path: string) => string;
  },
): Promise<Claimed[]> {
  return db.$transaction(async (tx) => {
    const only = o.documentIds ? Prisma.sql`AND document_id = ANY(${o.documentIds})` : Prisma.empty;
    const taken = await tx.$queryRaw<
      {
        document_id: number;
        generation: number;
        attempts: number;
        held_path: string | null;
        held_sha256: string | null;
        held_key: string | null;
        sending_key: string | null;
      }[]
    >`
      UPDATE sync_copies c SET state = 'sending', run_id = ${o.runId}
      FROM (
        SELECT document_id FROM sync_copies
        WHERE target_id = ${o.targetId} AND state = 'pending' AND next_attempt_at <= now() ${only}
        ORDER BY next_attempt_at, document_id
        LIMIT ${o.limit}
        FOR UPDATE SKIP LOCKED
      ) picked
      WHERE c.target_id = ${o.targetId} AND c.document_id = picked.document_id
      RETURNING c.document_id, c.generation, c.attempts, c.held_path, c.held_sha256, c.held_key, c.sending_key`;
    if (taken.length === 0) return [];

    const ids = taken.map((row) => row.document_id);
    const documents = await tx.$queryRaw<
      { id: number; version: number; sha256: string; file_size: bigint; created_at: Date; path: string }[]
    >`
      SELECT d.id, d.version, d.sha256, v.file_size, v.created_at,
        to_char(d.filed_month, 'YYYY/MM/') || t.folder || '/' || d.filed_name AS path
      FROM documents d
      JOIN document_versions v ON v.document_id = d.id AND v.number = d.version
      JOIN document_types t ON t.id = d.document_type_id
      WHERE d.id = ANY(${ids}) AND d.trashed_at IS NULL`;
    // The very name it already bears there: one that differs in case alone would be a second file on one
    // server and the same file on another.
    const heldNames = new Map(taken.map((row) => [row.document_id, row.held_path]));
    for (const row of documents) {
      const heldPath = heldNames.get(row.id);
      if (heldPath && o.foldPath(heldPath) === o.foldPath(row.path)) row.path = heldPath;
    }
    const byId = new Map(documents.map((row) => [row.id, row]));
    const keys = new Map(documents.map((row) => [row.id, o.foldPath(row.path)]));

    await tx.$executeRaw`
      UPDATE sync_copies c SET sending_path = w.path, sending_key = w.key
      FROM unnest(${documents.map((row) => row.id)}::int[], ${documents.map((row) => row.path)}::text[],
        ${documents.map((row) => keys.get(row.id) ?? '')}::text[]) AS w (document_id, path, key)
      WHERE c.target_id = ${o.targetId} AND c.document_id = w.document_id`;

    return taken.map((row) => {
      const document = byId.get(row.document_id);
      const key = keys.get(row.document_id);
      return {
        documentId: row.document_id,
        generation: row.generation,
        attempts: row.attempts,
        heldPath: row.held_path,
        heldSha256: row.held_sha256,
        maybeHeld: key !== undefined && (row.sending_key === key || row.held_key === key),
        wanted:
          document && key !== undefined
            ? {
                path: document.path,
                key,
                version: document.version,
                sha256: document.sha256,
                size: Number(document.file_size),
                modifiedAt: document.created_at,
              }
            : null,
      };
    });
  });
}

export interface Settled {
  claimed: Claimed;
  /** null: proved to be held as wanted (or, with nothing wanted, nothing to do) */
  failure: { code: string; detail: string; retryAfterMs: number | null } | null;
}

/**
 * Writes down what became of claimed documents, whatever has happened to them meanwhile. In one transaction;
 * one document that the database refuses (its path is another's) becomes its own failure, and stops no other.
 */
export async function settle(db: Database, o: { targetId: number; settled: Settled[] }): Promise<void> {
  try {
    await settleTogether(db, o);
  } catch (error) {
    if (!String(error).includes('sync_copies_held_key')) throw error;
    const [only, ...others] = o.settled;
    if (others.length > 0) {
      for (const each of o.settled) await settle(db, { targetId: o.targetId, settled: [each] });
    } else if (only) {
      const failure = { code: 'path_conflict', detail: 'another document is held there', retryAfterMs: null };
      await settleTogether(db, { targetId: o.targetId, settled: [{ ...only, failure }] });
    }
  }
}

async function settleTogether(db: Database, o: { targetId: number; settled: Settled[] }): Promise<void> {
  const held = o.settled.flatMap(({ claimed, failure }) =>
    claimed.wanted && !failure ? [{ ...claimed, ...claimed.wanted }] : [],
  );
  const dropped = o.settled.flatMap(({ claimed }) => (claimed.wanted ? [] : [claimed]));
  const failed = o.settled.flatMap(({ claimed, failure }) => (failure ? [{ ...claimed, ...failure }] : []));
  const ids = (rows: { documentId: number }[]) => rows.map((row) => row.documentId);

  await db.$transaction(async (tx) => {
    if (held.length > 0) {
      await tx.$executeRaw`
        UPDATE sync_copies c SET
          state = CASE WHEN c.generation = w.generation THEN 'synced' ELSE 'pending' END,
          attempts = 0, error_code = NULL, error_detail = NULL, sending_path = NULL, sending_key = NULL,
          held_path = w.path, held_key = w.key, held_version = w.version, held_sha256 = w.sha256,
          synced_at = now(), verified_at = now()
        FROM unnest(${ids(held)}::int[], ${held.map((row) => row.generation)}::int[], ${held.map((row) => row.path)}::text[],
          ${held.map((row) => row.key)}::text[], ${held.map((row) => row.version)}::int[], ${held.map((row) => row.sha256)}::text[])
          AS w (document_id, generation, path, key, version, sha256)
        WHERE c.target_id = ${o.targetId} AND c.document_id = w.document_id`;
    }
    if (dropped.length > 0) {
      // Restored from the trash meanwhile (another generation): pending again. Otherwise the copy is kept.
      await tx.$executeRaw`
        UPDATE sync_copies c SET sending_path = NULL, sending_key = NULL,
          state = CASE WHEN c.generation = w.generation AND c.held_path IS NOT NULL THEN 'kept' ELSE 'pending' END
        FROM unnest(${ids(dropped)}::int[], ${dropped.map((row) => row.generation)}::int[]) AS w (document_id, generation)
        WHERE c.target_id = ${o.targetId} AND c.document_id = w.document_id`;
      await tx.$executeRaw`
        DELETE FROM sync_copies c
        USING unnest(${ids(dropped)}::int[], ${dropped.map((row) => row.generation)}::int[]) AS w (document_id, generation)
        WHERE c.target_id = ${o.targetId} AND c.document_id = w.document_id AND c.generation = w.generation AND c.held_path IS NULL`;
    }
    if (failed.length > 0) {
      // The path stays noted: what failed at the very end may have arrived all the same.
      await tx.$executeRaw`
        UPDATE sync_copies c SET
          state = CASE WHEN w.retry_ms IS NULL AND c.generation = w.generation THEN 'failed' ELSE 'pending' END,
          attempts = CASE WHEN c.generation = w.generation THEN c.attempts + 1 ELSE 0 END,
          next_attempt_at = now() + make_interval(secs => coalesce(w.retry_ms, 0) / 1000.0),
          error_code = w.code, error_detail = w.detail
        FROM unnest(${ids(failed)}::int[], ${failed.map((row) => row.generation)}::int[], ${failed.map((row) => row.code)}::text[],
          ${failed.map((row) => row.detail)}::text[], ${failed.map((row) => row.retryAfterMs)}::int[])
          AS w (document_id, generation, code, detail, retry_ms)
        WHERE c.target_id = ${o.targetId} AND c.document_id = w.document_id`;
    }
  });
}

/** Gives back what a run holds of a target, no attempt spent: it was stopped, or the target failed. */
export async function release(
  client: Client,
  { runId, targetId }: { runId: number; targetId: number },
): Promise<void> {
  await client.$executeRaw`
    UPDATE sync_copies SET state = 'pending', next_attempt_at = now()
    WHERE target_id = ${targetId} AND state = 'sending' AND run_id = ${runId}`;
}

/** Gives back what runs that are over still hold of a target. The caller's run is the only one on it. */
export async function takeOver(
  client: Client,
  { runId, targetId }: { runId: number; targetId: number },
): Promise<void> {
  await client.$executeRaw`
    UPDATE sync_copies SET state = 'pending', next_attempt_at = now()
    WHERE target_id = ${targetId} AND state = 'sending' AND run_id <> ${runId}`;
}

/** Makes what failed for good pending again: an administrator asked for another try. */
export async function retryFailed(
  client: Client,
  o: { targetIds: number[]; documentIds: number[] | null },
): Promise<void> {
  const only = o.documentIds ? Prisma.sql`AND document_id = ANY(${o.documentIds})` : Prisma.empty;
  await client.$executeRaw`
    UPDATE sync_copies SET state = 'pending', attempts = 0, next_attempt_at = now(), error_code = NULL, error_detail = NULL
    WHERE target_id = ANY(${o.targetIds}) AND state = 'failed' ${only}`;
}

/** When the next document that waits for another try comes due, in milliseconds from now; null: none waits. */
export async function nextDueMs(
  db: Database,
  o: { targetId: number; documentIds: number[] | null },
): Promise<number | null> {
  const only = o.documentIds ? Prisma.sql`AND document_id = ANY(${o.documentIds})` : Prisma.empty;
  const [row] = await db.$queryRaw<{ ms: number | null }[]>`
    SELECT (extract(epoch FROM min(next_attempt_at) - now()) * 1000)::float8 AS ms FROM sync_copies
    WHERE target_id = ${o.targetId} AND state = 'pending' ${only}`;
  return row?.ms == null ? null : Math.max(0, row.ms);
}

/** The documents that a run over these targets would send now. */
export async function countPending(
  client: Client,
  o: { targetIds: number[]; documentIds: number[] | null },
): Promise<{ targetId: number; count: number }[]> {
  const only = o.documentIds ? Prisma.sql`AND document_id = ANY(${o.documentIds})` : Prisma.empty;
  const rows = await client.$queryRaw<{ target_id: number; count: number }[]>`
    SELECT target_id, count(*)::int AS count FROM sync_copies
    WHERE target_id = ANY(${o.targetIds}) AND state = 'pending' ${only} GROUP BY target_id`;
  return rows.map((row) => ({ targetId: row.target_id, count: row.count }));
}
