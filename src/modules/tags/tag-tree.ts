import type { Transaction } from '../../database/client.ts';

/**
 * Held until the transaction ends by whoever gives tags or a correspondent to documents, and taken before the
 * rows of documents: meanwhile no tag or correspondent changes, moves or goes.
 */
export async function holdLabels(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtext('classeur.labels'))`;
}

/** Held until the transaction ends by whoever changes tags or correspondents: one at a time, on all servers. */
export async function lockLabels(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('classeur.labels'))`;
}

/** Tags and all that is above them: the id of each and of its parent. */
export type Lineage = Map<number, number | null>;

/** The lineage of some tags; one that is not in the database is not in it. */
export async function readLineage(tx: Transaction, tagIds: readonly number[]): Promise<Lineage> {
  if (tagIds.length === 0) return new Map();
  const rows = await tx.$queryRaw<{ id: number; parent_id: number | null }[]>`
    WITH RECURSIVE up AS (
      SELECT id, parent_id FROM tags WHERE id = ANY(${tagIds}::int[])
      UNION SELECT t.id, t.parent_id FROM tags t JOIN up ON t.id = up.parent_id)
    SELECT id, parent_id FROM up`;
  return new Map(rows.map((row) => [row.id, row.parent_id]));
}

/** The ids of what is above a tag, the nearest first. */
export function ancestorsOf(lineage: Lineage, tagId: number): number[] {
  const above: number[] = [];
  for (let id = lineage.get(tagId); id != null; id = lineage.get(id)) above.push(id);
  return above;
}

/** These tags and, since who has a child has its ancestors, what is above each; each once. */
export function withAncestors(lineage: Lineage, tagIds: Iterable<number>): number[] {
  return [...new Set([...tagIds].flatMap((id) => [id, ...ancestorsOf(lineage, id)]))];
}

/** A tag of a document. */
export interface HeldTag {
  id: number;
  /** whether it was given itself, or only came along with one below it */
  named: boolean;
}

/**
 * The tags of a document that had `before` and for which the list `wanted` came (contract §5). What is newly in
 * the list is given, with its ancestors. What is no longer in it is taken, with its descendants, unless a tag
 * that is newly given needs it.
 *
 * “Giving a child gives its ancestors” and “taking a parent takes its descendants” say two things of a document
 * with both for which the child alone is listed. Who lists just what was given leaves all as it is: the same list
 * twice ends in the same state, and an ancestor that only came along was never the caller's to leave out. Any other
 * list is read against what the document has: an ancestor that is missing is taken.
 */
export function settleTags({
  lineage,
  before,
  wanted,
}: {
  lineage: Lineage;
  before: readonly HeldTag[];
  wanted: readonly number[];
}): number[] {
  const had = new Set(before.map(({ id }) => id));
  const listed = new Set(wanted);
  const named = new Set(before.filter((tag) => tag.named).map(({ id }) => id));
  if (named.symmetricDifference(listed).size === 0) return [...had];
  const given = withAncestors(lineage, listed.difference(had));
  const taken = had.difference(listed).difference(new Set(given));
  const kept = [...listed.intersection(had)].filter(
    (id) => !ancestorsOf(lineage, id).some((ancestor) => taken.has(ancestor)),
  );
  return withAncestors(lineage, [...given, ...kept]);
}
