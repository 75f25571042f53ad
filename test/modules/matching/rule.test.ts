import { describe, expect, test } from 'vitest';
import { prepareText } from '../../../src/modules/matching/prepared-text.ts';
import { compileRule, findRuleProblem, type MatchingAlgorithm } from '../../../src/modules/matching/rule.ts';

/** What contract §5 promises, case by case: pattern, text, whether it is found. */
type Case = [pattern: string, text: string, isFound: boolean];

const isMatch = (algorithm: MatchingAlgorithm, match: string, text: string, isInsensitive = true) =>
  compileRule({ algorithm, match, isInsensitive }).matches(prepareText(text));

/** In one line, with what cannot be seen spelt out. */
const show = (text: string) =>
  text.replace(/\p{M}|\p{Cc}|(?! )\s/gu, (one) => `{${one.codePointAt(0)?.toString(16)}}`);

function table(name: string, algorithm: MatchingAlgorithm, cases: Case[], isInsensitive = true) {
  describe(name, () => {
    test.each(
      cases.map(([pattern, text, isFound]) => ({
        title: `${show(pattern)} ${isFound ? 'is' : 'is not'} found in “${show(text)}”`,
        pattern,
        text,
        isFound,
      })),
    )('$title', ({ pattern, text, isFound }) => {
      expect(isMatch(algorithm, pattern, text, isInsensitive)).toBe(isFound);
    });
  });
}

const blank = ['', ' ', '\t\n', '\u00a0', '\u0085'];
for (const algorithm of ['none', 'any', 'all', 'exact', 'regex', 'fuzzy', 'auto'] as const) {
  table(
    `a blank pattern never matches (${algorithm})`,
    algorithm,
    blank.map((pattern): Case => [pattern, `a ${pattern} b`, false]),
  );
}

table('none', 'none', [['facture', 'facture', false]]);
table('auto has no rule to match by', 'auto', [['facture', 'facture', false]]);

table('word edges', 'exact', [
  ['facture', 'La facture est jointe', true],
  ['facture', 'facture', true],
  ['facture', 'factures', false],
  ['facture', 'refacture', false],
  ['rich', 'Zürich', false],
  ['Zü', 'Zürich', false],
  ['C++', 'a C++ guide', true],
  ['C++', 'a C++20 guide', true],
  ['C++', 'ABC++', false],
  ['C', 'a C++ guide', true],
  ['.NET', 'ASP.NET', true],
  ['.NET', '.NETS', false],
  ['C++', 'C ++', false],
  ['.NET', '. NET', false],
  ['(annexe)', 'lettre(annexe)jointe', true],
  ['bail_2026', 'bail_2026_v2', false],
  ['bail', 'bail_2026', false],
  ['bail', 'bail-2026', true],
  ['2026', 'le 31.12.2026.', true],
  ['26', '2026', false],
  ['m', '12 m² de bureau', false],
  ['m²', '12 m² de bureau', true],
  ['été', 'l’été', true],
  ['été', "l'été", true],
  ['été', 'étés', false],
]);

table('French', 'exact', [
  ['électricité', 'Facture d’électricité', true],
  ['électricité', 'FACTURE D’ÉLECTRICITÉ', true],
  ['electricite', 'Facture d’électricité', false],
  ['l’eau', 'Services de l’eau', true],
  ["l'eau", 'Services de l’eau', false],
  ["l'eau", "Services de l'eau", true],
  ['œuvre', 'main-d’Œuvre', true],
  ['oeuvre', 'main-d’œuvre', false],
  ['à', 'à payer', true],
  ['a', 'à payer', false],
  ['ça', 'ÇA y est', true],
  ['« urgent »', 'Mention « urgent »', true],
  ['« urgent »', 'Mention «\u202furgent\u00a0»', true],
  ['aujourd’hui', 'Lausanne, aujourd’hui', true],
  ['hui', 'aujourd’hui', true],
]);

