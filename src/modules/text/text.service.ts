import { open } from 'node:fs/promises';
import type { Database, Transaction } from '../../database/client.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { ContentStore } from '../../storage/content-store.ts';
import { transact } from '../documents/transact.ts';
import type { Rulebook } from '../tags/rules/rulebook.ts';
import { runRules } from '../tags/rules/run-rules.ts';
import { holdLabels } from '../tags/tag-tree.ts';
import { type Outcome, type TextLimits, takeOutText } from './take-out.ts';

/** What has a text to be taken out: one version of a document. */
interface Paper {
  documentId: number;
  version: number;
}

export type TextService = ReturnType<typeof createTextService>;

/** how many documents are queued at a time */
const batchSize = 1000;
/** An hour's work and more: a million papers that wait since before there were texts are not a million jobs. */
const atMostQueued = 10_000;

const keyOf = ({ documentId, version }: Paper) => `${documentId}.${version}`;

/**
 * Takes the text out of documents in the background (contract §4) and runs the rules of tags and correspondents over
 * it (§5). `pending` in `text_status` is the whole state: what has it is to be done, whoever forgot to send the job.
 */
export function createTextService({
  db,
  store,
  rulebook,
  jobs,
  log,
  limits,
}: {
  db: Database;
  store: ContentStore;
  rulebook: Rulebook;
  jobs: Jobs;
  log: { warn(details: object, message: string): void };
  limits?: TextLimits;
}) {
  /** Null where the document is gone, has a newer version, or was done by somebody else. */
  async function find({ documentId, version }: Paper) {
    const [found] = await db.$queryRaw<{ sha256: string; mime_type: string }[]>`
      SELECT v.sha256, v.mime_type FROM documents d
      JOIN document_versions v ON v.document_id = d.id AND v.number = d.version
      WHERE d.id = ${documentId} AND d.version = ${version} AND d.text_status = 'pending'`;
    return found ?? null;
  }

  async function takeOut(
    { sha256, mime_type: mimeType }: { sha256: string; mime_type: string },
    signal: AbortSignal,
  ): Promise<Outcome | { status: 'failed'; reason: 'missing' }> {
    try {
      return await takeOutText({
        open: () => open(store.path(sha256)),
        kind: mimeType === 'application/pdf' ? 'pdf' : 'plain',
        signal,
        ...(limits && { limits }),
      });
    } catch (error) {
      // Bytes that are gone do not come back by being asked for again.
      if ((error as NodeJS.ErrnoException).syscall !== 'open') throw error;
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return { status: 'failed', reason: 'missing' };
    }
  }

  /**
   * Writes down what came out, if it is still what is waited for. The revision grows only where the rules gave
   * something: text that arrives must not make the upload's `ETag` stale.
   */
  async function keep(
    { documentId, version }: Paper,
    outcome: { status: string; text?: string },
  ): Promise<void> {
    await transact(db, async (tx) => {
      await holdLabels(tx);
      const [locked] = await tx.$queryRaw<{ id: number }[]>`
        SELECT id FROM documents WHERE id = ${documentId} AND version = ${version} AND text_status = 'pending'
        FOR UPDATE`;
      if (!locked) return;
      await tx.$executeRaw`UPDATE documents SET text_status = ${outcome.status} WHERE id = ${documentId}`;
      if (outcome.text === undefined) return;
      await tx.$executeRaw`
        INSERT INTO document_texts (document_id, version, text) VALUES (${documentId}, ${version}, ${outcome.text})
        ON CONFLICT (document_id) DO UPDATE SET version = excluded.version, text = excluded.text, created_at = now()`;
      if (await runRules(tx, { rulebook, documentId }))
        await tx.$executeRaw`
          UPDATE documents SET revision = revision + 1, updated_at = now() WHERE id = ${documentId}`;
    });
  }

  return {
    /** Has the text of a version taken out once `tx` is committed. */
    async queue(tx: Transaction, paper: Paper): Promise<void> {
      await jobs.send('extract-text', paper, { tx, key: keyOf(paper) });
    },

    /** The job. A server that stops or is killed here leaves it as it was, to be taken again. */
    async extract(paper: Paper, signal: AbortSignal): Promise<void> {
      const found = await find(paper);
      if (!found) return;
      const outcome = await takeOut(found, signal);
      if (outcome.status === 'failed')
        log.warn({ document: paper.documentId, reason: outcome.reason }, 'no text could be taken out');
      await keep(paper, outcome);
    },

    /**
     * Queues what waits for its text and has no job: after a restored backup, or a migration. So many at a time; the
     * next time goes on. Ends early, between two batches, when the signal fires. How many were offered.
     */
    async queuePending(signal?: AbortSignal): Promise<number> {
      let queued = 0;
      for (let after = 0; ; ) {
        if (signal?.aborted || queued >= atMostQueued) return queued;
        const batch = await db.$queryRaw<Paper[]>`
          SELECT id AS "documentId", version FROM documents
          WHERE text_status = 'pending' AND id > ${after} ORDER BY id LIMIT ${batchSize}`;
        await jobs.sendAll(
          'extract-text',
          batch.map((paper) => ({ data: paper, key: keyOf(paper) })),
        );
        queued += batch.length;
        const last = batch.at(-1);
        if (!last || batch.length < batchSize) return queued;
        after = last.documentId;
      }
    },
  };
}
