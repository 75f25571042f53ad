import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { variableNames } from '../../src/config.ts';
import {
  childrenOf,
  createFolder,
  createGround,
  eventually,
  spawnServer,
  startServer,
} from '../support/server.ts';
import { filePapers, filesIn } from './papers.ts';

/** A port of loopback that is taken, by a program that accepts connections and says nothing. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What is said by a start that fails: one line on stderr. */
async function refusal(environment: Record<string, string | undefined>) {
  const server = spawnServer(environment);
  const exit = await server.exited;
  const said = server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('classeur: '));
  expect(exit).toMatchObject({ code: 1, signal: null });
  expect(said).toHaveLength(1);
  // beside it only the log's own lines
  for (const line of server.output().trim().split('\n')) expect(line).toMatch(/^(classeur: |\{"level":30)/);
  return { line: said[0] ?? '', output: server.output(), ms: exit.ms };
}

describe('a bad value stops the start with one line that names the variable', () => {
  test.each([
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['DATABASE_URL', 'mysql://root:geheimnis-1@localhost/x'],
    ['DATABASE_URL', 'geheimnis-1'],
    ['SESSION_SECRET', 'geheimnis-1'],
    ['SECRETS_KEY', 'geheimnis-1'],
    ['ADMIN_PASSWORD', 'geheim'],
    ['ADMIN_USERNAME', 'a b'],
    ['RATE_LIMIT_MAX', '-1'],
    ['TRUST_PROXY', 'perhaps'],
    ['CORS_ALLOWED_ORIGINS', 'https://good.example,ftp://bad.example'],
    ['APP_LOCALE', 'de'],
    ['LOG_LEVEL', 'loud'],
    ['IMPORT_DIRS', 'relative/folder'],
    ['APPROVAL_THRESHOLD', 'much'],
    ['NAS_MOUNT_PATH', 'mnt/nas'],
    ['NAS_HOST', '-oProxyCommand=x'],
    ['NAS_USER', 'a b'],
    ['NAS_PORT', '0x'],
    ['BACKUP_URL', 'ftp://backup.example'],
  ])('%s=%s', async (name, value) => {
    const { environment } = await createGround();
    const { line, output } = await refusal({ ...environment, [name]: value });
    expect(line).toMatch(new RegExp(`^classeur: ([A-Z_]+, )*${name}[,:]`));
    expect(output).not.toMatch(/geheim/);
  });
});

describe('a start that cannot succeed says why, soon', () => {
  test('nobody listens where the database should be', async () => {
    const { environment } = await createGround();
    for (const host of ['127.0.0.1', 'localhost']) {
      const port = await closedPort();
      const DATABASE_URL = `postgresql://classeur:geheimnis-1@${host}:${port}/classeur`;
      const { line, output, ms } = await refusal({ ...environment, DATABASE_URL });
      expect(line).toMatch(/^classeur: DATABASE_URL: .*ECONNREFUSED/);
      expect(output).not.toMatch(/geheim/);
      expect(ms).toBeLessThan(8_000);
    }
  });

  test('the database accepts the connection and says nothing', async () => {
    const { environment } = await createGround();
    const DATABASE_URL = `postgresql://classeur:geheimnis-1@127.0.0.1:${await takenPort()}/classeur`;
    const { line, output, ms } = await refusal({ ...environment, DATABASE_URL });
    expect(line).toMatch(/^classeur: DATABASE_URL: .*time/);
    expect(output).not.toMatch(/geheim/);
    expect(ms).toBeLessThan(20_000);
  });

  test('the database refuses the password, or is not there', async () => {
    const { environment, databaseUrl } = await createGround();
    const wrong = new URL(databaseUrl);
    wrong.password = 'geheimnis-1';
    const { line, output } = await refusal({ ...environment, DATABASE_URL: wrong.href });
    expect(line).toMatch(/^classeur: DATABASE_URL: .*password authentication failed/);
    expect(output).not.toMatch(/geheim/);
    const absent = new URL(databaseUrl);
    absent.pathname = 'nowhere';
    expect((await refusal({ ...environment, DATABASE_URL: absent.href })).line).toMatch(
      /^classeur: DATABASE_URL: .*"nowhere" does not exist/,
    );
  });

  test('the port is taken, or the host is not this machine’s', async () => {
    const { environment } = await createGround();
    const { line, ms } = await refusal({ ...environment, PORT: String(await takenPort()) });
    expect(line).toMatch(/^classeur: HOST, PORT: .*EADDRINUSE/);
    expect(ms).toBeLessThan(8_000);
    expect((await refusal({ ...environment, HOST: '192.0.2.1' })).line).toMatch(/^classeur: HOST, PORT: /);
  });

  test('a file is where the data folder should be', async () => {
    const { environment } = await createGround();
    const folder = await createFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'data'), '');
    const { line } = await refusal({ ...environment, DATA_DIR: path.join(folder, 'data') });
    expect(line).toContain(path.join(folder, 'data'));
  });
});

test('no secret is in the output, in a command line or in a child’s environment', {
  timeout: 60_000,
}, async () => {
  const { environment, nas, databaseUrl } = await createGround();
  const secrets = {
    ADMIN_PASSWORD: 'geheimnis-des-verwalters',
    SESSION_SECRET: 'geheimnis-der-sitzungen-0123456789',
    SECRETS_KEY: 'geheimnis-der-geheimnisse-0123456789',
    BACKUP_TOKEN: 'geheimnis-der-sicherung',
  };
  const all = [...Object.values(secrets), new URL(databaseUrl).password];
  const expectNone = (text: string) => {
    for (const secret of all) expect(text).not.toContain(secret);
  };
  const server = await startServer({ ...environment, ...secrets, LOG_LEVEL: 'trace' });
  const admin = await server.signIn('admin', secrets.ADMIN_PASSWORD);
  all.push(admin.cookie.split('=')[1] ?? '');
  await server.withCookie('').post('/auth/login', { username: 'admin', password: secrets.BACKUP_TOKEN });
  await admin.post('/auth/password', { current_password: secrets.SESSION_SECRET, new_password: 'x' });
  await admin.get(`/documents?password=${secrets.ADMIN_PASSWORD}`);
  await filePapers(admin, 50);
  const running = admin.post('/sync/run', {});
  await eventually('the run is in its middle', async () => (await filesIn(nas)).length > 5);
  const children = await childrenOf(server.pid);
  expect(children).not.toEqual([]);
  for (const { pid, commandLine } of [{ pid: server.pid, commandLine: '' }, ...children]) {
    expectNone(commandLine + (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    if (pid !== server.pid) expectNone(await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''));
  }
  await running;
  await server.stop();
  expectNone(server.output());
});

test('.env.example names the variables that are read, and no other', async () => {
  const text = await readFile(fileURLToPath(new URL('../../.env.example', import.meta.url)), 'utf8');
  const named = [...text.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1]);
  expect(named.toSorted()).toEqual(variableNames.toSorted());
});
