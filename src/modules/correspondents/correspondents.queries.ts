import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { countsBy } from '../documents/counts.queries.ts';
import { type LearnedFigures, learnedColumn, presentFigures } from '../tags/rules/learned-figures.ts';
import { presentRule } from '../tags/rules/stored-rule.ts';
import type { CorrespondentAnswer } from './correspondents.schemas.ts';

interface CorrespondentRow {
  id: number;
  name: string;
  match: string;
  matching_algorithm: string;
  is_insensitive: boolean;
  document_count: number;
  learned: LearnedFigures | null;
  created_at: Date;
  updated_at: Date;
}

/** All correspondents as one user sees them, or the one that is named, by name. */
export async function findCorrespondents(
  client: Database | Transaction,
  { user, id }: { user: SessionUser; id?: number },
): Promise<CorrespondentAnswer[]> {
  const rows = await client.$queryRaw<CorrespondentRow[]>`
    SELECT c.id, c.name, c.match, c.matching_algorithm, c.is_insensitive,
      coalesce(n.count, 0) AS document_count, ${learnedColumn('correspondents', Prisma.sql`c`)} AS learned,
      c.created_at, c.updated_at
    FROM correspondents c LEFT JOIN ${countsBy(user, { dimension: 'correspondent', id })} n ON n.key = c.id
    WHERE ${id === undefined ? Prisma.sql`TRUE` : Prisma.sql`c.id = ${id}`}
    ORDER BY c.name COLLATE "und-x-icu", c.id`;
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    ...presentRule(row),
    document_count: row.document_count,
    learned: row.learned && presentFigures(row.learned),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }));
}

/** Whether another correspondent has this name, in any case. */
export async function isNameTaken(
  tx: Transaction,
  { name, id }: { name: string; id?: number },
): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM correspondents WHERE lower(name) = lower(${name}) AND id <> ${id ?? 0}`;
  return rows.length > 0;
}

/** Takes a correspondent from its documents, in the trash too. */
export async function leaveDocuments(tx: Transaction, { id, now }: { id: number; now: Date }): Promise<void> {
  await tx.$queryRaw`
    SELECT count(*)::int FROM (
      SELECT 1 FROM documents d WHERE d.correspondent_id = ${id} ORDER BY d.id FOR UPDATE OF d) AS locked`;
  await tx.$executeRaw`
    UPDATE documents SET correspondent_id = NULL, revision = revision + 1, updated_at = ${now}
    WHERE correspondent_id = ${id}`;
}

/** Gives documents, locked by the caller, a correspondent where they have none; which ones that changed. */
export async function giveCorrespondent(
  tx: Transaction,
  { documentIds, id, origin, now }: { documentIds: number[]; id: number; origin: 'rule' | 'auto'; now: Date },
): Promise<number[]> {
  const rows = await tx.$queryRaw<{ id: number }[]>`
    UPDATE documents SET correspondent_id = ${id}, correspondent_origin = ${origin}, revision = revision + 1, updated_at = ${now}
    WHERE id = ANY(${documentIds}::int[]) AND correspondent_id IS NULL RETURNING id`;
  return rows.map((row) => row.id);
}
