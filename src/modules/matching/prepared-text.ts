import { type FuzzyText, prepareFuzzy } from './fuzzy-text.ts';
import { toNfc } from './nfc.ts';
import { foldForSearch } from './required-literals.ts';
import { indexWords, type WordIndex } from './word-index.ts';

/** Where a rule matches: UTF-16 offsets into the NFC text, `end` behind the last character. */
export interface Span {
  start: number;
  end: number;
}

/** A document's title and text, got ready once for any number of rules; each part when a rule first asks. */
export interface PreparedText {
  /** in NFC; spans and excerpts are of this text */
  readonly nfc: string;
  words(isInsensitive: boolean): WordIndex;
  fuzzy(isInsensitive: boolean): FuzzyText;
  /** `nfc` with each space of another kind as a plain one, at the same offsets: for regular expressions */
  plainSpaces(): string;
  /** the same in one case, at other offsets: for the strings that a regular expression requires */
  foldedForSearch(): string;
}

/** Spaces that RE2's `\s` does not know, though French typography is full of them. */
export const otherSpaces = /[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

export function prepareText(text: string): PreparedText {
  const nfc = toNfc(text);
  const plainSpaces = once(() => nfc.replace(otherSpaces, ' '));
  const words = [false, true].map((isInsensitive) => once(() => indexWords(nfc, isInsensitive)));
  const fuzzy = [false, true].map((isInsensitive) => once(() => prepareFuzzy(nfc, isInsensitive)));
  const pick = <T>(parts: (() => T)[], isInsensitive: boolean) => {
    const part = parts[isInsensitive ? 1 : 0];
    if (!part) throw new Error('There are two parts.');
    return part();
  };
  return {
    nfc,
    words: (isInsensitive) => pick(words, isInsensitive),
    fuzzy: (isInsensitive) => pick(fuzzy, isInsensitive),
    plainSpaces,
    foldedForSearch: once(() => foldForSearch(plainSpaces())),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
