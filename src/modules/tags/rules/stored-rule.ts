import { invalidRequest } from '../../../http/http.errors.ts';
import {
  findRuleProblem,
  type MatchingAlgorithm,
  matchingAlgorithms,
  type Rule,
} from '../../matching/rule.ts';

/** The rule of a tag or a correspondent, as its row has it. */
export interface RuleColumns {
  match: string;
  matchingAlgorithm: string;
  isInsensitive: boolean;
}

/** What a request says of a rule. */
export interface RuleFields {
  match?: string | null | undefined;
  matching_algorithm?: MatchingAlgorithm | null | undefined;
  is_insensitive?: boolean | null | undefined;
}

const noRule: RuleColumns = { match: '', matchingAlgorithm: 'none', isInsensitive: true };

export function ruleOf({ match, matchingAlgorithm, isInsensitive }: RuleColumns): Rule {
  const algorithm = matchingAlgorithms.find((name) => name === matchingAlgorithm) ?? 'none';
  return { algorithm, match, isInsensitive };
}

/** Whether a rule can match anything by itself: a blank one never does, and `auto` is learned elsewhere. */
export function canMatch({ algorithm, match }: Rule): boolean {
  return algorithm !== 'none' && algorithm !== 'auto' && match.trim() !== '';
}

/** What a rule gives is noted as: only what was given by hand is learned from. */
export function originOf({ matchingAlgorithm }: RuleColumns): 'rule' | 'auto' {
  return matchingAlgorithm === 'auto' ? 'auto' : 'rule';
}

export function becomesAuto(rule: RuleColumns, before: RuleColumns): boolean {
  return rule.matchingAlgorithm === 'auto' && before.matchingAlgorithm !== 'auto';
}

/**
 * A rule after a request; what that does not say stays as it is. Throws a 400 on `match` where it would become
 * one that cannot run.
 */
export function settleRule(fields: RuleFields, current: RuleColumns = noRule): RuleColumns {
  const settled = {
    match: fields.match ?? current.match,
    matchingAlgorithm: fields.matching_algorithm ?? current.matchingAlgorithm,
    isInsensitive: fields.is_insensitive ?? current.isInsensitive,
  };
  const stays =
    settled.match === current.match &&
    settled.matchingAlgorithm === current.matchingAlgorithm &&
    settled.isInsensitive === current.isInsensitive;
  const problem = stays ? null : findRuleProblem(ruleOf(settled));
  if (problem) throw invalidRequest({ fields: { match: [problem] } });
  return settled;
}

/** A rule as answers show it. */
export function presentRule(row: { match: string; matching_algorithm: string; is_insensitive: boolean }) {
  const { algorithm, match, isInsensitive } = ruleOf({
    match: row.match,
    matchingAlgorithm: row.matching_algorithm,
    isInsensitive: row.is_insensitive,
  });
  return { match, matching_algorithm: algorithm, is_insensitive: isInsensitive };
}
