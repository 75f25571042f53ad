import { fuzzyCodes } from './fuzzy-text.ts';
import type { PreparedText, Span } from './prepared-text.ts';
import { possibleStarts, type Trigrams } from './trigrams.ts';

/**
 * The partial ratio of RapidFuzz (https://rapidfuzz.github.io/RapidFuzz/Usage/fuzz.html#partial-ratio): the
 * shorter of the two is laid over the longer at every place, also hanging over its ends, and compared with the
 * window it covers; the ratio of two strings is 100 · 2 · LCS / (sum of their lengths), LCS being the longest
 * common subsequence of code points. Two of one length are laid over each other both ways.
 */
interface Window {
  from: number;
  to: number;
  /** their longest common subsequence */
  common: number;
}

/** 2 · common / (needle + window) ≥ 90 %, in whole numbers. */
const isAlike = (common: number, needle: number, window: number) => 20 * common >= 9 * (needle + window);

/** Bits of a pattern in one number: a sum of two must stay an int32. */
const LIMB = 30;
const LIMB_MASK = 2 ** LIMB - 1;

/**
 * One number's worth of a row in the table of the longest common subsequence takes about 2 ns; a search stops
 * after this many, some 60 ms. Prose of several megabytes stays far below; what gets there is a text made to be
 * almost alike, but never quite, at each of a hundred thousand places, and it does not match.
 */
const MOST_STEPS = 30_000_000;

interface Search {
  needle: Int32Array;
  haystack: Int32Array;
  /** both are over an alphabet of the numbers below this */
  letters: number;
  /** of the haystack, where it is searched for many needles */
  trigrams?: Trigrams | undefined;
}

/** Searches one needle in one haystack. */
function createSearch({ needle, haystack, letters, trigrams }: Search) {
  const size = needle.length;
  const enough = Math.ceil((9 * size) / 10);
  const starts = trigrams && possibleStarts({ needle, haystack, trigrams, strays: size - enough });
  const limbs = Math.ceil(size / LIMB);
  const masks = new Int32Array(letters * limbs);
  const counts = new Int32Array(letters);
  for (const [i, letter] of needle.entries()) {
    const limb = letter * limbs + Math.floor(i / LIMB);
    masks[limb] = (masks[limb] ?? 0) | (1 << (i % LIMB));
    counts[letter] = (counts[letter] ?? 0) + 1;
  }
  const row = new Int32Array(limbs);
  let steps = 0;

  /**
   * Length of the longest common subsequence of the needle and a window, a bit for each letter of the needle
   * (Hyyrö, Bit-parallel LCS-length computation revisited, 2004).
   */
  function commonLength(from: number, to: number): number {
    steps += (to - from) * limbs;
    row.fill(LIMB_MASK);
    for (let at = from; at < to; at += 1) {
      const mask = (haystack[at] ?? 0) * limbs;
      let carry = 0;
      for (let limb = 0; limb < limbs; limb += 1) {
        const bits = row[limb] ?? 0;
        const same = bits & (masks[mask + limb] ?? 0);
        const sum = bits + same + carry;
        carry = sum >>> LIMB;
        row[limb] = (sum & LIMB_MASK) | (bits ^ same);
      }
    }
    let common = 0;
    for (let i = 0; i < size; i += 1) common += 1 - (((row[Math.floor(i / LIMB)] ?? 0) >>> (i % LIMB)) & 1);
    return common;
  }

  const tooMuch = () => steps > MOST_STEPS;

  function alike(from: number, to: number): Window | undefined {
    const common = commonLength(from, to);
    return isAlike(common, size, to - from) ? { from, to, common } : undefined;
  }

  /** Windows shorter than the needle, at the one end and at the other. */
  function* overhanging(side: 'start' | 'end'): Generator<Window> {
    for (let width = size - 1; isAlike(width, size, width) && width > 0; width -= 1) {
      const found =
        side === 'start'
          ? alike(0, Math.min(width, haystack.length))
          : alike(Math.max(0, haystack.length - width), haystack.length);
      if (found) yield found;
    }
  }

  /**
   * The next full window that is alike, from a place on. Bounds pass over windows without changing the answer:
   * the places where one may begin at all, where they are known; else, that a window cannot have more in common
   * than it has of the needle's letters, in any order; and that one step to the right changes the common length
   * by at most one.
   */
  const nextFull = (start: number) => (starts ? nextOf(starts, start) : nextOfAll(start));

  function nextOf(places: number[], start: number): Window | undefined {
    let next = start;
    for (const from of places) {
      if (from < next) continue;
      if (tooMuch()) return undefined;
      const common = commonLength(from, from + size);
      if (common >= enough) return best({ from, to: from + size, common });
      next = from + enough - common;
    }
    return undefined;
  }

  function nextOfAll(start: number): Window | undefined {
    const left = counts.slice();
    let shared = 0;
    const enter = (letter: number) => {
      const count = left[letter] ?? 0;
      left[letter] = count - 1;
      if (count > 0) shared += 1;
    };
    const leave = (letter: number) => {
      const count = left[letter] ?? 0;
      left[letter] = count + 1;
      if (count >= 0) shared -= 1;
    };
    if (start + size > haystack.length) return undefined;
    for (let at = start; at < start + size; at += 1) enter(haystack[at] ?? 0);
    let next = start;
    for (let from = start; ; from += 1) {
      if (from >= next && shared >= enough) {
        if (tooMuch()) return undefined;
        const common = commonLength(from, from + size);
        if (common >= enough) return best({ from, to: from + size, common });
        next = from + enough - common;
      }
      if (from + size >= haystack.length) return undefined;
      leave(haystack[from] ?? 0);
      enter(haystack[from + size] ?? 0);
    }
  }

  /** A little further to the right it may fit better still: what is shown should be the whole of it. */
  function best(first: Window): Window {
    let found = first;
    const last = Math.min(first.from + size - first.common, haystack.length - size);
    for (let from = first.from + 1; from <= last; from += 1) {
      const common = commonLength(from, from + size);
      if (common > found.common) found = { from, to: from + size, common };
    }
    return found;
  }

  return { overhanging, nextFull, tooMuch };
}

