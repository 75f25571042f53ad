import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setPriority } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanText } from './clean-text.ts';
import { exitCodes, type Order } from './extractor/order.ts';

export interface TextLimits {
  /** ms of processor time (Linux): what a file costs, however busy the machine is; and ms from start to end */
  cpu: number;
  time: number;
  /** bytes of memory of the process (Linux), and of its JavaScript heap */
  memory: number;
  heap: number;
  /** bytes of text that are kept; longer ones are cut */
  text: number;
  /** bytes of a PDF, which is read whole */
  pdf: number;
}

const mb = 1024 * 1024;
export const textLimits: TextLimits = {
  cpu: 60_000,
  time: 240_000,
  memory: 512 * mb,
  heap: 256 * mb,
  text: 1_000_000,
  pdf: 200 * mb,
};

/** How the text of a file is to be read. */
export type FileText = 'pdf' | 'plain';

export type Outcome =
  | { status: 'done'; text: string }
  /** there is none: a scan, an empty page */
  | { status: 'none' }
  | {
      status: 'failed';
      reason: 'broken' | 'locked' | 'too big' | 'too slow' | 'too much memory' | 'crashed';
    };

const extractor = fileURLToPath(new URL('./extractor/', import.meta.url));
/** Its real path: node_modules may be a link, which that process could not follow. */
const pdfjs = path.join(path.dirname(createRequire(import.meta.url).resolve('unpdf')), 'pdfjs.mjs');

/** how often a process is tried that somebody else killed: the kernel, short of memory, or a person */
const attempts = 3;
/** ms between two looks at what it has used */
const watchEvery = 50;

/**
 * The text of a file, taken out by a process of its own that can read nothing else and is killed at its limits; this
 * one's memory does not grow with the file. Every fault of the file is an outcome. Rejects with the signal's reason
 * when it fires, with what `open` rejects with, and when no process can be started or it cannot work.
 */
export async function takeOutText({
  open,
  kind,
  signal,
  limits = textLimits,
}: {
  open: () => Promise<{ fd: number; close(): Promise<void> }>;
  kind: FileText;
  signal: AbortSignal;
  limits?: TextLimits;
}): Promise<Outcome> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const file = await open();
    const end = await runExtractor({ fd: file.fd, kind, signal, limits }).finally(() => file.close());
    signal.throwIfAborted();
    if (end.signal === 'SIGKILL' && !end.killedFor && attempt < attempts) continue;
    return outcomeOf(end, limits);
  }
}

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** why we killed it, if we did */
  killedFor: 'too slow' | 'too much memory' | 'too big' | null;
  output: Buffer;
}

function outcomeOf({ code, signal, killedFor, output }: End, limits: TextLimits): Outcome {
  if (killedFor) return { status: 'failed', reason: killedFor };
  if (signal) return { status: 'failed', reason: 'crashed' };
  switch (code) {
    case 0: {
      const text = cleanText(output, { limit: limits.text });
      return text === null ? { status: 'none' } : { status: 'done', text };
    }
    case exitCodes.broken:
      return { status: 'failed', reason: 'broken' };
    case exitCodes.locked:
      return { status: 'failed', reason: 'locked' };
    case exitCodes.tooBig:
      return { status: 'failed', reason: 'too big' };
    default:
      // Below 14 are Node's own: it could not read the extractor's code, or not understand its options.
      if (code === exitCodes.unable || (code ?? 0) < 14)
        throw new Error(`the process that takes out text cannot work here (${code})`);
      return { status: 'failed', reason: 'crashed' };
  }
}

async function runExtractor({
  fd,
  kind,
  signal,
  limits,
}: {
  fd: number;
  kind: FileText;
  signal: AbortSignal;
  limits: TextLimits;
}): Promise<End> {
  const child = spawn(
    process.execPath,
    [
      '--permission',
      `--allow-fs-read=${extractor}`,
      `--allow-fs-read=${pdfjs}`,
      '--disallow-code-generation-from-strings',
      `--max-old-space-size=${Math.floor(limits.heap / mb)}`,
      path.join(extractor, 'worker.ts'),
      JSON.stringify({
        kind,
        pdfjs,
        mostText: limits.text,
        mostPdf: limits.pdf,
        server: process.pid,
      } satisfies Order),
    ],
    { env: {}, cwd: extractor, stdio: [fd, 'pipe', 'ignore'], signal, killSignal: 'SIGKILL' },
  );
  // Not once(): a process that the signal kills says so as an error first.
  const closed = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (...end) => resolve(end));
  });
  let fault: Error | undefined;
  child.on('error', (error) => {
    fault = error;
  });
  const { pid } = child;
  if (pid === undefined) {
    await closed;
    throw fault ?? new Error('the process that takes out text cannot be started');
  }
  let killedFor: End['killedFor'] = null;
  const kill = (reason: NonNullable<End['killedFor']>) => {
    killedFor ??= reason;
    child.kill('SIGKILL');
  };
  const late = setTimeout(() => kill('too slow'), limits.time);
  const watch = setInterval(async () => {
    const used = await usageOf(pid);
    if (used.memory > limits.memory) kill('too much memory');
    if (used.cpu > limits.cpu) kill('too slow');
  }, watchEvery);
  giveWay(pid, limits);

  const pieces: Buffer[] = [];
  let length = 0;
  child.stdout?.on('data', (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
    if (length > limits.text) kill('too big');
  });
  try {
    const [code, endSignal] = await closed;
    return { code, signal: endSignal, killedFor, output: Buffer.concat(pieces) };
  } finally {
    clearTimeout(late);
    clearInterval(watch);
  }
}

/** Bytes of memory that a process holds, and ms of processor time that it has had; 0 where the system does not say. */
async function usageOf(pid: number): Promise<{ memory: number; cpu: number }> {
  const [status = '', stat = ''] = await Promise.all(
    ['status', 'stat'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  // after the name, which may hold anything; in hundredths of a second on every Linux
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return {
    memory: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024,
    cpu: (user + system) * 10,
  };
}

/**
 * Requests come first. And where this server is killed, nobody is left to look at the clock: the kernel then ends
 * a process that goes round in circles. Both are tried only: not every system knows of them.
 */
function giveWay(pid: number, { cpu }: TextLimits): void {
  try {
    setPriority(pid, 5);
  } catch {
    // it has ended already
  }
  if (process.platform !== 'linux') return;
  const seconds = Math.ceil((2 * cpu) / 1000);
  execFile('prlimit', ['--pid', String(pid), `--cpu=${seconds}`], () => undefined);
}
