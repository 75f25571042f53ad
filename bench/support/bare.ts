import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { BareRoutes } from './bare-worker.ts';

/** Hand-written SQL behind a bare Fastify, in a process of its own, on the database `url`. */
export async function startBare(o: { url: string; routes: BareRoutes }) {
  const child = fork(path.join(import.meta.dirname, 'bare-worker.ts'), { stdio: 'inherit' });
  child.send(o);
  const [{ base, failed }] = (await once(child, 'message')) as [{ base?: string; failed?: string }];
  if (base === undefined) throw new Error(failed);
  return {
    /** `http://127.0.0.1:<port>` */
    base,
    async stop(): Promise<void> {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
