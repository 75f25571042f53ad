import { foldCase } from './case-folding.ts';

/**
 * A word is Unicode letters, digits and `_` (contract §5); a combining mark belongs to the character that it
 * stands on, so that `x` is not found in `x̂`.
 */
const word = /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*/gu;

/** JavaScript's white space (with no-break spaces) and Unicode's NEXT LINE. */
export const whiteSpace = '[\\s\\u0085]';
const whiteSpaceRun = new RegExp(`${whiteSpace}+`, 'g');
const oneWhiteSpace = new RegExp(whiteSpace);
const outerWhiteSpace = new RegExp(`^${whiteSpace}+|${whiteSpace}+$`, 'g');

export const trimWhite = (text: string) => text.replace(outerWhiteSpace, '');

/** What two pieces of text have to share to be the same to a rule. */
const keyOf = (text: string, isInsensitive: boolean) => (isInsensitive ? foldCase(text) : text);

/** The gap between two words, as it is compared: any run of white space is one space. */
const gapKey = (gap: string, isInsensitive: boolean) => keyOf(gap.replace(whiteSpaceRun, ' '), isInsensitive);

/** Words and what stands between them: gap, word, gap, …, word, gap. */
export interface Pieces {
  words: string[];
  gaps: string[];
  starts: number[];
  ends: number[];
}

/** Cuts NFC text into pieces, each as the key that it is compared by. */
export function cutIntoPieces(nfc: string, isInsensitive: boolean): Pieces {
  const pieces: Pieces = { words: [], gaps: [], starts: [], ends: [] };
  const keys = new Map<string, string>();
  const gapKeys = new Map<string, string>();
  let behind = 0;
  const addGap = (until: number) => {
    const gap = nfc.slice(behind, until);
    let key = gapKeys.get(gap);
    if (key === undefined) {
      key = gapKey(gap, isInsensitive);
      gapKeys.set(gap, key);
    }
    pieces.gaps.push(key);
  };
  for (const { 0: found, index } of nfc.matchAll(word)) {
    addGap(index);
    let key = keys.get(found);
    if (key === undefined) {
      key = keyOf(found, isInsensitive);
      keys.set(found, key);
    }
    pieces.words.push(key);
    pieces.starts.push(index);
    behind = index + found.length;
    pieces.ends.push(behind);
  }
  addGap(nfc.length);
  return pieces;
}

/** A text's pieces by number, and where each word stands, so that a rule need not read the text again. */
export interface WordIndex {
  /** the numbers of the words, in order; of the gaps, one more */
  words: Int32Array;
  gaps: Int32Array;
  wordNumbers: Map<string, number>;
  gapNumbers: Map<string, number>;
  /** by the number of a gap: what it is compared as */
  gapKeys: string[];
  /** by the number of a word: where it stands in `words` */
  places: number[][];
  /** offsets of the words in the text */
  starts: number[];
  ends: number[];
}

/** Gives equal keys equal numbers, in the order of their first use. */
function number(keys: string[]): { numbers: Int32Array; byKey: Map<string, number> } {
  const byKey = new Map<string, number>();
  const numbers = Int32Array.from(keys, (key) => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    byKey.set(key, byKey.size);
    return byKey.size - 1;
  });
  return { numbers, byKey };
}

export function indexWords(nfc: string, isInsensitive: boolean): WordIndex {
  const pieces = cutIntoPieces(nfc, isInsensitive);
  const words = number(pieces.words);
  const gaps = number(pieces.gaps);
  const places: number[][] = Array.from(words.byKey, () => []);
  for (const [place, wordNumber] of words.numbers.entries()) places[wordNumber]?.push(place);
  return {
    words: words.numbers,
    gaps: gaps.numbers,
    wordNumbers: words.byKey,
    gapNumbers: gaps.byKey,
    gapKeys: [...gaps.byKey.keys()],
    places,
    starts: pieces.starts,
    ends: pieces.ends,
  };
}

/**
 * Leads from what a gap is compared as back into the gap itself: how far the first characters of its key reach
 * there. It is asked for growing lengths, and reads the gap once.
 */
export function createGapReader(gap: string): (length: number) => number {
  let compared = 0;
  let raw = 0;
  return (length) => {
    for (; compared < length && raw < gap.length; compared += 1) {
      const isWhite = oneWhiteSpace.test(gap.charAt(raw));
      raw += 1;
      while (isWhite && raw < gap.length && oneWhiteSpace.test(gap.charAt(raw))) raw += 1;
    }
    return raw;
  };
}
