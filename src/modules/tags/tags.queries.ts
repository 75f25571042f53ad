import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { countsBy } from '../documents/counts.queries.ts';
import { type LearnedFigures, learnedColumn, presentFigures } from './rules/learned-figures.ts';
import { presentRule } from './rules/stored-rule.ts';
import type { TagAnswer } from './tags.schemas.ts';

interface TagRow {
  id: number;
  name: string;
  color: string;
  match: string;
  matching_algorithm: string;
  is_insensitive: boolean;
  parent_id: number | null;
  document_count: number;
  learned: LearnedFigures | null;
  created_at: Date;
  updated_at: Date;
}

/** All tags as one user sees them, or the one that is named, by name. */
export async function findTags(
  client: Database | Transaction,
  { user, id }: { user: SessionUser; id?: number },
): Promise<TagAnswer[]> {
  const rows = await client.$queryRaw<TagRow[]>`
    SELECT t.id, t.name, t.color, t.match, t.matching_algorithm, t.is_insensitive, t.parent_id,
      coalesce(n.count, 0) AS document_count, ${learnedColumn('tags', Prisma.sql`t`)} AS learned,
      t.created_at, t.updated_at
    FROM tags t LEFT JOIN ${countsBy(user, { dimension: 'tag', id })} n ON n.key = t.id
    WHERE ${id === undefined ? Prisma.sql`TRUE` : Prisma.sql`t.id = ${id}`}
    ORDER BY t.name COLLATE "und-x-icu", t.id`;
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    color: row.color,
    ...presentRule(row),
    parent_id: row.parent_id,
    document_count: row.document_count,
    learned: row.learned && presentFigures(row.learned),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }));
}

/** A tag and all that is below it: ids and levels, its own being 1. */
export function findSubtree(tx: Transaction, id: number): Promise<{ id: number; level: number }[]> {
  return tx.$queryRaw`
    WITH RECURSIVE down AS (
      SELECT ${id}::int AS id, 1 AS level
      UNION ALL SELECT t.id, down.level + 1 FROM tags t JOIN down ON t.parent_id = down.id)
    SELECT id, level FROM down`;
}

/** Whether a tag below the same one has this name, in any case. */
export async function isNameTaken(
  tx: Transaction,
  { name, parentId, id }: { name: string; parentId: number | null; id?: number },
): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM tags WHERE coalesce(parent_id, 0) = ${parentId ?? 0} AND lower(name) = lower(${name})
      AND id <> ${id ?? 0}`;
  return rows.length > 0;
}

/** Locks, in the order of their ids, the documents that have a tag: the trash too. */
export async function lockTagged(tx: Transaction, tagId: number): Promise<void> {
  await tx.$queryRaw`
    SELECT count(*)::int FROM (
      SELECT 1 FROM documents d
      WHERE d.id IN (SELECT document_id FROM document_tags WHERE tag_id = ${tagId})
      ORDER BY d.id FOR UPDATE OF d) AS locked`;
}

/**
 * Gives tags, one and those above it in the order of their levels, to documents, locked by the caller, that lack
 * them; which documents that changed.
 */
export async function giveTags(
  tx: Transaction,
  {
    documentIds,
    tagIds,
    origin,
    now,
  }: { documentIds: number[]; tagIds: number[]; origin: 'rule' | 'auto'; now: Date },
): Promise<number[]> {
  if (documentIds.length === 0 || tagIds.length === 0) return [];
  const rows = await tx.$queryRaw<{ id: number }[]>`
    WITH given AS (
      INSERT INTO document_tags (document_id, tag_id, origin, named)
      SELECT d.id, t.id, ${origin}, t.id = ${tagIds[0] ?? 0}
      FROM unnest(${documentIds}::int[]) AS d (id) CROSS JOIN unnest(${tagIds}::int[]) AS t (id)
      ON CONFLICT DO NOTHING RETURNING document_id)
    UPDATE documents SET revision = revision + 1, updated_at = ${now}
    WHERE id IN (SELECT document_id FROM given) RETURNING id`;
  return rows.map((row) => row.id);
}

/**
 * Gives some tags to every document, locked by the caller, that has another, as that was given. Who has one below it
 * has it too.
 */
export async function giveToTagged(
  tx: Transaction,
  { having, tagIds, now }: { having: number; tagIds: number[]; now: Date },
): Promise<void> {
  await tx.$executeRaw`
    WITH given AS (
      INSERT INTO document_tags (document_id, tag_id, origin, named)
      SELECT x.document_id, t.id, x.origin, FALSE
      FROM document_tags x CROSS JOIN unnest(${tagIds}::int[]) AS t (id)
      WHERE x.tag_id = ${having}
      ON CONFLICT DO NOTHING RETURNING document_id)
    UPDATE documents SET revision = revision + 1, updated_at = ${now}
    WHERE id IN (SELECT document_id FROM given)`;
}

/** Raises the revision of every document, locked by the caller, that is about to lose a tag. */
export async function touchTagged(tx: Transaction, { tagId, now }: { tagId: number; now: Date }) {
  await tx.$executeRaw`
    UPDATE documents SET revision = revision + 1, updated_at = ${now}
    WHERE id IN (SELECT document_id FROM document_tags WHERE tag_id = ${tagId})`;
}
