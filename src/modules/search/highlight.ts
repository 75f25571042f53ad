import type { Term } from './query-language.ts';

/** What a word is found by: as it is written, folded, and its stems; null where a language leaves it out. */
export interface Stems {
  folded: string;
  french: string | null;
  english: string | null;
}

/** The stems of words, by the words as they stand in the text. */
export type StemsOf = ReadonlyMap<string, Stems>;

export interface Span {
  start: number;
  end: number;
}

/** Letters that are more than one without accents; the rest is a matter of Unicode's decomposition. */
const ligatures: Record<string, string> = { œ: 'oe', æ: 'ae', ß: 'ss', ø: 'o', ł: 'l', đ: 'd' };

/** Nearly what the database makes of a word: good enough to tell which words are worth asking about. */
export const foldWord = (word: string) =>
  word
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[œæßøłđ]/g, (letter) => ligatures[letter] ?? letter);

const inWord = '[\\p{L}\\p{N}\\p{M}]';
const isInWord = new RegExp(inWord, 'u');
const wordsOf = (text: string) => text.match(new RegExp(`${inWord}+`, 'gu')) ?? [];

const accents: Record<string, string> = {
  a: '[aàáâãäåāă]',
  c: '[cçčć]',
  e: '[eèéêëēě]',
  i: '[iìíîïī]',
  n: '[nñń]',
  o: '[oòóôõöøō]',
  s: '[sšś]',
  u: '[uùúûüū]',
  y: '[yýÿ]',
  z: '[zžźż]',
};

/** The beginnings of the terms' words, with any accents, as regular expressions: `letters` of each at most. */
function beginnings(terms: readonly Term[], letters: (word: string) => number): string[] {
  const begin = (word: string) =>
    [...word]
      .slice(0, letters(word))
      .map((letter) => accents[letter] ?? letter)
      .join('');
  return [...new Set(terms.flatMap((term) => wordsOf(term.text).map((word) => begin(foldWord(word)))))];
}

/** What the words of the terms look like in a text, as a regular expression of PostgreSQL; null where there are none. */
export function lookOf(terms: readonly Term[]): string | null {
  const looks = beginnings(terms, (word) => Math.max(3, word.length - 3));
  return looks.length === 0 ? null : `(?i)\\m(?:${looks.join('|')})`;
}

export interface Word extends Span {
  word: string;
}

/** Finds the words of a text that may be one of the terms': words of one stem share three letters, as good as always. */
export type FindWords = (text: string) => Word[];

export function createFindWords(terms: readonly Term[]): FindWords {
  const looks = beginnings(terms, () => 3);
  if (looks.length === 0) return () => [];
  const pattern = new RegExp(`(?:${looks.join('|')})${inWord}*`, 'giu');
  return (text) =>
    [...text.matchAll(pattern)]
      .filter(({ index }) => index === 0 || !isInWord.test(text.charAt(index - 1)))
      .map(({ 0: word, index }) => ({ word, start: index, end: index + word.length }));
}

/** The words whose stems are to be known to mark these: those of the terms, too. */
export function wordsToStem(terms: readonly Term[], words: readonly Word[]): string[] {
  return [...new Set([...terms.flatMap((term) => wordsOf(term.text)), ...words.map(({ word }) => word)])];
}

function isAlike(word: Stems, asked: Stems, prefix: boolean): boolean {
  return (
    word.folded === asked.folded ||
    (prefix && asked.folded.length > 1 && word.folded.startsWith(asked.folded)) ||
    (word.french !== null && word.french === asked.french) ||
    (word.english !== null && word.english === asked.english)
  );
}

/** Where the words of a phrase stand in order, with nothing between them but what is no word. */
function findPhrase(text: string, words: Word[], { prefix, ...term }: Term, stems: StemsOf): Span[] {
  const asked = wordsOf(term.text).map((word) => stems.get(word));
  return words.flatMap(({ start }, index) => {
    let end = start;
    for (const [step, one] of asked.entries()) {
      const word = words[index + step];
      const known = word && stems.get(word.word);
      if (!one || !known || !isAlike(known, one, prefix && step === asked.length - 1)) return [];
      if (step > 0 && isInWord.test(text.slice(end, word.start))) return [];
      end = word.end;
    }
    return end > start ? [{ start, end }] : [];
  });
}

/** Where a part of a number or reference stands, as the database finds it: whatever is around. */
function findPart(text: string, term: Term): Span[] {
  if (!/\d/.test(term.text) || /\s/.test(term.text)) return [];
  const [part, lower] = [term.text.toLowerCase(), text.toLowerCase()];
  // Some letters are longer in lower case: then the places would be others.
  if (lower.length !== text.length) return [];
  const spans: Span[] = [];
  for (let at = lower.indexOf(part); at >= 0; at = lower.indexOf(part, at + part.length))
    spans.push({ start: at, end: at + part.length });
  return spans;
}

/** Where a text with these words has one of the terms, in order and apart from each other. */
export function findSpans(text: string, words: Word[], terms: readonly Term[], stems: StemsOf): Span[] {
  const spans = terms
    .flatMap((term) => [...findPhrase(text, words, term, stems), ...findPart(text, term)])
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const apart: Span[] = [];
  for (const span of spans) {
    const before = apart.at(-1);
    if (before && span.start < before.end) before.end = Math.max(before.end, span.end);
    else apart.push({ ...span });
  }
  return apart;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);

/** HTML of a text: what is in the spans marked, all else escaped. */
export function markSpans(text: string, spans: readonly Span[]): string {
  let html = '';
  let at = 0;
  for (const { start, end } of spans) {
    html += `${escapeHtml(text.slice(at, start))}<mark>${escapeHtml(text.slice(start, end))}</mark>`;
    at = end;
  }
  return html + escapeHtml(text.slice(at));
}

/** characters before the first match, and of the whole */
const lead = 60;
const excerptLength = 240;

/** The nearest edge of a word from `at` on, or `at` where there is none within reach. */
function edgeFrom(text: string, at: number, reach: number): number {
  const space = text.slice(at, at + reach).search(/\s/);
  return space < 0 ? at : at + space;
}

/** The part of a text around the first of the spans in it, in one line and marked; null where there are none. */
export function excerptOf(text: string, all: readonly Span[]): string | null {
  const [first] = all;
  if (!first) return null;
  const from = first.start <= lead ? 0 : edgeFrom(text, first.start - lead, lead);
  const wished = Math.max(first.end, from + excerptLength);
  const to = wished >= text.length ? text.length : edgeFrom(text, wished, 40);
  const spans = all
    .filter(({ end }) => end <= to)
    .map(({ start, end }) => ({ start: start - from, end: end - from }));
  // Where no edge was near, the cut may be inside of a character.
  const html = markSpans(text.slice(from, to).toWellFormed(), spans).replace(/\s+/g, ' ').trim();
  return `${from > 0 ? '… ' : ''}${html}${to < text.length ? ' …' : ''}`;
}
