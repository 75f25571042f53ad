/** What one part of a query asks for, as it was written. */
export interface Term {
  /** a word, or what stood between quotes */
  text: string;
  /** `word*`: any word that begins so */
  prefix: boolean;
  /** `-word`: documents that have it are not meant */
  negated: boolean;
}

/** Both ends of a phrase, as keyboards and word processors write them. */
const quotes = new Map([
  ['"', '"'],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
]);

/** A dash that takes out: before a letter, a digit or a phrase, and after nothing or white space. */
const takesOut = /^-(?=[\p{L}\p{N}"“„«])/u;
const word = /^[^\s"“„«]+/u;
const hasWord = /[\p{L}\p{N}]/u;

/** Where the phrase that begins here ends: before its closing quote, else at the end of the query. */
function readPhrase(query: string): { text: string; length: number } {
  const end = query.indexOf(quotes.get(query.charAt(0)) ?? '"', 1);
  return end < 0
    ? { text: query.slice(1), length: query.length }
    : { text: query.slice(1, end), length: end + 1 };
}

/**
 * Reads a query: words, "phrases", -words and -"phrases" to be absent, prefixes*. Every text is a query and none
 * is refused; what has neither letter nor digit asks for nothing, and is not among the terms.
 */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  let rest = query.normalize('NFC').trimStart();
  while (rest !== '') {
    const negated = takesOut.test(rest);
    if (negated) rest = rest.slice(1);
    const isPhrase = quotes.has(rest.charAt(0));
    const read = isPhrase
      ? readPhrase(rest)
      : { text: word.exec(rest)?.[0] ?? rest, length: (word.exec(rest)?.[0] ?? rest).length };
    rest = rest.slice(read.length);
    // A phrase's star stands behind it, a word's at its end.
    const stars = /^\*+/.exec(isPhrase ? rest : '')?.[0].length ?? 0;
    const prefix = stars > 0 || (!isPhrase && read.text.endsWith('*'));
    rest = rest.slice(stars).trimStart();
    const text = read.text.replace(/\*+$/, '').trim();
    if (hasWord.test(text)) terms.push({ text, prefix, negated });
  }
  return terms;
}
