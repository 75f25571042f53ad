import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SyntheticDocument } from './generate.ts';
import type { Stretch } from './paper-worker.ts';

export type PaperWriter = ReturnType<typeof createPaperWriter>;

/** The thread of `paper-worker.ts`: makes papers and writes their bytes below `root`, one stretch at a time. */
export function createPaperWriter({ seed, root }: { seed: number; root: string }) {
  const worker = new Worker(new URL('./paper-worker.ts', import.meta.url), { workerData: { seed, root } });
  return {
    /** Returns when the bytes are written. Rejects when they cannot be (a full disk). */
    async write(stretch: Stretch): Promise<SyntheticDocument[]> {
      worker.postMessage(stretch);
      const [written] = await once(worker, 'message');
      return written;
    },
    async close(): Promise<void> {
      await worker.terminate();
    },
  };
}
