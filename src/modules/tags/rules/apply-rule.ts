import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database, Transaction } from '../../../database/client.ts';
import type { Prisma } from '../../../database/generated/client.ts';
import { stopping } from '../../../http/http.errors.ts';
import type { SessionUser } from '../../../http/request.ts';
import { transact } from '../../documents/transact.ts';
import { changeableBy, visibleTo } from '../../documents/visibility.ts';
import { holdLabels } from '../tag-tree.ts';
import { createJudge, type Judge, type Verdict } from './judge.ts';
import { matchedText } from './matched-text.ts';
import type { Rulebook } from './rulebook.ts';
import type { RuleColumns } from './stored-rule.ts';
import type { LearnedKind } from './train-labels.ts';

export interface Applied {
  /** documents that match */
  total: number;
  /** how many of them were changed or, in a dry run, would be */
  changed: number;
  /** the first that match, by id */
  documents: {
    id: number;
    title: string;
    excerpts: string[];
    /** how sure `auto` is, 0 to 1 */
    confidence: number | null;
    changed: boolean;
  }[];
}

/** few enough that their texts fit into memory, whatever is in them */
const batchSize = 100;
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
 * kill leaves whole batches done, and the same request does the rest. What they may only read stays as it is.
 * `open` says in SQL which documents `d` can take what the rule gives; `give` gives it to documents that are locked
 * and match, raises their revision and answers which it changed. Throws 503 when the server stops.
 */
export async function applyRule({
  db,
  signal,
  user,
  kind,
  rule,
  rulebook,
  dryRun,
  open,
  give,
}: {
  db: Database;
  signal: AbortSignal;
  user: SessionUser;
  kind: LearnedKind;
  rule: RuleColumns & { id: number };
  rulebook: Rulebook;
  dryRun: boolean;
  open: Prisma.Sql;
  give: (tx: Transaction, documentIds: number[]) => Promise<number[]>;
}): Promise<Applied> {
  const applied: Applied = { total: 0, changed: 0, documents: [] };
  const judge = createJudge({ kind, rule, rules: await rulebook.current(db) });
  if (!judge) return applied;

  /** Whoever changed one of them meanwhile is heard: it is looked at again once it is locked. */
  const change = async (documents: Scanned[]): Promise<Set<number>> => {
    if (dryRun || documents.length === 0) return new Set(documents.map(({ id }) => id));
    const read = new Map(documents.map(({ id, text }) => [id, text]));
    const ids = [...read.keys()];
    return transact(db, async (tx) => {
      await holdLabels(tx);
      const locked = await tx.$queryRaw<{ id: number; title: string; text: string }[]>`
        SELECT d.id, d.title, ${matchedText} AS text FROM documents d
        WHERE d.id = ANY(${ids}::int[]) AND ${changeableBy(user)} AND d.trashed_at IS NULL
        ORDER BY d.id FOR UPDATE OF d`;
      const still = locked.filter(
        ({ id, title, text }) => text === read.get(id) || judge({ title, text }) !== null,
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
      SELECT d.id, d.title, ${matchedText} AS text, ${open} AND ${changeableBy(user)} AS open
      FROM documents d
      WHERE ${visibleTo(user)} AND d.trashed_at IS NULL AND d.id > ${after} ORDER BY d.id LIMIT ${batchSize}`;
    const matches = await matchingOf(judge, batch);
    const changed = await change(matches.filter((document) => document.open));
    applied.total += matches.length;
    applied.changed += changed.size;
    for (const { id, title, verdict } of matches.slice(0, shownDocuments - applied.documents.length)) {
      const { confidence } = verdict;
      const excerpts = verdict.excerpts(shownExcerpts);
      applied.documents.push({ id, title, excerpts, confidence, changed: changed.has(id) });
    }
    const last = batch.at(-1);
    if (!last || batch.length < batchSize) return applied;
    after = last.id;
  }
}

async function matchingOf(judge: Judge, documents: Scanned[]): Promise<(Scanned & { verdict: Verdict })[]> {
  const matches: (Scanned & { verdict: Verdict })[] = [];
  let began = performance.now();
  for (const document of documents) {
    const verdict = judge(document);
    if (verdict) matches.push({ ...document, verdict });
    if (performance.now() - began < turn) continue;
    await nextTurn();
    began = performance.now();
  }
  return matches;
}
