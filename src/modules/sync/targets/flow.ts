import type { FileStream } from '../sync-target.ts';

interface FlowOptions<F, R> {
  files: FileStream<F>;
  /** most files taken whose result has not been handed over yet */
  limit: number;
  /** Gives the file's result; rejects only with what ends the whole flow. */
  each: (file: F) => Promise<R>;
  /** aborted, with the error as its reason, when the session is over */
  ended: AbortSignal;
}

/**
 * The ordering rules of `SyncSession.put` and `verify`, for targets that handle files side by side: bounded
 * look-ahead, results as they come, results before the error that ends the flow, nothing under way once the
 * iteration is over.
 */
export async function* flow<F, R>({ files, limit, each, ended }: FlowOptions<F, R>): AsyncGenerator<R> {
  const ready: R[] = [];
  let active = 0;
  let exhausted = false;
  let stopped = false;
  let failure: { error: unknown } | null = null;
  let wakeReader = () => {};
  let wakePump = () => {};

  const fail = (error: unknown) => {
    failure ??= { error };
    wakeReader();
    wakePump();
  };
  const onEnd = () => fail(ended.reason);
  const halted = () => stopped || failure !== null;

  const start = async (file: F) => {
    active++;
    try {
      ready.push(await each(file));
    } catch (error) {
      fail(error);
    }
    active--;
    wakeReader();
  };

  const pump = async () => {
    try {
      for await (const file of files) {
        if (halted()) break;
        void start(file);
        while (active + ready.length >= limit && !halted()) {
          await new Promise<void>((resolve) => {
            wakePump = resolve;
          });
        }
        if (halted()) break;
      }
    } catch (error) {
      fail(error);
    }
    exhausted = true;
    wakeReader();
  };

  if (ended.aborted) throw ended.reason;
  ended.addEventListener('abort', onEnd, { once: true });
  void pump();
  try {
    for (;;) {
      for (let result = ready.shift(); result !== undefined; result = ready.shift()) {
        wakePump();
        yield result;
      }
      if (active === 0 && ready.length === 0) {
        if (failure) throw (failure as { error: unknown }).error;
        if (exhausted) return;
      }
      if (ready.length > 0) continue;
      await new Promise<void>((resolve) => {
        wakeReader = resolve;
      });
    }
  } finally {
    stopped = true;
    ended.removeEventListener('abort', onEnd);
    wakePump();
    while (active > 0) {
      await new Promise<void>((resolve) => {
        wakeReader = resolve;
      });
    }
  }
}
