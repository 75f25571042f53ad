import type { Transaction } from '../../../database/client.ts';
import { type CompiledRule, compileRule } from '../../matching/rule.ts';
import { canMatch, type RuleColumns, ruleOf } from './stored-rule.ts';

interface Entry {
  id: number;
  rule: CompiledRule;
}

/** Every rule that can match, compiled; each list in the order of ids. */
export interface Rules {
  revision: number | null;
  tags: Entry[];
  correspondents: Entry[];
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
  let known: Rules = { revision: null, tags: [], correspondents: [] };
  let compiled = new Map<string, CompiledRule>();

  async function load(tx: Transaction): Promise<Rules> {
    // One statement: the revision and the rules are of one moment.
    const [row] = await tx.$queryRaw<
      { revision: number; tags: StoredRule[]; correspondents: StoredRule[] }[]
    >`
      SELECT s.revision,
        (SELECT coalesce(json_agg(json_build_object('id', id, 'match', match,
          'matchingAlgorithm', matching_algorithm, 'isInsensitive', is_insensitive) ORDER BY id), '[]')
         FROM tags WHERE matching_algorithm NOT IN ('none', 'auto') AND match <> '') AS tags,
        (SELECT coalesce(json_agg(json_build_object('id', id, 'match', match,
          'matchingAlgorithm', matching_algorithm, 'isInsensitive', is_insensitive) ORDER BY id), '[]')
         FROM correspondents WHERE matching_algorithm NOT IN ('none', 'auto') AND match <> '') AS correspondents
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
    const rules = {
      revision: row?.revision ?? null,
      tags: compile(row?.tags ?? []),
      correspondents: compile(row?.correspondents ?? []),
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
      const [row] = await tx.$queryRaw<{ revision: number }[]>`SELECT revision FROM matching_state`;
      if (!row || row.revision !== known.revision) known = await load(tx);
      return known;
    },
  };
}
