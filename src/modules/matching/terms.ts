import type { PreparedText, Span } from './prepared-text.ts';
import { createGapReader, cutIntoPieces, trimWhite, type WordIndex, whiteSpace } from './word-index.ts';

const termOrPhrase = new RegExp(`"([^"]*)"|(?:(?!${whiteSpace}).)+`, 'gsu');

/**
 * The terms of `any` and `all`. A quote opens a phrase where a term could begin and a later quote closes it;
 * elsewhere, and with none to close it, it is a character like another (`5"`). Blank phrases are left out.
 */
export function parseTerms(pattern: string): string[] {
  return [...pattern.matchAll(termOrPhrase)]
    .map(([whole, phrase]) => trimWhite(phrase ?? whole))
    .filter((term) => term !== '');
}

export interface Term {
  matches(text: PreparedText): boolean;
  find(text: PreparedText, limit: number): Span[];
}

/**
 * One word or phrase, found at word edges: a side of it that ends in a word's character may not go on in the
 * text. So each word in it is a whole word of the text, and the text's index finds it; where the term ends in
 * other characters, these need only be the ones beside that word. The term is in NFC and not blank.
 */
export function compileTerm(term: string, isInsensitive: boolean): Term {
  const { words, gaps } = cutIntoPieces(term, isInsensitive);
  if (words.length === 0) return compileSymbols(gaps[0] ?? '', isInsensitive);
  const before = gaps[0] ?? '';
  const after = gaps.at(-1) ?? '';
  const between = gaps.slice(1, -1);

  /** The places of the term's first word, wherever the whole term stands; none has a word of another. */
  function places(index: WordIndex, limit: number): number[] {
    const found: number[] = [];
    const wanted = words.map((word) => index.wordNumbers.get(word) ?? -1);
    const wantedGaps = between.map((gap) => index.gapNumbers.get(gap) ?? -1);
    if (wanted.includes(-1) || wantedGaps.includes(-1)) return found;
    const rarest = findRarest(index, wanted);
    let free = 0;
    for (const place of index.places[wanted[rarest] ?? -1] ?? []) {
      const first = place - rarest;
      const isHere =
        first >= free &&
        isRun(index, first, wanted, wantedGaps) &&
        gapKeyAt(index, first).endsWith(before) &&
        gapKeyAt(index, first + words.length).startsWith(after);
      if (!isHere) continue;
      free = first + words.length;
      found.push(first);
      if (found.length >= limit) break;
    }
    return found;
  }

  function spanAt(text: PreparedText, index: WordIndex, first: number): Span {
    const gap = gapAt(text, index, first);
    const next = gapAt(text, index, first + words.length);
    return {
      start: gap.start + createGapReader(gap.text)(gapKeyAt(index, first).length - before.length),
      end: next.start + createGapReader(next.text)(after.length),
    };
  }

  return {
    matches: (text) => places(text.words(isInsensitive), 1).length > 0,
    find(text, limit) {
      const index = text.words(isInsensitive);
      const spans: Span[] = [];
      // neighbours may share a sign between words, as `-a-` does in “-a-a-”: at most every other place goes
      for (const first of places(index, 2 * limit)) {
        if (spans.length >= limit) break;
        const span = spanAt(text, index, first);
        if (span.start >= (spans.at(-1)?.end ?? 0)) spans.push(span);
      }
      return spans;
    },
  };
}

/** A term without a word has no edges to mind, and can only stand between words. */
function compileSymbols(symbols: string, isInsensitive: boolean): Term {
  function find(text: PreparedText, limit: number): Span[] {
    const spans: Span[] = [];
    const index = text.words(isInsensitive);
    const holds = index.gapKeys.map((key) => key.includes(symbols));
    for (const [place, gapNumber] of index.gaps.entries()) {
      if (!holds[gapNumber]) continue;
      const key = index.gapKeys[gapNumber] ?? '';
      const gap = gapAt(text, index, place);
      const lengthOf = createGapReader(gap.text);
      for (let at = key.indexOf(symbols); at !== -1; at = key.indexOf(symbols, at + symbols.length)) {
        if (spans.length >= limit) return spans;
        const start = gap.start + lengthOf(at);
        spans.push({ start, end: gap.start + lengthOf(at + symbols.length) });
      }
    }
    return spans;
  }
  return {
    matches: (text) => text.words(isInsensitive).gapKeys.some((key) => key.includes(symbols)),
    find,
  };
}

/** Which of the wanted words stands in the text least often. */
function findRarest(index: WordIndex, wanted: number[]): number {
  const counts = wanted.map((wordNumber) => index.places[wordNumber]?.length ?? 0);
  return counts.indexOf(Math.min(...counts));
}

function isRun(index: WordIndex, first: number, wanted: number[], wantedGaps: number[]): boolean {
  for (let i = 0; i < wanted.length; i += 1) {
    if (index.words[first + i] !== wanted[i]) return false;
    if (i > 0 && index.gaps[first + i] !== wantedGaps[i - 1]) return false;
  }
  return true;
}

/** What the gap before a word (behind the last one: the rest of the text) is compared as. */
const gapKeyAt = (index: WordIndex, place: number) => index.gapKeys[index.gaps[place] ?? -1] ?? '';

/** The same gap as it stands in the text. */
function gapAt({ nfc }: PreparedText, index: WordIndex, place: number): { start: number; text: string } {
  const start = place === 0 ? 0 : (index.ends[place - 1] ?? nfc.length);
  return { start, text: nfc.slice(start, index.starts[place] ?? nfc.length) };
}
