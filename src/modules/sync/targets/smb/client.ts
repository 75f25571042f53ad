import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SyncTargetError } from '../../sync.errors.ts';
import type { FromWorker, OperationName, Operations, ToWorker } from './protocol.ts';

/** ms that calls under way have to clean up once the session is over, before the worker is killed */
const CLEAN_UP_MS = 2000;
/** ms to wait for a killed process: one that hangs in the kernel goes only when the mount comes back */
const EXIT_MS = 1000;

/** Where the worker's code is kept compiled: it starts in 40 ms instead of 120. Not writable: no cache. */
const NODE_COMPILE_CACHE = fileURLToPath(
  new URL('../../../../../node_modules/.cache/classeur-worker', import.meta.url),
);

interface Call {
  resolve: (output: never) => void;
  reject: (error: SyncTargetError) => void;
  movedAt: number;
}

export type WorkerClient = ReturnType<typeof startWorker>;

/**
 * Starts the process that does the file work on a mount, and holds it to the deadline: a call that has not
 * moved for `deadlineMs` means that the mount hangs; the worker is killed and the session is over with
 * `timeout`. The server's own threads never touch the mount.
 */
export function startWorker({ signal, deadlineMs }: { signal: AbortSignal; deadlineMs: number }) {
  const calls = new Map<number, Call>();
  const over = new AbortController();
  const beatMs = Math.max(5, Math.min(500, deadlineMs / 10));
  let lastId = 0;
  let closing: Promise<void> | null = null;

  const worker = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [String(beatMs)], {
    execArgv: ['--max-semi-space-size=1'],
    // nothing of the server's environment, which holds secrets; a thread for each file and folder in work
    env: { UV_THREADPOOL_SIZE: '24', NODE_COMPILE_CACHE },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
    worker.on('error', () => resolve());
  });
  void gone.then(() => {
    end(
      new SyncTargetError('session_lost', {
        detail: `worker ended: ${worker.signalCode ?? worker.exitCode}`,
      }),
    );
    rejectAll();
  });

  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'beat') {
      for (const id of message.ids) moved(id);
      return;
    }
    const call = calls.get(message.id);
    if (!call) return;
    calls.delete(message.id);
    if (message.kind === 'done') return call.resolve(message.output as never);
    const { code, params, detail } = message;
    const fault = new SyncTargetError(code, { params, ...(detail !== null && { detail }) });
    if (fault.scope !== 'file') end(fault);
    call.reject(fault.code === 'cancelled' ? over.signal.reason : fault);
  });

  const watch = setInterval(() => {
    // What the worker said while this process was busy is read before it is judged.
    if (isLate()) setImmediate(() => isLate() && hang());
  }, beatMs);
  watch.unref();

  const onAbort = () => end(new SyncTargetError('cancelled'));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });

  function moved(id: number) {
    const call = calls.get(id);
    if (call) call.movedAt = performance.now();
  }

  function isLate() {
    const limit = performance.now() - deadlineMs;
    for (const { movedAt } of calls.values()) if (movedAt < limit) return true;
    return false;
  }

  function hang() {
    end(new SyncTargetError('timeout', { params: { seconds: Math.ceil(deadlineMs / 1000) } }));
    kill();
  }

  /** The session is over: nothing new is taken, what is under way cleans up, and is killed if it does not. */
  function end(reason: SyncTargetError) {
    if (over.signal.aborted) return;
    over.abort(reason);
    signal.removeEventListener('abort', onAbort);
    send({ kind: 'cancel' });
    setTimeout(() => calls.size > 0 && kill(), Math.min(CLEAN_UP_MS, deadlineMs)).unref();
  }

  function kill() {
    worker.kill('SIGKILL');
    rejectAll();
  }

  function rejectAll() {
    const rest = [...calls.values()];
    calls.clear();
    for (const call of rest) call.reject(over.signal.reason);
  }

  function send(message: ToWorker) {
    // a failed send is told by the worker's exit
    if (worker.connected) worker.send(message, () => {});
  }

  async function shutDown(): Promise<void> {
    end(new SyncTargetError('closed'));
    const settled = Date.now() + Math.min(CLEAN_UP_MS, deadlineMs);
    while (calls.size > 0 && Date.now() < settled) await within(beatMs, gone);
    if (worker.connected) worker.disconnect();
    if (!(await within(EXIT_MS, gone))) kill();
    if (!(await within(EXIT_MS, gone))) letGo(worker);
    clearInterval(watch);
    rejectAll();
  }

  return {
    /** aborted, with the error as its reason, once the session is over */
    ended: over.signal,
    pid: worker.pid,

    /** Rejects with what the worker answered, or with what ended the session. */
    call<N extends OperationName>(name: N, input: Operations[N]['input']): Promise<Operations[N]['output']> {
      if (over.signal.aborted) return Promise.reject(over.signal.reason);
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        calls.set(id, { resolve, reject, movedAt: performance.now() });
        send({ kind: 'call', id, name, input });
      });
    },

    close(): Promise<void> {
      closing ??= shutDown();
      return closing;
    },
  };
}

/** Whether it came about in time. */
async function within(ms: number, event: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  const inTime = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

/** It is dead but for a call in the kernel: nothing of ours waits for it any more. */
function letGo(worker: ChildProcess) {
  worker.unref();
  worker.removeAllListeners();
  worker.on('error', () => {});
}
