import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const password = 'bench-marks-2026';

export interface Server {
  base: string;
  pid: number;
  /** the administrator's */
  cookie: string;
  /** returns the cookie */
  signIn: (username: string, password: string) => Promise<string>;
  /** JSON in, JSON out; throws on anything but a 2xx */
  call: (method: string, url: string, body?: object) => Promise<ReturnType<JSON['parse']>>;
  stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}

/** The real server, as `npm start` runs it, on its own PostgreSQL in `dataDir`; signed in as the administrator. */
export async function startServer({ dataDir }: { dataDir: string }): Promise<Server> {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      DATA_DIR: dataDir,
      ADMIN_PASSWORD: password,
      RATE_LIMIT_MAX: '0',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error('the server ended by itself');
    const alive = await fetch(`${base}/health`).catch(() => undefined);
    if (alive?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  async function signIn(username: string, secret: string): Promise<string> {
    const login = await fetch(`${base}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username, password: secret }),
    });
    if (!login.ok) throw new Error(`${username} cannot sign in: ${login.status} ${await login.text()}`);
    return login.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  }
  const cookie = await signIn('admin', password);
  return {
    base: `${base}/api/v1`,
    pid: child.pid ?? 0,
    cookie,
    signIn,
    async call(method, url, body) {
      const answer = await fetch(`${base}/api/v1${url}`, {
        method,
        headers: { cookie, ...(body && { 'Content-Type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** Peak resident memory of a process so far, in MB (VmHWM); 0 when it is gone. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** Process ids below a process. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}
