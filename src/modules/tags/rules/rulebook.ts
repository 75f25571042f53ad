import type { Transaction } from '../../../database/client.ts';
import { type CompiledRule, compileRule } from '../../matching/rule.ts';
import { createLearnedModels, type LearnedRules } from './learned-rules.ts';
import { canMatch, type RuleColumns, ruleOf } from './stored-rule.ts';
import type { LearnedKind } from './train-labels.ts';

interface Entry {
  id: number;
  rule: CompiledRule;
}

/** Every rule that can match, compiled; each list in the order of ids. */
export interface Rules {
  tags: Entry[];
  correspondents: Entry[];
  /** what was learned of those that are `auto` */
  learned: LearnedRules[];
}

/** The rules of one revision. */
interface Known extends Omit<Rules, 'learned'> {
  revision: number | null;
  auto: { [K in LearnedKind]: ReadonlySet<number> };
}

interface StoredRule extends RuleColumns {
  id: number;
}

export type Rulebook = ReturnType<typeof createRulebook>;

/**
 * The rules of all tags and correspondents, compiled once in this process and again when another server or this
 * one has changed a rule. Compiling 1,000 costs more than running them.
 */
export function createRulebook() {
  const none: ReadonlySet<number> = new Set();
  let known: Known = {
    revision: null,
    tags: [],
    correspondents: [],
    auto: { tags: none, correspondents: none },
  };
  const modelOf = createLearnedModels();
  let compiled = new Map<string, CompiledRule>();

  async function load(tx: Transaction): Promise<Known> {
    // One statement: the revision and the rules are of one moment.
    const [row] = await tx.$queryRaw<
      { revision: number; tags: StoredRule[]; correspondents: StoredRule[] }[]
    >`
      SELECT s.revision,
        (SELECT coalesce(json_agg(json_build_object('id', id, 'match', match,
          'matchingAlgorithm', matching_algorithm, 'isInsensitive', is_insensitive) ORDER BY id), '[]')
         FROM tags WHERE matching_algorithm = 'auto' OR matching_algorithm <> 'none' AND match <> '') AS tags,
        (SELECT coalesce(json_agg(json_build_object('id', id, 'match', match,
          'matchingAlgorithm', matching_algorithm, 'isInsensitive', is_insensitive) ORDER BY id), '[]')
         FROM correspondents
         WHERE matching_algorithm = 'auto' OR matching_algorithm <> 'none' AND match <> '') AS correspondents
      FROM matching_state s`;
    const next = new Map<string, CompiledRule>();
    const compile = (stored: StoredRule[]): Entry[] =>
      stored.flatMap(({ id, ...columns }) => {
        const rule = ruleOf(columns);
        if (!canMatch(rule)) return [];
        const key = JSON.stringify(rule);
        const entry = next.get(key) ?? compiled.get(key) ?? compileRule(rule);
        next.set(key, entry);
        return [{ id, rule: entry }];
      });
    const autoOf = (stored: StoredRule[]) =>
      new Set(stored.filter((rule) => rule.matchingAlgorithm === 'auto').map(({ id }) => id));
    const { revision = null, tags = [], correspondents = [] } = row ?? {};
    const rules = {
      revision,
      tags: compile(tags),
      correspondents: compile(correspondents),
      auto: { tags: autoOf(tags), correspondents: autoOf(correspondents) },
    };
    compiled = next;
    return rules;
  }

  return {
    /**
     * The rules as `tx` sees them. Not for a transaction that has changed a rule: were it rolled back, its
     * rules would stay known under a revision that another one gets.
     */
    async current(tx: Transaction): Promise<Rules> {
      const [row] = await tx.$queryRaw<{ revision: number; trained: { kind: LearnedKind; at: string }[] }[]>`
        SELECT revision, (SELECT coalesce(json_agg(json_build_object('kind', kind, 'at', trained_at)), '[]')
          FROM learned_models) AS trained
        FROM matching_state`;
      if (!row || row.revision !== known.revision) known = await load(tx);
      const { tags, correspondents, auto } = known;
      const learned: LearnedRules[] = [];
      for (const { kind, at } of row?.trained ?? []) {
        const model = auto[kind].size > 0 ? await modelOf(tx, { kind, trainedAt: new Date(at) }) : null;
        if (model) learned.push({ kind, model, ids: auto[kind] });
      }
      return { tags, correspondents, learned };
    },
  };
}
