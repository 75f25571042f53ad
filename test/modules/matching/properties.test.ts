import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { excerptsOf } from '../../../src/modules/matching/excerpts.ts';
import { prepareText } from '../../../src/modules/matching/prepared-text.ts';
import {
  compileRule,
  findRuleProblem,
  type MatchingAlgorithm,
  matchingAlgorithms,
} from '../../../src/modules/matching/rule.ts';

/** Words and signs of which texts and patterns are made, so that they often meet. */
const piece = fc.constantFrom(
  ...['été', 'e\u0301te\u0301', 'l’été', 'facture', 'Facture', 'C++', '.NET', '2026-0042', 'CHF', '1’234.50'],
  ...[
    'Straße',
    'STRASSE',
    'ΟΔΟΣ',
    'İ',
    '請求書',
    'हिन्दी',
    '🎉',
    'x\u0302',
    '"',
    '-',
    '(',
    ')',
    '*',
    '\\',
    '|',
    'a',
    '_',
  ],
);
const glue = fc.constantFrom('', ' ', ' ', ' ', '\n', '\u00a0', '  ', ', ', '.');
const written = fc
  .array(fc.tuple(piece, glue), { maxLength: 12 })
  .map((parts) => parts.map(([one, behind]) => one + behind).join(''));
const anything = fc.oneof(written, fc.string({ unit: 'binary', maxLength: 60 }));
const algorithm = fc.constantFrom(...matchingAlgorithms);

const compile = (name: MatchingAlgorithm, match: string, isInsensitive = true) =>
  compileRule({ algorithm: name, match, isInsensitive });
const isMatch = (name: MatchingAlgorithm, match: string, text: string, isInsensitive = true) =>
  compile(name, match, isInsensitive).matches(prepareText(text));

/** The contract's words for an edge, as a regular expression: an oracle that knows of no index. */
function standsAtEdges(nfc: string, start: number, end: number): boolean {
  const inWord = '[\\p{L}\\p{N}_]\\p{M}*';
  const within = (at: number) =>
    new RegExp(`${inWord}$`, 'u').test(nfc.slice(0, at)) && /^[\p{L}\p{N}\p{M}_]/u.test(nfc.slice(at));
  const starts = /^[\p{L}\p{N}_]/u.test(nfc.slice(start, end));
  const ends = new RegExp(`${inWord}$`, 'u').test(nfc.slice(start, end));
  return !(starts && within(start)) && !(ends && within(end));
}

