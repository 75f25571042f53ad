import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

const SERVER = fileURLToPath(new URL('embedded-server.ts', import.meta.url));
const NOBODY = 65_534;
const PAPERS = 'DROP TABLE IF EXISTS papers; CREATE TABLE papers AS SELECT 7 AS number';
const isRoot = process.getuid?.() === 0;

interface RunningServer {
  url: string;
  process: ChildProcess;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** As root these run twice: PostgreSQL must run as somebody else there, and as oneself elsewhere. */
const accounts = isRoot ? [{ who: 'root' }, { who: 'an ordinary user' }] : [{ who: 'an ordinary user' }];

describe.each(accounts)('a server of $who with a PostgreSQL of its own', ({ who }) => {
  const asNobody = isRoot && who !== 'root';
  let folder: string;
  let dataDir: string;
  const processes = new Set<ChildProcess>();

  // one data folder for all tests but those of the first start: making one takes most of a second
  beforeAll(async () => {
    // mode 0700: for root, a folder that PostgreSQL's user cannot reach
    folder = await mkdtemp(join(tmpdir(), 'embedded-'));
    if (asNobody) await chown(folder, NOBODY, NOBODY);
  });

  beforeEach(() => {
    dataDir = join(folder, 'data');
  });

  afterEach(async () => {
    for (const child of processes) child.kill('SIGKILL');
    processes.clear();
    for (const pid of await postgresOf(dataDir)) process.kill(pid, 'SIGQUIT');
    await vi.waitFor(async () => expect(await postgresOf(dataDir)).toEqual([]), { timeout: 10_000 });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  function launch(...settings: string[]): ChildProcess {
    const args = ['--disable-warning=ExperimentalWarning', SERVER, dataDir, ...settings];
    const command = asNobody ? 'setpriv' : process.execPath;
    const child = spawn(command, asNobody ? [...nobody(), process.execPath, ...args] : args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    processes.add(child);
    return child;
  }

  async function started(child: ChildProcess): Promise<RunningServer> {
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error('no pipes');
    const complaint = text(stderr);
    const url = await Promise.race([
      once(createInterface(stdout), 'line').then(([line]) => String(line)),
      once(child, 'exit').then(async () => {
        throw new Error(await complaint);
      }),
    ]);
    const ended = async (signal: NodeJS.Signals) => {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    };
    return { url, process: child, stop: () => ended('SIGTERM'), kill: () => ended('SIGKILL') };
  }

  const start = (...settings: string[]) => started(launch(...settings));

  test('makes its database at the first start, keeps the data, and is quick at the next', async () => {
    dataDir = join(folder, 'new');
    const first = await start();
    await query(first.url, PAPERS);
    await first.stop();
    expect(await postgresOf(dataDir)).toEqual([]);

    const before = performance.now();
    const second = await start();
    const milliseconds = performance.now() - before;
    expect(await query(second.url, 'SELECT number FROM papers')).toEqual([{ number: 7 }]);
    // with the start of Node itself; alone it is a tenth of a second
    expect(milliseconds).toBeLessThan(1_500);
  });

  test('listens on 127.0.0.1 only, behind a password that is shown nowhere', async () => {
    const server = await start();
    const { hostname, username, password } = new URL(server.url);
    expect({ hostname, username }).toEqual({ hostname: '127.0.0.1', username: 'postgres' });
    expect(password.length).toBeGreaterThanOrEqual(32);
    expect(
      await query(
        server.url,
        `SELECT name, setting FROM pg_settings
        WHERE name IN ('listen_addresses', 'unix_socket_directories', 'server_encoding', 'password_encryption') ORDER BY name`,
      ),
    ).toEqual([
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'password_encryption', setting: 'scram-sha-256' },
      { name: 'server_encoding', setting: 'UTF8' },
      { name: 'unix_socket_directories', setting: '' },
    ]);
    expect(await query(server.url, `SELECT lower('ÉTÉ') AS lowered, current_database() AS name`)).toEqual([
      { lowered: 'été', name: 'classeur' },
    ]);
    await expect(query(server.url.replace(password, 'guessed'), 'SELECT 1')).rejects.toThrow(/password/);
    const secret = join(dataDir, 'secrets', 'postgres-password');
    expect(await readFile(secret, 'utf8')).toBe(password);
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
    const shown = spawnSync('ps', ['-eww', '-o', 'args='], { encoding: 'utf8' }).stdout;
    expect(shown).toContain(join(dataDir, 'postgres'));
    expect(shown).not.toContain(password);
    expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).not.toContain(password);
  });

  test('takes over the PostgreSQL that a killed server left running', async () => {
    const first = await start();
    await query(first.url, PAPERS);
    const left = await postgresOf(dataDir);
    await first.kill();
    expect(await postgresOf(dataDir)).toEqual(left);

    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT number FROM papers')).toEqual([{ number: 7 }]);
    await second.stop();
    expect(await postgresOf(dataDir)).toEqual([]);
  });

  test('starts again when PostgreSQL itself was killed', async () => {
    const first = await start();
    await query(first.url, PAPERS);
    const [postmaster = 0] = await postgresOf(dataDir);
    process.kill(postmaster, 'SIGKILL');
    await first.kill();

    const second = await start();
    expect(await query(second.url, 'SELECT number FROM papers')).toEqual([{ number: 7 }]);
  });

  test('is not misled by a stale pid file whose number is another program of the same user now', async () => {
    const first = await start();
    const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
    const content = await readFile(pidFile, 'utf8');
    const { uid, gid } = await stat(pidFile);
    await first.stop();
    const stranger = spawn('sleep', ['60'], isRoot ? { uid, gid, stdio: 'ignore' } : { stdio: 'ignore' });
    processes.add(stranger);
    await writeFile(pidFile, content.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
    if (isRoot) await chown(pidFile, uid, gid);

    const second = await start();
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode).toBeNull();
  });

  test('shares one PostgreSQL with a server that starts at the same moment; the last one out stops it', async () => {
    const [one, other, third] = await Promise.all([start(), start(), start()]);
    expect(new Set([one.url, other.url, third.url]).size).toBe(1);
    expect(await postgresOf(dataDir)).toHaveLength(1);

    await Promise.all([one.stop(), third.kill()]);
    expect(await query(other.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const late = await start();
    expect(late.url).toBe(other.url);
    await Promise.all([other.stop(), late.stop()]);
    expect(await postgresOf(dataDir)).toEqual([]);
  });

  test('has a PostgreSQL also when it starts while the last one stops it', async () => {
    let server = await start();
    for (let round = 0; round < 5; round++) {
      const [, next] = await Promise.all([server.stop(), start()]);
      expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      server = next;
    }
  });

  test('leaves nothing half-made when it is killed while it makes its first database', async () => {
    dataDir = join(folder, 'interrupted');
    const first = launch();
    await vi.waitFor(
      async () => {
        const workshop = (await readdir(dataDir)).find((name) => name.startsWith('postgres.new-')) ?? '';
        await stat(join(dataDir, workshop, 'data', 'base', '1', 'PG_VERSION'));
      },
      { interval: 5, timeout: 10_000 },
    );
    const exit = once(first, 'exit');
    first.kill('SIGKILL');
    await exit;
    expect(await readdir(dataDir)).not.toContain('postgres');

    const second = await start();
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
    await (await start()).stop();
    expect((await readdir(dataDir)).filter((name) => name.startsWith('postgres.new-'))).toEqual([]);
  });

  test('stops PostgreSQL in order at Ctrl-C, which goes to the whole process group', async () => {
    const server = await start();
    const logFile = join(dataDir, 'postgres.log');
    const { size } = await stat(logFile);
    const exit = once(server.process, 'exit');
    process.kill(-(server.process.pid ?? 0), 'SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(await postgresOf(dataDir)).toEqual([]);
    await start();
    const log = (await readFile(logFile)).subarray(size).toString('utf8');
    expect(log).toMatch(/database system is shut down/);
    expect(log).not.toMatch(/was interrupted|not properly shut down/);
  });

  test('says why PostgreSQL did not start, and where its log is', async () => {
    await expect(start('shared_buffers=plenty')).rejects.toThrow(
      /did not start: .*shared_buffers.* log is .*postgres\.log/,
    );
    await (await start()).stop();
  });

  if (who !== 'root') return;

  test('opens up no folder, and gives PostgreSQL a privilege only where one is closed', async () => {
    const server = await start();
    const [closedOff = 0] = await postgresOf(dataDir);
    expect(await ownerAndPrivileges(closedOff)).toEqual({ isRoot: false, privileges: 'CAP_DAC_OVERRIDE' });
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await server.stop();

    await chmod(folder, 0o711);
    await start();
    const [reachable = 0] = await postgresOf(dataDir);
    const clone = fileURLToPath(new URL('../..', import.meta.url));
    const none = spawnSync('setpriv', [...nobody(), 'test', '-x', clone]).status === 0;
    expect(await ownerAndPrivileges(reachable)).toEqual({
      isRoot: false,
      privileges: none ? '' : 'CAP_DAC_OVERRIDE',
    });
  });
});

/** setpriv's arguments to run as the user nobody, who must reach this clone even where it is closed to others. */
function nobody(): string[] {
  const plain = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const canRead = spawnSync('setpriv', [...plain, 'test', '-r', SERVER]).status === 0;
  return canRead ? plain : [...plain, '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
}

/** The postmasters of a data folder: its other processes have titles instead of a command line. */
async function postgresOf(dataDir: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (/\/postgres\0/.test(line) && line.includes(`\0${join(dataDir, 'postgres')}\0`))
      found.push(Number(name));
  }
  return found;
}

async function ownerAndPrivileges(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const effective = Number.parseInt(/^CapEff:\s+(\w+)$/m.exec(status)?.[1] ?? '', 16);
  return {
    isRoot: /^Uid:\s+0\s/m.test(status),
    privileges: { 0: '', 2: 'CAP_DAC_OVERRIDE' }[effective] ?? String(effective),
  };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