table('NFC and NFD are the same', 'exact', [
  ['e\u0301te\u0301', 'l’été', true],
  ['été', 'l’e\u0301te\u0301', true],
  ['Zu\u0308rich', 'ZÜRICH', true],
  ['e', 'e\u0301te\u0301', false],
  ['ete', 'e\u0301te\u0301', false],
  ['\u212b', '\u00e5', true],
  ['x', 'x\u0302', false],
  ['x\u0302', 'le x\u0302 moyen', true],
  ['ह', 'हि', false],
  ['हिन्दी', 'भाषा हिन्दी है', true],
  ['\uac00', '\u1100\u1161', true],
  ['ﬁn', 'fin', true],
]);

table('amounts', 'exact', [
  ['CHF 100.50', 'Total CHF 100.50', true],
  ['CHF 100.50', 'Total CHF\u00a0100.50', true],
  ['CHF 100.50', 'Total CHF 1100.50', false],
  ['CHF 100.50', 'Total CHF 100.505', false],
  ['CHF 100.50', 'Total CHF100.50', false],
  ["1'234.50", "CHF 1'234.50", true],
  ['1’234.50', 'CHF 1’234.50', true],
  ["1'234.50", 'CHF 1’234.50', false],
  ['234.50', "CHF 1'234.50", true],
  ['1234', "1'234", false],
  ['100.–', 'Fr. 100.– net', true],
  ['8,1 %', 'TVA 8,1\u00a0% incluse', true],
  ['€ 20', 'soit € 20', true],
  ['20€', 'soit 20€ net', true],
]);

table('references', 'exact', [
  ['2026-0042', 'Facture no 2026-0042', true],
  ['2026-0042', 'Facture no 12026-0042', false],
  ['2026-0042', 'Facture no 2026-00421', false],
  ['2026-0042', 'Facture no 2026-0042-B', true],
  ['2026-0042', 'Facture no 2026–0042', false],
  ['W-2', 'Form W-2 (2026)', true],
  ['W-2', 'Form W-23', false],
  ['w-2', 'Form W-2', true],
  ['#42', 'Dossier #42', true],
  ['#42', 'Dossier #421', false],
  ['CH93 0076 2011', 'IBAN CH93 0076 2011 6238', true],
  ['info@example.ch', 'Écrire à info@example.ch.', true],
  ['info@example.ch', 'Écrire à kinfo@example.ch', false],
]);

table('white space in a phrase', 'exact', [
  ['impôt fédéral', 'impôt  fédéral direct', true],
  ['impôt fédéral', 'impôt\nfédéral', true],
  ['impôt fédéral', 'impôt\r\n\t fédéral', true],
  ['impôt fédéral', 'impôt\u00a0fédéral', true],
  ['impôt fédéral', 'impôt\u2009fédéral', true],
  ['impôt fédéral', 'impôt\u0085fédéral', true],
  ['impôt fédéral', 'impôt-fédéral', false],
  ['impôt fédéral', 'impôt-fédéral direct', false],
  ['impôt fédéral', 'impôt, fédéral', false],
  ['impôt fédéral', 'impôtfédéral', false],
  ['  impôt \n fédéral ', 'impôt fédéral', true],
  ['fédéral impôt', 'impôt fédéral', false],
]);

table('other scripts and signs', 'exact', [
  ['請求書', '請求書 2026', true],
  ['請求書', '「請求書」', true],
  ['請求', '請求書', false],
  ['東京都', '東京都、千代田区', true],
  ['𠮷野家', '領収書 𠮷野家', true],
  ['счёт', 'СЧЁТ № 5', true],
  ['№ 5', 'счёт №\u00a05', true],
  ['🎉', 'Bravo🎉!', true],
  ['🎉 bravo', 'un 🎉 bravo', true],
  ['👍', '👍🏽', true],
  ['1', '1️⃣ étape', false],
  ['--', 'a -- b', true],
  ['--', 'a - - b', false],
  ['- -', 'a -\n- b', true],
  ['***', 'copie*****copie', true],
  ['?!', 'quoi ?!', true],
  ['€', 'prix20€net', true],
  ['Ⓐ', 'zone ⓐ', true],
]);

