import { excerptsOf } from '../../matching/excerpts.ts';
import { explain } from '../../matching/learning/predict.ts';
import { toNfc } from '../../matching/nfc.ts';
import { prepareText } from '../../matching/prepared-text.ts';
import { compileRule } from '../../matching/rule.ts';
import { type LearnedRules, learnedLabels, wordsOf } from './learned-rules.ts';
import type { Rules } from './rulebook.ts';
import { canMatch, type RuleColumns, ruleOf } from './stored-rule.ts';
import type { LearnedKind } from './train-labels.ts';

/** A document that a rule matches. */
export interface Verdict {
  /** how sure `auto` is, 0 to 1; null: the rule is of another kind */
  confidence: number | null;
  /** at most `n` pieces of the document: where it matches, or the words that speak for it most */
  excerpts: (n: number) => string[];
}

/** Null where the rule does not match. `text` is `matchedText`. */
export type Judge = (document: { title: string; text: string }) => Verdict | null;

/** What a single rule says of documents; null where it can match none. */
export function createJudge({
  kind,
  rule: columns,
  rules,
}: {
  kind: LearnedKind;
  rule: RuleColumns & { id: number };
  rules: Rules;
}): Judge | null {
  const rule = ruleOf(columns);
  if (rule.algorithm === 'auto') {
    const learned = rules.learned.find((one) => one.kind === kind);
    return learned ? judgeLearned(learned, columns.id) : null;
  }
  if (!canMatch(rule)) return null;
  const compiled = compileRule(rule);
  return ({ text }) => {
    if (!compiled.matches(prepareText(text))) return null;
    return {
      confidence: null,
      // got ready once more for the few that are shown, rather than held for all
      excerpts(n) {
        const prepared = prepareText(text);
        return excerptsOf(prepared, compiled.find(prepared, n), n);
      },
    };
  };
}

/** Excerpts are of the document itself: what others' documents taught is not shown. */
function judgeLearned(learned: LearnedRules, id: number): Judge {
  return (document) => {
    const words = wordsOf(document);
    const found = learnedLabels(learned, words).find((one) => one.id === id);
    if (!found) return null;
    return {
      confidence: Math.round(found.confidence * 1000) / 1000,
      excerpts(n) {
        const behindTitle = toNfc(words.title).length + 1;
        const spans = explain(learned.model, { id, ...words, limit: n }).map(({ where, span }) => {
          const shift = where === 'title' ? 0 : behindTitle;
          return { start: span.start + shift, end: span.end + shift };
        });
        return excerptsOf(prepareText(document.text), spans, n);
      },
    };
  };
}
