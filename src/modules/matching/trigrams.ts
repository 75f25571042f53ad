/** Where each three letters in a row stand in a text, by a hash of them: no place is missing, some are of others. */
export interface Trigrams {
  /** by hash: where its places begin in `places`; one more, so that the next one's is where they end */
  begins: Int32Array;
  /** offsets of the first letters, in order for each hash */
  places: Int32Array;
}

const size = 3;
const hashBits = 15;

const hashAt = (letters: Int32Array, at: number) =>
  Math.imul(
    ((letters[at] ?? 0) * 1_000_003 + (letters[at + 1] ?? 0)) * 8191 + (letters[at + 2] ?? 0),
    0x9e37_79b1,
  ) >>>
  (32 - hashBits);

export function indexTrigrams(letters: Int32Array): Trigrams {
  const count = Math.max(0, letters.length - size + 1);
  const begins = new Int32Array(2 ** hashBits + 1);
  const hashes = new Int32Array(count);
  for (let at = 0; at < count; at += 1) {
    const hash = hashAt(letters, at);
    hashes[at] = hash;
    begins[hash] = (begins[hash] ?? 0) + 1;
  }
  let sum = 0;
  for (const [hash, places] of begins.entries()) {
    begins[hash] = sum;
    sum += places;
  }
  const next = begins.slice();
  const places = new Int32Array(count);
  for (const [at, hash] of hashes.entries()) {
    const place = next[hash] ?? 0;
    places[place] = at;
    next[hash] = place + 1;
  }
  return { begins, places };
}

/** A part of a needle, and what the text's index holds of three of its letters. */
interface Piece {
  from: number;
  to: number;
  /** offset in the needle of the three letters, and their hash */
  rare: number;
  hash: number;
}

/** `count` parts of the needle, none sharing a letter, whose rarest three letters stand least often in the text. */
function choosePieces(needle: Int32Array, { begins }: Trigrams, count: number): Piece[] | undefined {
  const last = needle.length - size;
  if (needle.length < count * size) return undefined;
  const hashes = Array.from({ length: last + 1 }, (_, at) => hashAt(needle, at));
  const costs = hashes.map((hash) => (begins[hash + 1] ?? 0) - (begins[hash] ?? 0));
  // least[p][n]: the least that p of them cost in the first n letters
  const width = needle.length + 1;
  const least = new Float64Array((count + 1) * width).fill(Number.POSITIVE_INFINITY);
  least.fill(0, 0, width);
  for (let p = 1; p <= count; p += 1) {
    for (let n = p * size; n < width; n += 1) {
      const without = least[p * width + n - 1] ?? 0;
      const ending = (least[(p - 1) * width + n - size] ?? 0) + (costs[n - size] ?? 0);
      least[p * width + n] = Math.min(without, ending);
    }
  }
  const pieces: Piece[] = [];
  let to = needle.length;
  for (let p = count, n = needle.length; p > 0; p -= 1) {
    while (least[p * width + n] === least[p * width + n - 1] && n > p * size) n -= 1;
    const rare = n - size;
    pieces.push({ from: p === 1 ? 0 : rare, to, rare, hash: hashes[rare] ?? 0 });
    to = rare;
    n = rare;
  }
  return pieces;
}

/**
 * Where in the haystack a window as long as the needle may begin that has all but `strays` of its letters in
 * common with it, in order: at every place where it does, and at few others. Undefined where that would be too
 * many to be worth it.
 *
 * At most `strays` letters of the needle are missing in such a window, and as many of the window's stand between
 * the others. Each spoils at most one of 2 · strays + 1 parts of the needle that share no letter: one part at
 * least stands in the window as it is, and no more than `strays` letters away from its place.
 */
export function possibleStarts({
  needle,
  haystack,
  trigrams,
  strays,
}: {
  needle: Int32Array;
  haystack: Int32Array;
  trigrams: Trigrams;
  strays: number;
}): number[] | undefined {
  const pieces = choosePieces(needle, trigrams, 2 * strays + 1);
  if (!pieces) return undefined;
  const most = haystack.length / 16;
  const starts: number[] = [];
  for (const { from, to, rare, hash } of pieces) {
    const end = trigrams.begins[hash + 1] ?? 0;
    const begin = trigrams.begins[hash] ?? 0;
    if (end - begin > most) return undefined;
    for (let i = begin; i < end; i += 1) {
      const start = (trigrams.places[i] ?? 0) - rare;
      if (!standsAt(needle, haystack, { from, to, start })) continue;
      for (let shift = -strays; shift <= strays; shift += 1) starts.push(start + shift);
      if (starts.length > most) return undefined;
    }
  }
  const latest = haystack.length - needle.length;
  return [...new Set(starts)].filter((at) => at >= 0 && at <= latest).sort((one, other) => one - other);
}

function standsAt(
  needle: Int32Array,
  haystack: Int32Array,
  { from, to, start }: { from: number; to: number; start: number },
): boolean {
  for (let at = from; at < to; at += 1) if (needle[at] !== haystack[start + at]) return false;
  return true;
}