table('letters without regard to case', 'exact', [
  ['STRASSE', 'Bahnhofstraße 1', false],
  ['BAHNHOFSTRASSE', 'Bahnhofstraße 1', true],
  ['straße', 'STRAẞE', true],
  ['ΟΔΟΣ', 'η οδος', true],
  ['οδοσ', 'Η ΟΔΟΣ', true],
  ['i\u0307', 'İ', true],
  ['istanbul', 'İstanbul', false],
  ['ı', 'I', false],
  ['ΐ', 'Ϊ\u0301', true],
  ['kelvin', '\u212aelvin', true],
]);

table(
  'letters with regard to case',
  'exact',
  [
    ['Facture', 'Facture', true],
    ['Facture', 'facture', false],
    ['ÉTÉ', 'été', false],
    ['É', 'E\u0301', true],
    ['CHF', 'chf 5', false],
    ['Ⓐ', 'ⓐ', false],
  ],
  false,
);

table('exact takes quotes and order as they are', 'exact', [
  ['facture Swisscom', 'Swisscom facture', false],
  ['"facture"', 'la facture', false],
  ['"facture"', 'la "facture"', true],
]);

table('any', 'any', [
  ['facture rappel', 'Dernier rappel', true],
  ['facture rappel', 'La facture', true],
  ['facture rappel', 'La facturation', false],
  ['facture\u00a0rappel', 'Dernier rappel', true],
  ['"impôt fédéral" tva', 'impôt\nfédéral', true],
  ['"impôt fédéral" tva', 'impôt cantonal', false],
  ['"impôt fédéral" tva', 'Taux TVA', true],
  ['"  impôt   fédéral  "', 'impôt fédéral', true],
  ['"" tva', 'rien', false],
  ['"" tva', 'tva', true],
  ['""', 'rien "" ici', false],
  ['"impôt fédéral', 'impôt cantonal', false],
  ['"impôt fédéral', 'fédéral', true],
  ['"impôt fédéral', 'l’"impôt', true],
  ['5" vis', 'tube de 5" acier', true],
  ['5" vis', 'tube de 5 acier', false],
  ['"assurance maladie"complémentaire', 'soins complémentaire', true],
  ['C++ .NET', 'cours de .NET', true],
  ['+ -', 'a - b', true],
]);

table('all', 'all', [
  ['facture Swisscom', 'Swisscom SA: facture', true],
  ['facture Swisscom', 'Swisscom SA', false],
  ['facture Swisscom', 'Swisscom SA: factures', false],
  ['facture facture', 'une facture', true],
  ['"Services industriels" Genève', 'Genève, Services  industriels', true],
  ['"Services industriels" Genève', 'Services de Genève industriels', false],
  ['CHF 2026-0042', 'No 2026-0042: CHF 12.–', true],
  ['"" facture', 'facture', true],
  ['"" " "', 'facture', false],
  ['été l’eau', 'l’eau en été', true],
]);

table('regex', 'regex', [
  ['fact(ure|uration)', 'la facturation', true],
  ['^Facture', 'Titre\nFacture 12', true],
  ['^Facture', 'La Facture', false],
  ['CHF$', 'total CHF\nmerci', true],
  ['a.b', 'a\nb', false],
  ['(?s)a.b', 'a\nb', true],
  ['\\d{4}-\\d{4}', 'no 2026-0042', true],
  ['CHF\\s\\d+', 'CHF\u00a0120', true],
  ['CHF 1', 'CHF\u202f1', true],
  ['CHF\u00a01', 'CHF 1', true],
  ['\\pL+ité', 'ÉLECTRICITÉ', true],
  ['[éè]t[éè]', 'E\u0301TE\u0301', true],
  ['e\u0301te\u0301', 'été', true],
  ['(?-i)ÉTÉ', 'été', false],
  ['\\bSA\\b', 'Swisscom SA', true],
  ['\\bSA\\b', 'VISA', false],
  ['\\p{Han}{3}', '請求書', true],
  ['^.$', '🎉', true],
  ['x*', 'abc', false],
  ['x*', 'abxc', true],
  ['^', 'abc', false],
  ['\\b', 'abc', false],
  ['\\bx*', 'abc x', true],
  ['|a', 'b', false],
  ['(a', '(a', false],
  ['a(?=b)', 'ab', false],
  ['(a)\\1', 'aa', false],
]);

