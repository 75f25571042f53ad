import type { Database } from '../../../database/client.ts';
import { Prisma } from '../../../database/generated/client.ts';
import { mostCharacters } from '../../matching/learning/features.ts';
import type { Lesson } from '../../matching/learning/train.ts';
import { trainInThread } from '../../matching/learning/train-in-thread.ts';

/** The newest documents that somebody filed, and as examples of nothing the newest that nobody has. */
const mostDocuments = { filed: 20_000, unfiled: 5_000 };
const batchSize = 200;

export type LearnedKind = 'tags' | 'correspondents';

/** A document has many tags, but one correspondent. */
export const isExclusive = (kind: LearnedKind) => kind === 'correspondents';

/** What a label was given by hand, and what by a machine, of the documents `d`: arrays of ids. */
const given: Record<LearnedKind, { labels: Prisma.Sql; unsure: Prisma.Sql; isFiled: Prisma.Sql }> = {
  tags: {
    labels: Prisma.sql`ARRAY(SELECT x.tag_id FROM document_tags x WHERE x.document_id = d.id AND x.origin = 'hand' ORDER BY 1)`,
    unsure: Prisma.sql`ARRAY(SELECT x.tag_id FROM document_tags x WHERE x.document_id = d.id AND x.origin <> 'hand' ORDER BY 1)`,
    isFiled: Prisma.sql`EXISTS (SELECT 1 FROM document_tags x WHERE x.document_id = d.id AND x.origin = 'hand')`,
  },
  correspondents: {
    labels: Prisma.sql`CASE WHEN d.correspondent_origin = 'hand' THEN array_remove(ARRAY[d.correspondent_id], NULL) ELSE '{}' END`,
    unsure: Prisma.sql`CASE WHEN d.correspondent_origin <> 'hand' THEN array_remove(ARRAY[d.correspondent_id], NULL) ELSE '{}' END`,
    isFiled: Prisma.sql`(d.correspondent_id IS NOT NULL AND d.correspondent_origin = 'hand')`,
  },
};

/**
 * Learns tags and correspondents anew from what is filed by hand (contract §5), each where one of them is `auto`
 * and a document has changed since it was last learned. Two at once do no harm: the one that began later stays.
 * Throws when `signal` fires; nothing is half learned.
 */
export async function trainLabels({ db, signal }: { db: Database; signal: AbortSignal }): Promise<void> {
  for (const kind of ['tags', 'correspondents'] as const) {
    const began = await begin(db, kind);
    if (!began) continue;
    const lessons = readLessons(db, kind);
    const learned = await trainInThread({ lessons, exclusive: isExclusive(kind), signal });
    if (!learned) {
      await db.$executeRaw`DELETE FROM learned_models WHERE kind = ${kind} AND trained_at < ${began}`;
      continue;
    }
    const { model, labels, documents, accuracy, baseline } = learned;
    await db.$executeRaw`
      INSERT INTO learned_models (kind, model, labels, documents, accuracy, baseline, trained_at)
      VALUES (${kind}, ${Buffer.from(model)}, ${labels}::int[], ${documents}, ${accuracy}, ${baseline}, ${began})
      ON CONFLICT (kind) DO UPDATE SET model = excluded.model, labels = excluded.labels,
        documents = excluded.documents, accuracy = excluded.accuracy, baseline = excluded.baseline,
        trained_at = excluded.trained_at
      WHERE learned_models.trained_at < excluded.trained_at`;
  }
}

/** The database's time, or null where there is nothing new to be learned. Looks at every document, once a night. */
async function begin(db: Database, kind: LearnedKind): Promise<Date | null> {
  const labels = Prisma.raw(kind);
  const [row] = await db.$queryRaw<{ now: Date }[]>`
    SELECT date_trunc('milliseconds', clock_timestamp()) AS now
    WHERE EXISTS (SELECT 1 FROM ${labels} WHERE matching_algorithm = 'auto')
      AND NOT EXISTS (SELECT 1 FROM learned_models m WHERE m.kind = ${kind}
        AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.updated_at >= m.trained_at)
        AND NOT EXISTS (SELECT 1 FROM document_texts t WHERE t.created_at >= m.trained_at))`;
  return row?.now ?? null;
}

/** The documents to learn from, the newest first. */
async function* readLessons(db: Database, kind: LearnedKind): AsyncGenerator<Lesson[]> {
  const { labels, unsure, isFiled } = given[kind];
  for (const [which, most] of Object.entries(mostDocuments)) {
    const wanted = which === 'filed' ? isFiled : Prisma.sql`NOT ${isFiled}`;
    let before = 2 ** 31 - 1;
    for (let read = 0; read < most; ) {
      const rows = await db.$queryRaw<(Lesson & { id: number })[]>`
        SELECT d.id, d.title, coalesce(left(t.text, ${mostCharacters}::int), '') AS text,
          ${labels} AS labels, ${unsure} AS unsure
        FROM documents d LEFT JOIN document_texts t ON t.document_id = d.id
        WHERE d.trashed_at IS NULL AND d.id < ${before} AND ${wanted}
        ORDER BY d.id DESC LIMIT ${Math.min(batchSize, most - read)}`;
      const last = rows.at(-1);
      if (!last) break;
      yield rows;
      read += rows.length;
      before = last.id;
    }
  }
}
