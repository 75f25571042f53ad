import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseQuery } from '../../../src/modules/search/query-language.ts';

/** A term as it is written: `-` before what is to be absent, `*` behind a beginning, phrases in brackets. */
const written = (query: string) =>
  parseQuery(query).map(({ text, prefix, negated }) => `${negated ? '-' : ''}[${text}]${prefix ? '*' : ''}`);

describe('a query', () => {
  test.each([
    ['', []],
    ['   ', []],
    ['facture', ['[facture]']],
    ['facture  edf\n2026', ['[facture]', '[edf]', '[2026]']],
    ['"caisse de pension"', ['[caisse de pension]']],
    ['« caisse de pension »', ['[caisse de pension]']],
    ['“annual report”', ['[annual report]']],
    ['„Jahresbericht“ 2026', ['[Jahresbericht]', '[2026]']],
    ['"never closed', ['[never closed]']],
    ['facture -edf', ['[facture]', '-[edf]']],
    ['-"caisse de pension"', ['-[caisse de pension]']],
    ['2026-0042', ['[2026-0042]']],
    ['W-2', ['[W-2]']],
    ['a - b', ['[a]', '[b]']],
    ['--facture', ['[--facture]']],
    ['- - -', []],
    ['fact*', ['[fact]*']],
    ['-fact*', ['-[fact]*']],
    ['fact***', ['[fact]*']],
    ['"caisse de pen"*', ['[caisse de pen]*']],
    ['"caisse de pen*"', ['[caisse de pen]']],
    ['*', []],
    ['*acture', ['[*acture]']],
    ['l’électricité', ['[l’électricité]']],
    ['e\u0301lectricite\u0301', ['[électricité]']],
    ['edf"facture de gaz"eau', ['[edf]', '[facture de gaz]', '[eau]']],
    ['& | ! <-> () : \\', []],
    ['a&b (c|d) !e', ['[a&b]', '[(c|d)]', '[!e]']],
    ['電気料金 "電気 料金"', ['[電気料金]', '[電気 料金]']],
    ['""', []],
    ['"" facture', ['[facture]']],
    ["O'Brien", ["[O'Brien]"]],
  ])('%j asks for %j', (query, terms) => {
    expect(written(query)).toEqual(terms);
  });

  test('may be any text whatever: each term has a letter or digit, and stands in the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.constantFrom('"', '«', '»', '“', '-', '*', ' ', 'é', 'a', '4', '\n'), { maxLength: 60 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (query) => {
        for (const term of parseQuery(query)) {
          expect(term.text).toMatch(/[\p{L}\p{N}]/u);
          expect(query.normalize('NFC')).toContain(term.text);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('of plain words is these words', () => {
    const word = fc.stringMatching(/^[a-zéèà0-9]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(parseQuery(words.join('  ')).map((term) => term.text)).toEqual(words);
      }),
    );
  });
});
