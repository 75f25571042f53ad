import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database, Transaction } from '../../../database/client.ts';
import type { Prisma } from '../../../database/generated/client.ts';
import { stopping } from '../../../http/http.errors.ts';
import type { SessionUser } from '../../../http/request.ts';
import { transact } from '../../documents/transact.ts';
import { visibleTo } from '../../documents/visibility.ts';
import { excerptsOf } from '../../matching/excerpts.ts';
import { prepareText } from '../../matching/prepared-text.ts';
import { type CompiledRule, compileRule } from '../../matching/rule.ts';
import { holdLabels } from '../tag-tree.ts';
import { matchedText } from './matched-text.ts';
import { canMatch, type RuleColumns, ruleOf } from './stored-rule.ts';

export interface Applied {
  /** documents that match */
  total: number;
  /** how many of them were changed or, in a dry run, would be */
  changed: number;
  /** the first that match, by id */
  documents: { id: number; title: string; excerpts: string[]; changed: boolean }[];
}

const batchSize = 500;
const shownDocuments = 100;
const shownExcerpts = 3;
/** ms of matching after which other requests get their turn */
const turn = 15;

interface Scanned {
  id: number;
  title: string;
  text: string;
  open: boolean;
}

/**
 * Runs one rule over all documents that a user may see, but for the trash (contract §5), a batch at a time: a
 * kill leaves whole batches done, and the same request does the rest. `open` says in SQL which documents `d` can
 * take what the rule gives; `give` gives it to documents that are locked and match, raises their revision and
 * answers which it changed. Throws 503 when the server stops.
 */
export async function applyRule({
  db,
  signal,
  user,
  rule: columns,
  dryRun,
  open,
  give,
}: {
  db: Database;
  signal: AbortSignal;
  user: SessionUser;
  rule: RuleColumns;
  dryRun: boolean;
  open: Prisma.Sql;
  give: (tx: Transaction, documentIds: number[]) => Promise<number[]>;
}): Promise<Applied> {
  const applied: Applied = { total: 0, changed: 0, documents: [] };
  const rule = ruleOf(columns);
  if (!canMatch(rule)) return applied;
  const compiled = compileRule(rule);

  /** Whoever changed one of them meanwhile is heard: it is looked at again once it is locked. */
  const change = async (documents: Scanned[]): Promise<Set<number>> => {
    if (dryRun || documents.length === 0) return new Set(documents.map(({ id }) => id));
    const read = new Map(documents.map(({ id, text }) => [id, text]));
    const ids = [...read.keys()];
    return transact(db, async (tx) => {
      await holdLabels(tx);
      const locked = await tx.$queryRaw<{ id: number; text: string }[]>`
        SELECT d.id, ${matchedText} AS text FROM documents d
        WHERE d.id = ANY(${ids}::int[]) AND ${visibleTo(user)} AND d.trashed_at IS NULL
        ORDER BY d.id FOR UPDATE OF d`;
      const still = locked.filter(
        ({ id, text }) => text === read.get(id) || compiled.matches(prepareText(text)),
      );
      return new Set(
        await give(
          tx,
          still.map(({ id }) => id),
        ),
      );
    });
  };

  for (let after = 0; ; ) {
    if (signal.aborted) throw stopping();
    const batch = await db.$queryRaw<Scanned[]>`
      SELECT d.id, d.title, ${matchedText} AS text, ${open} AS open FROM documents d
      WHERE ${visibleTo(user)} AND d.trashed_at IS NULL AND d.id > ${after} ORDER BY d.id LIMIT ${batchSize}`;
    const matches = await matchingOf(compiled, batch);
    const changed = await change(matches.filter((document) => document.open));
    applied.total += matches.length;
    applied.changed += changed.size;
    for (const { id, title, text } of matches.slice(0, shownDocuments - applied.documents.length)) {
      const prepared = prepareText(text);
      const excerpts = excerptsOf(prepared, compiled.find(prepared, shownExcerpts), shownExcerpts);
      applied.documents.push({ id, title, excerpts, changed: changed.has(id) });
    }
    const last = batch.at(-1);
    if (!last || batch.length < batchSize) return applied;
    after = last.id;
  }
}

async function matchingOf(rule: CompiledRule, documents: Scanned[]): Promise<Scanned[]> {
  const matches: Scanned[] = [];
  let began = performance.now();
  for (const document of documents) {
    if (rule.matches(prepareText(document.text))) matches.push(document);
    if (performance.now() - began < turn) continue;
    await nextTurn();
    began = performance.now();
  }
  return matches;
}
