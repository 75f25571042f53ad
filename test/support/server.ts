import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Answer, type Client, password } from './app.ts';
import { createTestDatabase } from './database.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** ms: longer than anything here may take, on a machine that is busy with other tests */
const PATIENCE = 30_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** from the call that ended it, or from the start where it ended by itself */
  ms: number;
}

/** `node src/main.ts`, as `npm start` runs it. */
export interface ServerProcess {
  pid: number;
  exited: Promise<Exit>;
  /** what it has written so far, to stdout and stderr */
  output: () => string;
  /** the match of a pattern in its output; rejects when it ends without having said it */
  says: (pattern: RegExp) => Promise<RegExpExecArray>;
  signal: (signal: NodeJS.Signals) => void;
  /** SIGKILL */
  kill: () => Promise<Exit>;
  /** SIGTERM */
  stop: () => Promise<Exit>;
}

export interface Server extends ServerProcess {
  /** `http://127.0.0.1:<port>` */
  base: string;
  /** from the start of the process to its first answer */
  startMs: number;
  signIn: (username?: string, secret?: string) => Promise<Client>;
  /** the client of a cookie made elsewhere */
  withCookie: (cookie: string) => Client;
}

export type Environment = Record<string, string | undefined>;

/** What servers share: a database, a data folder and a mounted share, gone when the test is over. */
export interface Ground {
  databaseUrl: string;
  dataDir: string;
  nas: string;
  environment: Environment;
}

export async function createGround({ migrated = true } = {}): Promise<Ground> {
  const folder = await createFolder();
  const database = await createTestDatabase({ migrated });
  onTestFinished(() => database.drop());
  const [dataDir, nas] = [path.join(folder, 'data'), await mkdtemp(path.join(folder, 'nas-'))];
  return {
    databaseUrl: database.url,
    dataDir,
    nas,
    environment: {
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      NAS_MOUNT_PATH: nas,
      ADMIN_PASSWORD: password,
    },
  };
}

/** A folder that is gone when the test is over. */
export async function createFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'server-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return folder;
}

/** Starts the process and does not wait for it. It is killed when the test is over. */
export function spawnServer(environment: Environment): ServerProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  // The last argument is for whoever clears up behind a test run that was killed: it tells whose server this is.
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, environment.DATA_DIR ?? ''],
    {
      env: {
        PATH,
        HOME,
        TMPDIR,
        NODE_COMPILE_CACHE: path.join(tmpdir(), 'compile-cache'),
        PORT: '0',
        RATE_LIMIT_MAX: '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error('the server could not be started');
  let output = '';
  let since = performance.now();
  let ended = false;
  let wake = Promise.withResolvers<void>();
  const news = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      news();
    });
  }
  // 'close', not 'exit': its last words have been read by then
  const exited = once(child, 'close').then(([code, signal]) => {
    ended = true;
    news();
    return { code, signal, ms: performance.now() - since } as Exit;
  });
  const end = (signal: NodeJS.Signals) => {
    since = performance.now();
    child.kill(signal);
    return exited;
  };
  onTestFinished(async () => {
    if (!ended) await end('SIGKILL');
  });
  return {
    pid,
    exited,
    output: () => output,
    async says(pattern) {
      const deadline = AbortSignal.timeout(PATIENCE);
      for (;;) {
        const match = pattern.exec(output);
        if (match) return match;
        if (ended || deadline.aborted)
          throw new Error(`the server ${ended ? 'ended' : 'did not say'} (${pattern}):\n${output}`);
        await Promise.race([wake.promise, delay(PATIENCE, undefined, { ref: false })]);
      }
    },
    signal: (signal) => child.kill(signal),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** Starts a server and waits until it answers. */
export async function startServer(environment: Environment): Promise<Server> {
  const started = performance.now();
  const server = spawnServer(environment);
  const [, base = ''] = await server.says(/Server listening at (http:\/\/[\d.]+:\d+)/);
  const healthy = await fetch(`${base}/health`);
  const startMs = performance.now() - started;
  if (!healthy.ok) throw new Error(`the server does not answer: ${healthy.status}`);
  const withCookie = (cookie: string, who: { id: number; username: string } = { id: 0, username: '' }) =>
    clientOf(base, { ...who, cookie });
  return {
    ...server,
    base,
    startMs,
    withCookie,
    async signIn(username = 'admin', secret = password) {
      const answer = await withCookie('').post('/auth/login', { username, password: secret });
      if (answer.status !== 200)
        throw new Error(`${username} cannot sign in: ${answer.status} ${JSON.stringify(answer.body)}`);
      const cookie = String(answer.headers['set-cookie']).split(';', 1)[0] ?? '';
      return withCookie(cookie, { id: answer.body.data.id, username });
    },
  };
}

/** The same calls as in process, over a real socket. */
function clientOf(base: string, who: { id: number; username: string; cookie: string }): Client {
  const send = async (
    method: string,
    url: string,
    o: { headers?: object; payload?: unknown; query?: unknown } = {},
  ): Promise<Answer> => {
    const headers = new Headers(o.headers as Record<string, string>);
    if (who.cookie) headers.set('cookie', who.cookie);
    const raw = o.payload === undefined || typeof o.payload === 'string' || o.payload instanceof Uint8Array;
    if (!raw) headers.set('content-type', 'application/json');
    const query = o.query ? `?${new URLSearchParams(o.query as Record<string, string>)}` : '';
    const reply = await fetch(base + (url.startsWith('//') ? url.slice(1) : `/api/v1${url}`) + query, {
      method,
      headers,
      ...(o.payload !== undefined && { body: (raw ? o.payload : JSON.stringify(o.payload)) as string }),
    });
    const bytes = Buffer.from(await reply.arrayBuffer());
    const isJson = reply.headers.get('content-type')?.startsWith('application/json');
    return {
      status: reply.status,
      body: isJson ? JSON.parse(bytes.toString()) : bytes.toString(),
      headers: Object.fromEntries(reply.headers),
      bytes,
    };
  };
  const withBody =
    (method: string) =>
    (url: string, payload?: unknown, headers: Record<string, string> = {}) =>
      send(method, url, { payload, headers });
  return {
    ...who,
    get: (url, options) => send('GET', url, options),
    delete: (url, options) => send('DELETE', url, options),
    post: withBody('POST'),
    put: withBody('PUT'),
    patch: withBody('PATCH'),
  };
}

/** Waits for a state of the world that nothing announces, looking often. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await delay(2);
  }
}

export interface Process {
  pid: number;
  parent: number;
  commandLine: string;
}

/** Every process of the machine (Linux). */
export async function processes(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    pids.map(async (pid) => {
      const [stat, commandLine] = await Promise.all(
        ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      // after the name, which may hold anything: state, parent
      const [state, parent] = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
      return state === undefined || state === '' || state === 'Z'
        ? []
        : {
            pid: Number(pid),
            parent: Number(parent),
            commandLine: (commandLine ?? '').replaceAll('\0', ' '),
          };
    }),
  );
  return all.flat();
}

export async function childrenOf(pid: number): Promise<Process[]> {
  return (await processes()).filter(({ parent }) => parent === pid);
}

/** The process that does a server's file work on the mount, while a run is under way. */
export async function syncWorkerOf({ pid }: ServerProcess): Promise<Process | undefined> {
  return (await childrenOf(pid)).find(({ commandLine }) => /smb\/worker\.ts/.test(commandLine));
}
