import type { Database } from '../../database/client.ts';

export type CountsService = ReturnType<typeof createCountsService>;

/** Keeps the counts that lists show (docs/decisions/015); several servers may do it at once. */
export function createCountsService({
  db,
  log,
}: {
  db: Database;
  log: { error(details: object, message: string): void };
}) {
  return {
    /** Folds in the changes committed by now, so that counts stay cheap to read; answers with how many. */
    async fold(): Promise<number> {
      const [row] = await db.$queryRaw<{ folded: number }[]>`SELECT counts_fold() AS folded`;
      return row?.folded ?? 0;
    },

    /**
     * Compares every count with a recount of the same moment; where one differs, counts anew and logs it. Answers
     * with how many differed: other than 0 only after a hand in the database, or a fault of ours.
     */
    async check(): Promise<number> {
      const [row] = await db.$queryRaw<{ counts: number; spans: number }[]>`
        SELECT (SELECT count(*)::int FROM document_count_differences) AS counts,
          (SELECT count(*)::int FROM document_span_differences) AS spans`;
      const { counts, spans } = row ?? { counts: 0, spans: 0 };
      if (counts + spans === 0) return 0;
      const examples = await db.$queryRaw<object[]>`
        SELECT dimension, key, owner_id, count FROM document_count_differences LIMIT 5`;
      log.error({ counts, spans, examples }, 'the counts of documents differed, and are counted anew');
      await db.$executeRaw`SELECT counts_rebuild()`;
      return counts + spans;
    },
  };
}
