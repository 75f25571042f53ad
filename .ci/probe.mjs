// Starts the server as a person would (`npm start`, nothing prepared but the clone), probes it as operations
// would, and stops it: it must be gone, cleanly, within 10 s. Started a second time, it is up within 3 s.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const dataDir = await mkdtemp(path.join(tmpdir(), 'classeur-probe-'));

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function startProbeStop() {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: {
      ...process.env,
      PORT: String(port),
      DATA_DIR: dataDir,
      ADMIN_PASSWORD: 'probe-me-and-see-2026',
      NAS_MOUNT_PATH: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const gone = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const fail = (why) => {
    throw new Error(`${why}\n${output}`);
  };

  const answers = async (address) => (await fetch(base + address).catch(() => undefined))?.status;
  while ((await answers('/health')) !== 200) {
    if (child.exitCode !== null) fail('the server ended by itself');
    if (performance.now() - started > 120_000) fail('the server is not up after 120 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const upMs = Math.round(performance.now() - started);

  for (const [address, status] of [
    ['/health', 200],
    ['/health/ready', 200],
    ['/status', 200],
    ['/metrics', 200],
    ['/openapi.json', 200],
    ['/docs/', 200],
    ['/api/v1/documents', 401],
    ['/api/documents', 401],
    ['/nothing', 404],
  ]) {
    const got = await answers(address);
    if (got !== status) fail(`${address} answers ${got}, not ${status}`);
  }
  const login = await fetch(`${base}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'probe-me-and-see-2026' }),
  });
  if (login.status !== 200) fail(`the first administrator cannot sign in: ${login.status}`);

  const stopping = performance.now();
  child.kill('SIGTERM');
  const { code, signal } = await gone;
  const stopMs = Math.round(performance.now() - stopping);
  if (await answers('/health')) fail('the server still answers after SIGTERM');
  if (stopMs > 10_000) fail(`the server took ${stopMs} ms to stop`);
  if (/probe-me-and-see/.test(output)) fail('the password is in the log');
  return { upMs, stopMs, code, signal };
}

try {
  const first = await startProbeStop();
  const second = await startProbeStop();
  console.log(
    `up in ${first.upMs} ms, stopped in ${first.stopMs} ms; again in ${second.upMs} ms, stopped in ${second.stopMs} ms`,
  );
  if (second.upMs > 3000) throw new Error('the second start took more than 3 s');
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
