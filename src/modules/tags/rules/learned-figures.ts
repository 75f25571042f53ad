import { Prisma } from '../../../database/generated/client.ts';
import type { LearnedKind } from './train-labels.ts';

/** How good what `auto` has learned is: of all documents together, so it tells of none. */
export interface LearnedFigures {
  documents: number;
  accuracy: number;
  baseline: number;
  trained_at: string;
}

/** In SQL, the figures of a tag or correspondent `row` that is `auto` and is known by what was learned; else null. */
export function learnedColumn(kind: LearnedKind, row: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`CASE WHEN ${row}.matching_algorithm = 'auto' THEN (
    SELECT json_build_object('documents', m.documents, 'accuracy', m.accuracy, 'baseline', m.baseline,
      'trained_at', m.trained_at)
    FROM learned_models m WHERE m.kind = ${kind} AND ${row}.id = ANY(m.labels)) END`;
}

const rounded = (share: number) => Math.round(share * 1000) / 1000;

export function presentFigures({
  documents,
  accuracy,
  baseline,
  trained_at,
}: LearnedFigures): LearnedFigures {
  return {
    documents,
    accuracy: rounded(accuracy),
    baseline: rounded(baseline),
    trained_at: new Date(trained_at).toISOString(),
  };
}
