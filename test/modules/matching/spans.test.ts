import { describe, expect, test } from 'vitest';
import { excerptsOf } from '../../../src/modules/matching/excerpts.ts';
import { prepareText } from '../../../src/modules/matching/prepared-text.ts';
import { compileRule, type MatchingAlgorithm } from '../../../src/modules/matching/rule.ts';

function found(algorithm: MatchingAlgorithm, match: string, text: string, limit?: number): string[] {
  const prepared = prepareText(text);
  const spans = compileRule({ algorithm, match, isInsensitive: true }).find(prepared, limit);
  return spans.map(({ start, end }) => prepared.nfc.slice(start, end));
}

describe('a rule shows where it matches', () => {
  test.each<[MatchingAlgorithm, string, string, string[]]>([
    ['exact', 'été', 'L’e\u0301te\u0301, un Été', ['été', 'Été']],
    ['exact', 'STRASSE', 'Die Straße, die Strasse', ['Straße', 'Strasse']],
    ['exact', 'impôt fédéral', 'Impôt\n  fédéral', ['Impôt\n  fédéral']],
    ['exact', '« urgent »', 'très «\u202f urgent\u00a0 » !', ['«\u202f urgent\u00a0 »']],
    ['exact', 'C++', 'C++, C+, c++', ['C++', 'c++']],
    ['exact', '- -', 'a -  -  - b', ['-  -']],
    ['exact', '**', '  ***** 12 **', ['**', '**', '**']],
    ['exact', '-a-', '-a-a-a-', ['-a-', '-a-']],
    ['exact', 'a a', 'a a a a a', ['a a', 'a a']],
    ['any', 'tva facture', 'Facture sans TVA, facture', ['Facture', 'TVA', 'facture']],
    ['any', '"impôt fédéral" impôt', 'impôt fédéral, impôt', ['impôt fédéral', 'impôt']],
    ['all', 'tva facture', 'Facture sans TVA', ['Facture', 'TVA']],
    ['all', 'tva facture', 'Facture sans taxe', []],
    ['regex', '\\d+', 'a 12 b 345', ['12', '345']],
    ['regex', 'x*', '🎉xx-x', ['xx', 'x']],
    ['fuzzy', 'Swisscom (Schweiz) AG', 'Chez Swisscom, Schwelz AG à Berne', ['Swisscom, Schwelz AG']],
    ['fuzzy', 'facture', 'acture 12, facture', ['acture', 'facture']],
    ['fuzzy', 'une longue facture', 'Facture.', ['Facture']],
    ['none', 'a', 'a', []],
  ])('%s %s in “%s”', (algorithm, match, text, expected) => {
    expect(found(algorithm, match, text)).toEqual(expected);
  });

  test('as often as it is asked, else a hundred times', () => {
    for (const algorithm of ['any', 'all', 'exact', 'regex', 'fuzzy'] as const) {
      expect(found(algorithm, 'bail', 'bail, '.repeat(300), 3)).toEqual(['bail', 'bail', 'bail']);
      expect(found(algorithm, 'bail', 'bail, '.repeat(300))).toHaveLength(100);
    }
  });
});

describe('an excerpt', () => {
  const excerpts = (match: string, text: string, n?: number) => {
    const prepared = prepareText(text);
    return excerptsOf(
      prepared,
      compileRule({ algorithm: 'exact', match, isInsensitive: true }).find(prepared),
      n,
    );
  };
  const filler = 'un document parmi beaucoup d’autres ';

  test('is the whole text where that is short', () => {
    expect(excerpts('facture', 'La\n  facture 12 ')).toEqual(['La facture 12']);
  });

  test('has whole words on either side, and says where the text goes on', () => {
    expect(excerpts('facture', `${filler.repeat(4)}la facture jointe ${filler.repeat(4)}`)).toEqual([
      '…un document parmi beaucoup d’autres la facture jointe un document parmi beaucoup…',
    ]);
  });

  test('is given once for places beside each other, and at most as often as asked', () => {
    expect(excerpts('facture', 'facture facture facture')).toHaveLength(1);
    expect(excerpts('facture', `facture ${filler.repeat(6)}`.repeat(9))).toHaveLength(3);
    expect(excerpts('facture', `facture ${filler.repeat(6)}`.repeat(9), 5)).toHaveLength(5);
  });

  test('is short for a place that is long', () => {
    const prepared = prepareText(filler.repeat(100));
    const [excerpt = ''] = excerptsOf(prepared, [{ start: 0, end: prepared.nfc.length }]);
    expect(excerpt.length).toBeGreaterThan(100);
    expect(excerpt.length).toBeLessThan(210);
  });

  test.each(['👨‍👩‍👧‍👦', '🎉', 'x\u0302', '👍🏽', '𠮷'])('never cuts %s', (character) => {
    for (const push of ['', 'a', 'ab', 'abc', 'abcd', 'abcde']) {
      const row = character.repeat(60);
      const [excerpt = ''] = excerpts('-', `${row}${push}-${push}${row}`);
      const rest = excerpt.replaceAll(character, '').replaceAll('…', '');
      expect(rest).toBe(`${push}-${push}`);
    }
  });
});