table(
  'regex with regard to case',
  'regex',
  [
    ['SA', 'sa', false],
    ['(?i)SA', 'sa', true],
  ],
  false,
);

table('fuzzy', 'fuzzy', [
  ['Swisscom (Schweiz) AG', 'swisscom schweiz ag', true],
  ['Swisscom (Schweiz) AG', 'Facture de Swisscom (Schwelz) AG, Berne', true],
  ['Swisscom (Schweiz) AG', 'Facture de Salt Mobile SA, Renens', false],
  ['electricite', 'Facture d’électricité', false],
  ['facture d’électricité', 'FACTURE  D’ELECTRICITÉ', true],
  ['Services industriels de Genève', 'Services industriels de Geneve', true],
  ['Services industriels de Genève', 'Services\nindustriels\nde Genève', true],
  ['Services industriels de Genève', 'Services industriels de Lausanne', false],
  ['assurance', 'reassurances', true],
  // nine of ten letters are 90, eight of nine 88.9
  ['0123456789', 'no 012345678x', true],
  ['0123456789', 'no 01234567xx', false],
  ['012345678', 'no 01234567x', false],
  ['0123456789', 'no 01234x56789', true],
  // hanging over the end: six letters of seven are 2 · 6 / 13 = 92.3
  ['facture', 'acture', true],
  ['facture', 'acture 2026', true],
  ['facture', 'le 31.12. factur', true],
  ['facture', 'le 31.12. factu', false],
  // nine letters of eleven are 2 · 9 / 20 = 90
  ['abcdefghijk', 'no 12: abcdefghi', true],
  ['abcdefghijk', 'no 12: abcdefgh', false],
  ['W-2', 'W2', true],
  ['1’234.50', 'CHF 1234 50', false],
  ['1’234.50', "CHF 1'234,50", true],
  ['...', 'a...b', false],
  ['🎉', 'bravo 🎉', false],
  ['❤️', 'avec ❤️', false],
  ['x\u0302x\u0302x\u0302', 'xxx', false],
  ['été', '', false],
  ['été', '...', false],
  ['e\u0301te\u0301', 'en ÉTÉ', true],
  ['請求書', '領収書と請求書', true],
  ['une très longue facture', 'longue', true],
]);

table(
  'fuzzy with regard to case',
  'fuzzy',
  [
    ['SWISSCOM', 'swisscom', false],
    ['Swisscom', 'Swisscom', true],
  ],
  false,
);

describe('a rule that cannot be saved', () => {
  const problem = (algorithm: MatchingAlgorithm, match: string) =>
    findRuleProblem({ algorithm, match, isInsensitive: true });

  test('has more than 256 characters, of whatever kind', () => {
    expect(problem('any', '🎉'.repeat(256))).toBeNull();
    expect(problem('any', 'a'.repeat(257))?.en).toBe('At most 256 characters are allowed.');
  });

  test.each(['(a', '[z-a]', 'a(?=b)', '(a)\\1', '*', 'a{2000}', '\\'])(
    'is a regex that RE2 cannot read: %s',
    (match) => {
      expect(problem('regex', match)?.fr).toMatch(/expression régulière/);
      expect(problem('exact', match)).toBeNull();
    },
  );

  test.each(['(a+)+$', '', '\\pL{3}', '(?P<an>\\d{4})', 'é'])('is none of these: %s', (match) => {
    expect(problem('regex', match)).toBeNull();
  });
});
