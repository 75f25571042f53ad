const MOST_FILES = 16;
/** bytes; bounds both memory and how much a slow line may have to take in before the next sign of life */
const MOST_BYTES = 8 * 1024 * 1024;
/** bytes; a larger file is copied piece by piece */
export const PIECE = 1024 * 1024;

export interface Slot {
  /** a buffer of this length, at most PIECE, the same memory each time */
  buffer(which: 0 | 1, length: number): Buffer;
}

/**
 * The places in which files are copied: so many files and so many bytes at once, first come first served; a
 * file larger than all the bytes goes alone with the bytes it finds. Buffers stay with their place, so a run
 * over a million files allocates as much as one over eight.
 */
export function createSlots() {
  const free: Slot[] = Array.from({ length: MOST_FILES }, createSlot);
  const queue: { size: number; enter: (slot: Slot) => void }[] = [];
  let bytes = 0;

  function admit() {
    for (;;) {
      const [next] = queue;
      const slot = free.at(-1);
      if (!next || !slot || (bytes > 0 && bytes + next.size > MOST_BYTES)) return;
      queue.shift();
      free.pop();
      bytes += next.size;
      next.enter(slot);
    }
  }

  return {
    async use<T>(
      size: number,
      wait: (turn: Promise<Slot>) => Promise<Slot>,
      work: (slot: Slot) => Promise<T>,
    ): Promise<T> {
      const cost = Math.min(size, MOST_BYTES);
      const turn = new Promise<Slot>((enter) => queue.push({ size: cost, enter }));
      admit();
      const slot = await wait(turn);
      try {
        return await work(slot);
      } finally {
        free.push(slot);
        bytes -= cost;
        admit();
      }
    },
  };
}

function createSlot(): Slot {
  const held: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  return {
    buffer(which, length) {
      if (held[which].length < length) {
        // by powers of two from 128 KiB: a place that only sees small files stays small
        const room = Math.min(PIECE, Math.max(131_072, 2 ** Math.ceil(Math.log2(length))));
        held[which] = Buffer.allocUnsafeSlow(room);
      }
      return held[which].subarray(0, length);
    },
  };
}
