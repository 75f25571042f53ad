import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Transaction } from '../../../database/client.ts';
import { type PreparedText, prepareText } from '../../matching/prepared-text.ts';
import { readLineage, withAncestors } from '../tag-tree.ts';
import { learnedLabels, wordsOf } from './learned-rules.ts';
import { matchedText } from './matched-text.ts';
import type { Rulebook } from './rulebook.ts';
import type { LearnedKind } from './train-labels.ts';

/** ms of matching after which other requests get their turn */
const turn = 15;

/**
 * Runs every rule over one document, new or with another file or text (contract §5): the tags that match, and those
 * that `auto` is sure of, are given with their ancestors; a correspondent only where there is none, the first that
 * matches, else the one that `auto` is sure of. Takes nothing away. Whether that changed the document, whose
 * revision is left to the caller, as is `holdLabels` before the document's row.
 */
export async function runRules(
  tx: Transaction,
  { rulebook, documentId }: { rulebook: Rulebook; documentId: number },
): Promise<boolean> {
  const rules = await rulebook.current(tx);
  if (rules.tags.length === 0 && rules.correspondents.length === 0 && rules.learned.length === 0)
    return false;
  const [row] = await tx.$queryRaw<{ title: string; text: string; correspondent_id: number | null }[]>`
    SELECT d.title, ${matchedText} AS text, d.correspondent_id FROM documents d WHERE d.id = ${documentId}`;
  if (!row) return false;
  const text = prepareText(row.text);
  const learned = (wanted: LearnedKind) =>
    rules.learned
      .filter(({ kind }) => kind === wanted)
      .flatMap((one) => learnedLabels(one, wordsOf(row)).map(({ id }) => id));

  const matched = await matching(rules.tags, text);
  const byRule = await giveTags(tx, { documentId, tagIds: matched, origin: 'rule' });
  const byAuto = await giveTags(tx, { documentId, tagIds: learned('tags'), origin: 'auto' });
  const isChanged = byRule + byAuto > 0;
  if (row.correspondent_id !== null) return isChanged;
  const [found] = await matching(rules.correspondents, text, { most: 1 });
  const given = found ?? learned('correspondents')[0];
  if (given === undefined) return isChanged;
  await tx.$executeRaw`
    UPDATE documents SET correspondent_id = ${given}, correspondent_origin = ${found === undefined ? 'auto' : 'rule'}
    WHERE id = ${documentId}`;
  return true;
}

/** The first `most` rules that match, in order. */
async function matching(
  rules: { id: number; rule: { matches(text: PreparedText): boolean } }[],
  text: PreparedText,
  { most = rules.length } = {},
): Promise<number[]> {
  const found: number[] = [];
  let began = performance.now();
  for (const { id, rule } of rules) {
    if (found.length === most) break;
    if (rule.matches(text)) found.push(id);
    if (performance.now() - began < turn) continue;
    await nextTurn();
    began = performance.now();
  }
  return found;
}

/** Gives a document tags and what is above them; how many of these it did not have. */
async function giveTags(
  tx: Transaction,
  { documentId, tagIds, origin }: { documentId: number; tagIds: number[]; origin: 'rule' | 'auto' },
): Promise<number> {
  if (tagIds.length === 0) return 0;
  const all = withAncestors(await readLineage(tx, tagIds), tagIds);
  return tx.$executeRaw`
    INSERT INTO document_tags (document_id, tag_id, origin, named)
    SELECT ${documentId}, t.id, ${origin}, t.id = ANY(${tagIds}::int[]) FROM unnest(${all}::int[]) AS t (id)
    ON CONFLICT DO NOTHING`;
}
