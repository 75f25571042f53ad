import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { prepareText } from '../../../src/modules/matching/prepared-text.ts';
import { foldForSearch, holds, requiredBy } from '../../../src/modules/matching/required-literals.ts';
import { compileRule } from '../../../src/modules/matching/rule.ts';
import { indexTrigrams, possibleStarts } from '../../../src/modules/matching/trigrams.ts';

// What lets a thousand rules pass over a text quickly must never pass over one that matches.

function commonLength(one: Int32Array, other: Int32Array): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const letter of one) {
    const next = [0];
    for (let i = 1; i <= other.length; i += 1) {
      next.push(other[i - 1] === letter ? (row[i - 1] ?? 0) + 1 : Math.max(row[i] ?? 0, next[i - 1] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

describe('the places where a fuzzy pattern may begin', () => {
  const letters = (length: { minLength: number; maxLength: number }) =>
    fc.array(fc.integer({ min: 0, max: 11 }), length);
  /** A pattern, and a text in which it stands here and there with letters changed, added and left out. */
  const near = fc
    .tuple(
      letters({ minLength: 3, maxLength: 40 }),
      fc.array(letters({ minLength: 60, maxLength: 120 }), { minLength: 4, maxLength: 4 }),
      fc.infiniteStream(fc.tuple(fc.nat(), fc.constantFrom<number[][]>([], [12], [3], [3, 5], [1, 2, 3]))),
      fc.integer({ min: 0, max: 2 }),
    )
    .map(([needle, around, changes, more]) => {
      const text = around.flatMap((piece) => {
        const copy: number[][] = needle.map((letter) => [letter]);
        for (const [at, change] of changes.take(Math.floor(needle.length / 10) + more))
          copy[at % copy.length] = change;
        return [...piece, ...copy.flat()];
      });
      return { needle: Int32Array.from(needle), haystack: Int32Array.from(text) };
    });

  test('are at least all at which it is alike', () => {
    let narrowed = 0;
    let alike = 0;
    fc.assert(
      fc.property(near, ({ needle, haystack }) => {
        const enough = Math.ceil((9 * needle.length) / 10);
        const starts = possibleStarts({
          needle,
          haystack,
          trigrams: indexTrigrams(haystack),
          strays: needle.length - enough,
        });
        if (!starts) return;
        narrowed += 1;
        expect(starts).toEqual([...new Set(starts)].sort((one, other) => one - other));
        const known = new Set(starts);
        for (let from = 0; from + needle.length <= haystack.length; from += 1) {
          if (known.has(from)) continue;
          const common = commonLength(needle, haystack.subarray(from, from + needle.length));
          if (common >= enough) expect.fail(`not among them: ${from} of ${needle} in ${haystack}`);
        }
        alike += starts.length;
      }),
      { numRuns: 200 },
    );
    expect(narrowed).toBeGreaterThan(100);
    expect(alike).toBeGreaterThan(100);
  });
});

describe('the strings that a regular expression requires', () => {
  test.each<[string, string[]]>([
    ['facture', ['facture']],
    ['Facture\\s+n°', ['facture', 'n°']],
    ['fact(?:ure|uration) 2026', ['fact', 'ure|uration', ' 2026']],
    ['ab+c*d?e', ['ab', 'e']],
    ['a{2,3}b{0,1}c{1}', ['a', 'c']],
    ['x+?y*?z', ['x', 'z']],
    ['(a|)b', ['b']],
    ['[[:alpha:]\\]x]y', ['y']],
    ['[]x]y[^]z]w', ['y', 'w']],
    ['\\.\\(\\pL\\p{Greek}\\bé', ['.(', 'é']],
    ['^été$.fin', ['été', 'fin']],
    ['(?P<nom>rue)', ['rue']],
  ])('are those of %s', (pattern, wanted) => {
    const show = (required: ReturnType<typeof requiredBy>): string[] => {
      if ('literal' in required) return [required.literal];
      if ('all' in required) return required.all.flatMap(show);
      return [required.any.map((one) => show(one).join(' ')).join('|')];
    };
    expect(show(requiredBy(pattern, true))).toEqual(wanted);
  });

  test.each(['(?i)a', 'a(?s:b)', '\\Qa\\E', 'a\\x41', 'a{,3}', 'a{x', '\\101', 'a|', ']a', 'a}'])(
    'are none of %s, which is not understood',
    (pattern) => expect(requiredBy(pattern, true)).toEqual({ all: [] }),
  );

  const token = fc.constantFrom(
    ...['a', 'b', 'é', 'É', 'ß', 'σ', 'k', 's', ' ', '\u00a0', '1', '-', '\\.', '\\-', '\\b', '\\d', '\\pL'],
    ...['.', '^', '$', '|', '|', '*', '+', '?', '{2}', '{0,1}', '{1,}', '+?', '(', '(?:', ')', ')', '(?i)'],
    ...['[ab]', '[^a]', '[]a]', '[[:digit:]a]', '[\\]b]', '\\Qa+\\E', '\\x61', '{', '}', ']'],
  );
  const pattern = fc.array(token, { minLength: 1, maxLength: 10 }).map((tokens) => tokens.join(''));
  const text = fc
    .array(
      fc.constantFrom(
        'a',
        'A',
        'b',
        'é',
        'É',
        'ß',
        'ẞ',
        'ss',
        'σ',
        'ς',
        'Σ',
        'K',
        'ſ',
        ' ',
        '1',
        '-',
        '.',
        '\n',
      ),
      { maxLength: 12 },
    )
    .map((letters) => letters.join(''));

  test('stand in every text that it matches', () => {
    let matched = 0;
    let filtered = 0;
    fc.assert(
      fc.property(pattern, text, fc.boolean(), (source, where, isInsensitive) => {
        const plain = source.replaceAll('\u00a0', ' ');
        let regex: RE2JS;
        try {
          regex = RE2JS.compile(plain, RE2JS.MULTILINE | (isInsensitive ? RE2JS.CASE_INSENSITIVE : 0));
        } catch {
          return;
        }
        const has = holds(requiredBy(plain, isInsensitive), isInsensitive ? foldForSearch(where) : where);
        if (regex.test(where)) {
          matched += 1;
          expect(has).toBe(true);
        } else if (!has) filtered += 1;
      }),
      { numRuns: 20_000 },
    );
    expect(matched).toBeGreaterThan(500);
    expect(filtered).toBeGreaterThan(500);
  });

  test('know every two letters that RE2 takes for one without regard to case', () => {
    const cased = Array.from({ length: 0x1_ffff }, (_, code) => code)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code))
      .filter((letter) => /[\p{CWCM}\p{CWL}\p{CWU}\p{CWT}\p{CWCF}]/u.test(letter));
    expect(cased.length).toBeGreaterThan(2500);
    const all = cased.join('');
    const strange: string[] = [];
    for (const letter of cased) {
      const matcher = RE2JS.compile(RE2JS.quote(letter), RE2JS.CASE_INSENSITIVE).matcher(all);
      while (matcher.find()) {
        const alike = matcher.group();
        if (alike !== null && foldForSearch(alike) !== foldForSearch(letter))
          strange.push(`${letter}${alike}`);
      }
    }
    expect(strange).toEqual([]);
  });

  test('are found with no-break spaces too', () => {
    const rule = compileRule({ algorithm: 'regex', match: 'no\u00a0 42', isInsensitive: true });
    expect(rule.matches(prepareText('Facture NO \u202f42'))).toBe(true);
  });
});
