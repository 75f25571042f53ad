import { type Context, createContext, Script } from 'node:vm';

const call = new Script('work()');

/**
 * Makes a runner for work that only computes; it stops the work after some milliseconds, wherever it is. What
 * the work had in hand may then be half done, and is not to be used again. A call costs about 0.1 ms.
 */
export function createTimeLimit(ms: number): <T>(work: () => T) => { value: T } | 'too slow' {
  let context: Context | undefined;
  return (work) => {
    let done: { value: ReturnType<typeof work> } | undefined;
    context ??= createContext({ work: undefined });
    context.work = () => {
      done = { value: work() };
    };
    try {
      call.runInContext(context, { timeout: ms });
    } catch (error) {
      if (!isTimeout(error)) throw error;
    } finally {
      context.work = undefined;
    }
    return done ?? 'too slow';
  };
}

/** Node makes this error inside the context, where `Error` is another one than here. */
const isTimeout = (error: unknown) =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
