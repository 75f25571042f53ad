import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prepareText } from '../../../src/modules/matching/prepared-text.ts';
import {
  compileRule,
  type MatchingAlgorithm,
  matchingAlgorithms,
} from '../../../src/modules/matching/rule.ts';

/** Processor time is what is promised; a machine that is busy with other things may take longer by the clock. */
function timeOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The same numbers each time. */
function createRandom(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function write(pieces: string[], length: number, seed = 7): string {
  const random = createRandom(seed);
  const text: string[] = [];
  for (let written = 0; written < length; ) {
    const piece = pieces[random(pieces.length)] ?? '';
    text.push(piece);
    written += piece.length;
  }
  return text.join('').slice(0, length);
}

const size = 200_000;
const texts = {
  prose: write(
    ['la ', 'facture ', 'd’électricité ', '2026-0042, ', 'Zürich\n', 'CHF 1’234.50. ', 'été '],
    size,
  ),
  'one letter': 'a'.repeat(size),
  'one word': 'a '.repeat(size / 2),
  'two letters': write(['a', 'b'], size),
  'three letters': `${write(['a', 'b', 'c'], size - 6)} cccc!`,
  'letters that come back': `${'abcdefghi'.repeat(3)}x`.repeat(size).slice(0, size),
  'almost the pattern': write(['ab'.repeat(4), 'ab'.repeat(5), 'a', 'b'], size),
  'signs and spaces': write(['-', ' ', '.', '"', '\u00a0'], size),
  marks: `a${'\u0302\u0323'.repeat(size / 2)}`.slice(0, size),
  emoji: '👨‍👩‍👧‍👦 '.repeat(size).slice(0, size),
};

const patterns: Partial<Record<MatchingAlgorithm, string[]>> = {
  exact: ['a '.repeat(128), `${'a '.repeat(127)}b`, '- '.repeat(128), 'ab'.repeat(128), '-'.repeat(256)],
  all: ['a '.repeat(128), '- . " '.repeat(40), Array.from({ length: 60 }, (_, i) => `a${i}`).join(' ')],
  any: [`"${'a '.repeat(120)}" b`, '" '.repeat(128), '. '.repeat(128)],
  fuzzy: [
    'ab'.repeat(128),
    `${'ab'.repeat(115)}${'c'.repeat(26)}`,
    `${'a'.repeat(230)}${'b'.repeat(26)}`,
    'a'.repeat(256),
    'abcdefghi'.repeat(28),
    write(['a', 'b'], 256, 3),
    write(['a', 'b', 'c'], 256, 4),
    write(['ab'.repeat(4), 'a'], 256, 5),
    write(['la ', 'facture ', 'd’électricité '], 256, 6),
    'ab'.repeat(15),
    'facture',
  ],
  regex: [
    '(a+)+$',
    '(a|a)*!',
    '(.*a){20}!',
    '.*.*.*x',
    '.*'.repeat(128),
    '(?:.?){120}x',
    '(a|b)*a(a|b){12}!',
    '[abc]*a[abc]{300}!',
    '[abc]*a[abc]{999}c!',
    '(?:[abc]*a[abc]{40}){5}c!',
    '(?:.{0,100}a.{0,100}){5}c!',
    '(?:.{0,100}é.{0,100}){5}c!',
    '.{500}a.{400}b.{50}!',
    '[^a]*.{998}a!',
    '(\\S+\\s+){1,90}c!',
    '(\\pL+\\s+){50}zzz',
    '((a{1,30}){1,30})c',
    '(((((a?){9}){9}){9})b)',
    '\\b\\b\\b(x*\\b)*',
    'x*',
  ],
};

describe('no rule takes over 100 ms for a text of 200,000 characters', () => {
  for (const algorithm of ['any', 'all', 'exact', 'fuzzy', 'regex'] as const) {
    test(`${algorithm}, over texts and patterns made to be slow`, { timeout: 120_000 }, () => {
      const slow: string[] = [];
      for (const [name, text] of Object.entries(texts)) {
        const prepared = prepareText(text);
        prepared.words(true);
        prepared.fuzzy(true);
        for (const match of patterns[algorithm] ?? []) {
          const rule = compileRule({ algorithm, match, isInsensitive: true });
          const ms = timeOf(() => rule.matches(prepared));
          const findMs = timeOf(() => rule.find(prepared));
          if (ms > 100 || findMs > 100) slow.push(`${name}: ${match.slice(0, 40)}: ${ms}, ${findMs} ms`);
        }
      }
      expect(slow).toEqual([]);
    });
  }

  test('and so for patterns by chance', { timeout: 120_000 }, () => {
    const token = fc.constantFrom(
      'a',
      'b',
      '.',
      '*',
      '+',
      '?',
      '(',
      ')',
      '[ab]',
      '|',
      '{1,9}',
      '{30}',
      '.*',
      '\\b',
      ' ',
      '"',
    );
    const match = fc.array(token, { maxLength: 80 }).map((tokens) => tokens.join('').slice(0, 256));
    const prepared = Object.values(texts).map((text) => prepareText(text));
    for (const text of prepared) for (const part of [text.words, text.fuzzy]) part(true);
    fc.assert(
      fc.property(fc.constantFrom(...matchingAlgorithms), match, fc.nat(), (algorithm, pattern, pick) => {
        const text = prepared[pick % prepared.length];
        if (!text) return;
        expect(
          timeOf(() => compileRule({ algorithm, match: pattern, isInsensitive: true }).matches(text)),
        ).toBeLessThan(100);
      }),
      { numRuns: 300 },
    );
  });

  test('getting such a text ready takes no longer either', () => {
    for (const text of Object.values(texts)) {
      expect(timeOf(() => prepareText(text).words(true))).toBeLessThan(150);
      expect(timeOf(() => prepareText(text).fuzzy(true))).toBeLessThan(150);
    }
  });
});