/** Where the needle is alike, none of the places within another, in order. */
function findWindows(o: Search & { limit: number }): Window[] {
  const { limit } = o;
  const search = createSearch(o);
  const found: Window[] = [];
  for (let free = 0; found.length < limit; ) {
    const window = search.nextFull(free);
    if (!window) break;
    found.push(window);
    free = window.to;
  }
  const isFree = ({ from, to }: Window) => found.every((other) => to <= other.from || from >= other.to);
  if (found.length < limit) {
    for (const side of ['start', 'end'] as const) {
      for (const window of search.overhanging(side)) if (isFree(window)) found.push(window);
    }
  }
  return found.sort((one, other) => one.from - other.from).slice(0, limit);
}

/** The pattern is in NFC. One of which nothing is left without its punctuation matches nothing. */
export function compileFuzzy(pattern: string, isInsensitive: boolean) {
  const codes = fuzzyCodes(pattern, isInsensitive);

  function find(text: PreparedText, limit: number): Span[] {
    if (codes.length === 0) return [];
    const { letters, alphabet, starts, ends, trigrams } = text.fuzzy(isInsensitive);
    if (letters.length === 0) return [];
    const strange = alphabet.size;
    const needle = Int32Array.from(codes, (code) => alphabet.get(code) ?? strange);
    const isWithin = needle.length <= letters.length;
    const windows = isWithin
      ? findWindows({ needle, haystack: letters, letters: strange + 1, trigrams: trigrams(), limit })
      : [];
    if (windows.length > 0) {
      return windows.map(({ from, to }) => ({ start: starts[from] ?? 0, end: ends[to - 1] ?? 0 }));
    }
    // the text is the shorter one, or as long: it is all of it that is alike
    if (isWithin && needle.length < letters.length) return [];
    const whole = { start: starts[0] ?? 0, end: ends.at(-1) ?? 0 };
    return findWindows({ needle: letters, haystack: needle, letters: strange + 1, limit: 1 }).map(
      () => whole,
    );
  }

  return { find, matches: (text: PreparedText) => find(text, 1).length > 0 };
}