describe('whatever the rule and the text', () => {
  test('nothing is thrown, and what is shown lies in the text, in order', () => {
    fc.assert(
      fc.property(algorithm, anything, anything, fc.boolean(), (name, match, text, isInsensitive) => {
        findRuleProblem({ algorithm: name, match, isInsensitive });
        const prepared = prepareText(text);
        const rule = compile(name, match, isInsensitive);
        const spans = rule.find(prepared);
        expect(spans.length > 0).toBe(rule.matches(prepared));
        let behind = 0;
        for (const { start, end } of spans) {
          expect(start).toBeGreaterThanOrEqual(behind);
          expect(end).toBeGreaterThan(start);
          behind = end;
        }
        expect(behind).toBeLessThanOrEqual(prepared.nfc.length);
        expect(rule.find(prepared, 1)).toHaveLength(Math.min(1, spans.length));
        for (const excerpt of excerptsOf(prepared, spans)) {
          expect(excerpt.isWellFormed()).toBe(prepared.nfc.isWellFormed() || excerpt.isWellFormed());
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('composed and decomposed letters are the same', () => {
    fc.assert(
      fc.property(algorithm, written, written, fc.boolean(), (name, match, text, isInsensitive) => {
        const answer = isMatch(name, match, text, isInsensitive);
        const short = match.normalize('NFD').length <= 256;
        fc.pre(short);
        expect(isMatch(name, match.normalize('NFD'), text.normalize('NFC'), isInsensitive)).toBe(answer);
        expect(isMatch(name, match.normalize('NFC'), text.normalize('NFD'), isInsensitive)).toBe(answer);
      }),
      { numRuns: 1000 },
    );
  });

  test('with regard to case there is no more found than without', () => {
    fc.assert(
      fc.property(algorithm, written, written, (name, match, text) => {
        fc.pre(name !== 'regex' && name !== 'fuzzy');
        if (isMatch(name, match, text, false)) expect(isMatch(name, match, text, true)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('words', () => {
  test('where all are found, any are', () => {
    fc.assert(
      fc.property(written, written, (match, text) => {
        if (isMatch('all', match, text)) expect(isMatch('any', match, text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('a phrase is found in its own text, whatever stands around it', () => {
    fc.assert(
      fc.property(written, written, written, (before, phrase, behind) => {
        fc.pre(phrase.trim() !== '');
        expect(isMatch('exact', phrase, `${before} ${phrase} ${behind}`)).toBe(true);
        if (!phrase.includes('"'))
          expect(isMatch('all', `"${phrase}"`, `${before} ${phrase} ${behind}`)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('each place of a phrase is the phrase, and stands at word edges', () => {
    fc.assert(
      fc.property(piece, written, (phrase, text) => {
        const prepared = prepareText(text);
        for (const { start, end } of compile('exact', phrase, false).find(prepared)) {
          expect(prepared.nfc.slice(start, end)).toBe(phrase.normalize('NFC'));
          expect(standsAtEdges(prepared.nfc, start, end)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a phrase that stands somewhere at word edges is found', () => {
    fc.assert(
      fc.property(piece, written, (phrase, text) => {
        const { nfc } = prepareText(text);
        const wanted = phrase.normalize('NFC');
        let isThere = false;
        for (let at = nfc.indexOf(wanted); at !== -1; at = nfc.indexOf(wanted, at + 1)) {
          isThere ||= standsAtEdges(nfc, at, at + wanted.length);
        }
        expect(isMatch('exact', phrase, text, false)).toBe(isThere);
      }),
      { numRuns: 3000 },
    );
  });
});

/** The partial ratio by its definition alone, with the table of common subsequences written out. */
function partialRatio(one: string, other: string): number {
  const common = (a: string, b: string) => {
    let row = new Array<number>(b.length + 1).fill(0);
    for (const letter of a) {
      const next = [0];
      for (let i = 1; i <= b.length; i += 1) {
        next.push(b[i - 1] === letter ? (row[i - 1] ?? 0) + 1 : Math.max(row[i] ?? 0, next[i - 1] ?? 0));
      }
      row = next;
    }
    return row.at(-1) ?? 0;
  };
  const laidOver = (short: string, long: string) => {
    let best = 0;
    for (let at = 1 - short.length; at < long.length; at += 1) {
      const covered = long.slice(Math.max(0, at), at + short.length);
      best = Math.max(best, (200 * common(short, covered)) / (short.length + covered.length));
    }
    return best;
  };
  if (one.length === 0 || other.length === 0) return 0;
  if (one.length === other.length) return Math.max(laidOver(one, other), laidOver(other, one));
  return one.length < other.length ? laidOver(one, other) : laidOver(other, one);
}

describe('fuzzy', () => {
  const letters = (most: number) =>
    fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: most });

  test('is the partial ratio at 90, however it is searched', () => {
    fc.assert(
      fc.property(letters(24), letters(60), (match, text) => {
        expect(isMatch('fuzzy', match, text)).toBe(partialRatio(match, text) >= 90 - 1e-9);
      }),
      { numRuns: 3000 },
    );
  });

  test('and so for long patterns, a letter more or less than a tenth of them changed', () => {
    const near = fc
      .tuple(
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 50, maxLength: 120 }),
        fc.tuple(letters(40), letters(40)),
        fc.infiniteStream(fc.tuple(fc.nat(), fc.constantFrom('', 'x', 'xx', 'a', 'ab'))),
        fc.integer({ min: -1, max: 4 }),
      )
      .map(([match, [before, behind], changes, more]) => {
        const text = [...match];
        for (const [at, change] of changes.take(Math.floor(match.length / 10) + more)) {
          text[at % text.length] = change;
        }
        return { match, text: before + text.join('') + behind };
      });
    const answers = new Set<boolean>();
    fc.assert(
      fc.property(near, ({ match, text }) => {
        const isAlike = partialRatio(match, text) >= 90 - 1e-9;
        answers.add(isAlike);
        expect(isMatch('fuzzy', match, text)).toBe(isAlike);
      }),
      { numRuns: 500 },
    );
    expect(answers.size).toBe(2);
  });
});
