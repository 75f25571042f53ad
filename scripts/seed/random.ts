export type Random = ReturnType<typeof createRandom>;

/**
 * Chris Doty-Humphrey's sfc32: small, fast, and good enough for synthetic papers. The same three numbers give
 * the same sequence on every machine.
 */
export function createRandom(first: number, second: number, third = 0) {
  let a = first | 0;
  let b = second | 0;
  let c = third | 0;
  let counter = 1;

  /** 0 … 2^32 - 1 */
  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
  // Seeds that differ in one bit stay alike for the first rounds.
  for (let round = 0; round < 12; round += 1) next();

  const unit = () => next() / 2 ** 32;
  const below = (limit: number) => Math.floor(unit() * limit);
  return {
    /** 0 up to, not with, 1 */
    unit,
    /** a whole number from 0 to `limit` - 1 */
    below,
    /** a whole number, both ends included */
    between: (low: number, high: number) => low + below(high - low + 1),
    chance: (probability: number) => unit() < probability,
    pick<T>(list: readonly T[]): T {
      const found = list[below(list.length)];
      if (found === undefined) throw new Error('nothing to pick from');
      return found;
    },
  };
}
