import { foldCase } from './case-folding.ts';
import { indexTrigrams, type Trigrams } from './trigrams.ts';

/**
 * A text as `fuzzy` compares it: letters, marks, digits and `_`, runs of white space as one space, all else
 * dropped (contract §5: punctuation is dropped on both sides).
 */
export interface FuzzyText {
  /** code points, each as its place in the text's own alphabet */
  letters: Int32Array;
  /** code point → place in the alphabet */
  alphabet: Map<number, number>;
  /** offset in the NFC text of the character that each letter was made of */
  starts: Int32Array;
  ends: Int32Array;
  /** where three letters in a row stand in it; made when it is first asked for */
  trigrams: () => Trigrams;
}

const kept = /[\p{L}\p{N}\p{M}_]/u;
const mark = /\p{M}/u;
const white = /[\s\u0085]/;

const SPACE = 0x20;

interface CharacterPart {
  kind: 'kept' | 'mark' | 'white' | 'dropped';
  codes: number[];
}

function classify(code: number, isInsensitive: boolean): CharacterPart {
  const character = String.fromCodePoint(code);
  if (white.test(character)) return { kind: 'white', codes: [SPACE] };
  if (!kept.test(character)) return { kind: 'dropped', codes: [] };
  const compared = isInsensitive ? foldCase(character) : character;
  const codes = Array.from(compared, (one) => one.codePointAt(0) ?? 0);
  return { kind: mark.test(character) ? 'mark' : 'kept', codes };
}

/** Calls back for each letter that is compared; no white space at the ends. */
function eachLetter(
  nfc: string,
  isInsensitive: boolean,
  found: (code: number, start: number, end: number) => void,
) {
  const parts = new Map<number, CharacterPart>();
  let isDropped = false;
  let isFirst = true;
  let space: number | undefined;
  for (let start = 0; start < nfc.length; ) {
    const code = nfc.codePointAt(start) ?? 0;
    const end = start + (code > 0xffff ? 2 : 1);
    let part = parts.get(code);
    if (!part) {
      part = classify(code, isInsensitive);
      parts.set(code, part);
    }
    // a mark goes with what it stands on: an emoji's variation selector with the emoji
    if (part.kind !== 'mark') isDropped = part.kind !== 'kept';
    if (part.kind === 'white') space ??= start;
    else if (!isDropped) {
      if (space !== undefined && !isFirst) found(SPACE, space, space + 1);
      space = undefined;
      isFirst = false;
      for (const one of part.codes) found(one, start, end);
    }
    start = end;
  }
}

/** A pattern's code points, as they are compared. */
export function fuzzyCodes(nfc: string, isInsensitive: boolean): number[] {
  const codes: number[] = [];
  eachLetter(nfc, isInsensitive, (code) => codes.push(code));
  return codes;
}

export function prepareFuzzy(nfc: string, isInsensitive: boolean): FuzzyText {
  const alphabet = new Map<number, number>();
  const letters: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  eachLetter(nfc, isInsensitive, (code, start, end) => {
    let letter = alphabet.get(code);
    if (letter === undefined) {
      letter = alphabet.size;
      alphabet.set(code, letter);
    }
    letters.push(letter);
    starts.push(start);
    ends.push(end);
  });
  const compared = Int32Array.from(letters);
  let trigrams: Trigrams | undefined;
  return {
    letters: compared,
    alphabet,
    starts: Int32Array.from(starts),
    ends: Int32Array.from(ends),
    trigrams() {
      trigrams ??= indexTrigrams(compared);
      return trigrams;
    },
  };
}
