import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface Load {
  url: string;
  cookie?: string;
  connections: number;
  ms: number;
}

export interface LoadResult {
  /** requests answered with 200 */
  perSecond: number;
  /** milliseconds */
  p50: number;
  p99: number;
}

export interface Loader {
  /** Throws on any answer but a 200. */
  run: (load: Load) => Promise<LoadResult>;
  stop: () => void;
}

/** A process that puts load on servers, one measurement after the other. */
export function startLoader(): Loader {
  const child = fork(path.join(import.meta.dirname, 'load-worker.ts'));
  return {
    async run(load) {
      child.send(load);
      const [{ result, error }] = (await once(child, 'message')) as [{ result?: LoadResult; error?: string }];
      if (!result) throw new Error(error);
      return result;
    },
    stop: () => {
      child.kill();
    },
  };
}
