import { toNfc } from '../nfc.ts';

/** What is learned from and predicted for: a document's title and the beginning of its text. */
export interface Words {
  title: string;
  text: string;
}

/** A word, or two in a row, and where they stand in the title or the text. */
export interface Feature {
  /** a hash of 32 bits; the same words in a title are others than in a text */
  id: number;
  where: 'title' | 'text';
  start: number;
  end: number;
}

/** Who writes, to whom and about what stands at the top of a letter; the rest costs memory and adds noise. */
const mostWords = { title: 50, text: 400 } as const;
/** Characters of a text that are more than enough for as many words. */
export const mostCharacters = 4000;

const word = /[\p{L}\p{N}][\p{L}\p{N}\p{M}_]*/gu;

/** Without case and accents: scanners lose them, people leave them out. */
const fold = (one: string) => one.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let sum = 0x811c_9dc5;
  for (let i = 0; i < text.length; i += 1) sum = Math.imul(sum ^ text.charCodeAt(i), 0x0100_0193);
  return sum >>> 0;
}

/** Of two in their order. */
const mix = (one: number, other: number) => {
  const sum = Math.imul(one ^ (one >>> 15), 0x2c1b_3c6d) + Math.imul(other ^ (other >>> 13), 0x297a_2d39);
  return (sum ^ (sum >>> 16)) >>> 0;
};

const inTitle = hash('title');

/** Hashes of words that came before; words come again and again. */
export type WordHashes = Map<string, number>;

function hashOf(found: string, known: WordHashes): number {
  let sum = known.get(found);
  if (sum === undefined) {
    if (known.size > 50_000) known.clear();
    sum = hash(fold(found));
    known.set(found, sum);
  }
  return sum;
}

/**
 * The words and pairs of a document, in their order. Single letters are no words. Those of the title count twice,
 * as words and as words of a title: there they are chosen with care.
 */
export function* featuresOf({ title, text }: Words, known: WordHashes = new Map()): Generator<Feature> {
  for (const where of ['title', 'text'] as const) {
    const written = where === 'title' ? title : text.slice(0, mostCharacters);
    let before: { sum: number; start: number } | undefined;
    let words = 0;
    for (const { 0: found, index: start } of written.matchAll(word)) {
      if (found.length < 2) continue;
      words += 1;
      if (words > mostWords[where]) break;
      const end = start + found.length;
      const sum = hashOf(found, known);
      yield { id: sum, where, start, end };
      if (before) yield { id: mix(before.sum, sum), where, start: before.start, end };
      if (where === 'title') yield { id: mix(inTitle, sum), where, start, end };
      before = { sum, start };
    }
  }
}

/** Each feature once, in the order of their numbers. */
export function featureIds({ title, text }: Words, known?: WordHashes): Uint32Array {
  const ids = new Set<number>();
  for (const { id } of featuresOf({ title: toNfc(title), text: toNfc(text) }, known)) ids.add(id);
  return Uint32Array.from(ids).sort();
}
