// node scripts/run.mjs [ENTRY [args…]]: sets up what is missing (packages, Prisma client), then runs ENTRY
// on the Node of node_modules. Plain JavaScript without packages: it runs on the machine's own Node (20 or
// later) in a fresh clone. With everything in place it costs a few milliseconds.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFolderLock } from '../src/database/folder-lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const generated = join(root, 'src', 'database', 'generated');
const node = join(modules, '.bin', 'node');

/** Removed with what they stand for, and written last: a stamp that is right means complete. */
const packagesStamp = join(modules, '.classeur-packages');
const clientStamp = join(generated, '.classeur-client');

const SET_UP_WITHIN_MS = 15 * 60_000;

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part?.length}\n${part}`);
  return hash.digest('hex');
}

const packagesHash = () =>
  hashOf([
    read(join(root, 'package-lock.json')),
    read(join(root, 'package.json')),
    process.platform,
    process.arch,
  ]);

const packagesReady = () => read(packagesStamp) === packagesHash();

function clientHash() {
  const folder = join(root, 'prisma', 'schema');
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.prisma'))
    .sort();
  return hashOf([
    read(join(modules, 'prisma', 'package.json')),
    read(join(root, 'prisma.config.ts')),
    ...files.flatMap((name) => [name, read(join(folder, name))]),
  ]);
}

const clientReady = () => read(clientStamp) === clientHash();

/** Whether somebody's own `npm ci` or `npm install` put there exactly what the lock file says. */
function installedByHand() {
  const wanted = JSON.parse(read(join(root, 'package-lock.json')) ?? '{}').packages;
  // npm writes it when everything else is done
  const found = JSON.parse(read(join(modules, '.package-lock.json')) ?? '{}').packages;
  if (!wanted || !found || !existsSync(node)) return false;
  const same = ([path, entry]) => wanted[path]?.integrity === entry.integrity && existsSync(join(root, path));
  const needed = ([path, entry]) => path !== '' && !entry.optional && !entry.link;
  return (
    Object.entries(found).every(same) &&
    Object.entries(wanted)
      .filter(needed)
      .every(([path]) => path in found)
  );
}

function runQuietly(what, command, args, env = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  throw new Error(`${what} failed (${error?.message ?? signal ?? `exit code ${status}`}): see above`);
}

function installPackages() {
  if (!installedByHand()) {
    console.error('Setting up: installing the packages of package-lock.json (npm ci) …');
    rmSync(packagesStamp, { force: true });
    const npm = process.env.npm_execpath;
    const [command, ...first] = npm && /\.c?js$/.test(npm) ? [process.execPath, npm] : ['npm'];
    runQuietly('npm ci', command, [
      ...first,
      'ci',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
  }
  writeFileSync(packagesStamp, packagesHash());
}

function generateClient() {
  console.error('Setting up: generating the Prisma client …');
  rmSync(clientStamp, { force: true });
  const hash = clientHash();
  runQuietly('prisma generate', node, [join(modules, 'prisma', 'build', 'index.js'), 'generate'], {
    // generate has no use for this program, but would download it
    PRISMA_SCHEMA_ENGINE_BINARY: existsSync('/bin/true') ? '/bin/true' : '/usr/bin/true',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  });
  mkdirSync(generated, { recursive: true });
  writeFileSync(clientStamp, hash);
}

async function setUp() {
  if (packagesReady() && clientReady()) return;
  await withFolderLock({ path: join(root, '.setup.lock'), timeoutMs: SET_UP_WITHIN_MS }, async () => {
    if (!packagesReady()) installPackages();
    if (!clientReady()) generateClient();
  });
}

/** Runs ENTRY in our place: its signals, its exit code. */
function run(entry, args) {
  const options = ['--disable-warning=ExperimentalWarning'];
  if (existsSync(join(root, '.env'))) options.push(`--env-file=${join(root, '.env')}`);
  const child = spawn(node, [...options, join(root, entry), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

try {
  await setUp();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const [entry, ...args] = process.argv.slice(2);
if (entry) run(entry, args);
