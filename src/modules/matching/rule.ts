import type { Text } from '../../errors.ts';
import { compileFuzzy } from './fuzzy.ts';
import { toNfc } from './nfc.ts';
import type { PreparedText, Span } from './prepared-text.ts';
import { compileRegex, parseRegex } from './regex.ts';
import { compileTerm, parseTerms, type Term } from './terms.ts';
import { trimWhite } from './word-index.ts';

/** How a tag or a correspondent finds its documents (contract §5). */
export const matchingAlgorithms = ['none', 'any', 'all', 'exact', 'regex', 'fuzzy', 'auto'] as const;

export type MatchingAlgorithm = (typeof matchingAlgorithms)[number];

export interface Rule {
  algorithm: MatchingAlgorithm;
  /** at most 256 characters; `none` and `auto` ignore it */
  match: string;
  isInsensitive: boolean;
}

export interface CompiledRule {
  /**
   * The first places where it matches, in order and none within another: at most `limit`, else 100. Whether it
   * matches is for `matches` to say: where a regular expression is slow, the places may not all be found.
   */
  find(text: PreparedText, limit?: number): Span[];
  /** In under 100 ms for texts of up to 200,000 characters. */
  matches(text: PreparedText): boolean;
}

const mostCharacters = 256;

/** What is wrong with the field `match`, for a 400 when the rule is saved; null if nothing is. */
export function findRuleProblem({ algorithm, match, isInsensitive }: Rule): Text | null {
  if (Array.from(match).length > mostCharacters) {
    return {
      fr: 'Au plus 256 caractères sont permis.',
      en: 'At most 256 characters are allowed.',
    };
  }
  if (algorithm !== 'regex') return null;
  try {
    parseRegex(toNfc(match), isInsensitive);
    return null;
  } catch {
    return {
      fr: 'Cette expression régulière ne se lit pas (syntaxe RE2 : ni renvois comme \\1, ni assertions comme (?=…)).',
      en: 'This regular expression cannot be read (RE2 syntax: no back references such as \\1, no (?=…)).',
    };
  }
}

/** Never throws for a stored rule: one that no longer compiles matches nothing. */
export function compileRule({ algorithm, match, isInsensitive }: Rule): CompiledRule {
  const pattern = toNfc(match);
  const isUsable = trimWhite(pattern) !== '' && Array.from(match).length <= mostCharacters;
  const { find, matches } = isUsable ? compilePattern(algorithm, pattern, isInsensitive) : nothing;
  return { find: (text, limit = 100) => find(text, limit), matches };
}

const nothing: Term = { find: () => [], matches: () => false };

function compilePattern(algorithm: MatchingAlgorithm, pattern: string, isInsensitive: boolean): Term {
  switch (algorithm) {
    case 'any':
    case 'all':
      return compileTerms(parseTerms(pattern), algorithm, isInsensitive);
    case 'exact':
      return compileTerm(trimWhite(pattern), isInsensitive);
    case 'regex':
      return compileRegex(pattern, isInsensitive);
    case 'fuzzy':
      return compileFuzzy(pattern, isInsensitive);
    case 'none':
    case 'auto':
      return nothing;
  }
}

function compileTerms(patterns: string[], algorithm: 'any' | 'all', isInsensitive: boolean): Term {
  const terms = [...new Set(patterns)].map((term) => compileTerm(term, isInsensitive));
  if (terms.length === 0) return nothing;
  const matches = (text: PreparedText) =>
    algorithm === 'any'
      ? terms.some((term) => term.matches(text))
      : terms.every((term) => term.matches(text));
  return {
    matches,
    find: (text, limit) =>
      matches(text) ? withoutOverlaps(terms.flatMap((term) => term.find(text, limit))).slice(0, limit) : [],
  };
}

/** In order of their places; of those that overlap the first, and of those that begin together the longest. */
function withoutOverlaps(spans: Span[]): Span[] {
  const kept: Span[] = [];
  for (const span of spans.sort((one, other) => one.start - other.start || other.end - one.end)) {
    if (span.start >= (kept.at(-1)?.end ?? 0)) kept.push(span);
  }
  return kept;
}
