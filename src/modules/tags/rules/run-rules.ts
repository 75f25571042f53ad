import type { Transaction } from '../../../database/client.ts';
import { type PreparedText, prepareText } from '../../matching/prepared-text.ts';
import { readLineage, withAncestors } from '../tag-tree.ts';
import { matchedText } from './matched-text.ts';
import type { Rulebook } from './rulebook.ts';

/**
 * Runs every rule over one document, new or with another file (contract §5): the tags that match are given, with
 * their ancestors; a correspondent only where there is none, the first that matches. Takes nothing away. Whether
 * that changed the document, whose revision is left to the caller, as is `holdLabels` before the document's row.
 */
export async function runRules(
  tx: Transaction,
  { rulebook, documentId }: { rulebook: Rulebook; documentId: number },
): Promise<boolean> {
  const rules = await rulebook.current(tx);
  if (rules.tags.length === 0 && rules.correspondents.length === 0) return false;
  const [row] = await tx.$queryRaw<{ text: string; correspondent_id: number | null }[]>`
    SELECT ${matchedText} AS text, d.correspondent_id FROM documents d WHERE d.id = ${documentId}`;
  if (!row) return false;
  const text = prepareText(row.text);
  const given = await giveTags(tx, { documentId, tagIds: matching(rules.tags, text) });
  if (row.correspondent_id !== null) return given > 0;
  const found = rules.correspondents.find(({ rule }) => rule.matches(text));
  if (!found) return given > 0;
  await tx.$executeRaw`UPDATE documents SET correspondent_id = ${found.id} WHERE id = ${documentId}`;
  return true;
}

function matching(
  rules: { id: number; rule: { matches(text: PreparedText): boolean } }[],
  text: PreparedText,
) {
  return rules.filter(({ rule }) => rule.matches(text)).map(({ id }) => id);
}

/** Gives a document tags and what is above them; how many of these it did not have. */
async function giveTags(
  tx: Transaction,
  { documentId, tagIds }: { documentId: number; tagIds: number[] },
): Promise<number> {
  if (tagIds.length === 0) return 0;
  const all = withAncestors(await readLineage(tx, tagIds), tagIds);
  return tx.$executeRaw`
    INSERT INTO document_tags (document_id, tag_id) SELECT ${documentId}, unnest(${all}::int[])
    ON CONFLICT DO NOTHING`;
}
