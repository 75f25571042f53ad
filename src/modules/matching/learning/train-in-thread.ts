import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Lesson } from './train.ts';

/** What was learned, as it is stored. */
export interface Learned {
  model: Uint8Array;
  /** ids of the labels that it knows */
  labels: number[];
  documents: number;
  accuracy: number;
  baseline: number;
}

/** MB of a thread's own heap: 20,000 documents take less than half of it */
const mostMemory = 512;

/**
 * Learns in a thread of its own, so that requests are answered meanwhile: seconds of computing for thousands of
 * documents. The pieces are sent one at a time, so that no more than two are held. Null where there is nothing to
 * be learned; throws when `signal` fires.
 */
export async function trainInThread({
  lessons,
  exclusive,
  signal,
}: {
  lessons: AsyncIterable<Lesson[]>;
  exclusive: boolean;
  signal: AbortSignal;
}): Promise<Learned | null> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { exclusive },
    // nothing of the server's environment, which holds secrets
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: mostMemory },
  });
  // a thread that has come to its end, by itself or out of memory, answers no more
  const ended = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that learns has ended')));
  });
  ended.catch(() => undefined);
  const say = async (message: Lesson[] | null): Promise<unknown> => {
    const answer = once(worker, 'message', { signal });
    worker.postMessage(message);
    return (await Promise.race([answer, ended]))[0];
  };
  try {
    for await (const piece of lessons) await say(piece);
    return (await say(null)) as Learned | null;
  } finally {
    await worker.terminate();
  }
}
