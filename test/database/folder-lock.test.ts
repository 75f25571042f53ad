import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { processStart, withFolderLock } from '../../src/database/folder-lock.mjs';

const MODULE = fileURLToPath(new URL('../../src/database/folder-lock.mjs', import.meta.url));
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'it.lock');
});

/** A process that does `body` under the lock. */
function holder(body: string) {
  const program = `
    import { withFolderLock } from ${JSON.stringify(MODULE)};
    import { appendFileSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    await withFolderLock({ path: ${JSON.stringify(path)}, timeoutMs: 20_000 }, async () => { ${body} });`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('processes take turns, also when they find the lock of a dead one', async () => {
  await mkdir(path);
  await writeFile(join(path, 'owner'), '999999999 1 gone');
  const log = join(folder, 'log');
  const note = (what: string) => `appendFileSync(${JSON.stringify(log)}, '${what}');`;
  const all = Array.from({ length: 8 }, () => holder(`${note('(')} await delay(20); ${note(')')}`));
  await Promise.all(all.map((child) => once(child, 'exit')));
  expect(await readFile(log, 'utf8')).toBe('()'.repeat(8));
  expect((await readdir(folder)).sort()).toEqual(['log']);
});

test('a holder that is killed is not waited for', async () => {
  const child = holder(`process.stdout.write('held'); await delay(60_000);`);
  await once(child.stdout, 'data');
  const next = withFolderLock({ path, timeoutMs: 10_000 }, async () => 'mine');
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  expect(await next).toBe('mine');
});

test('a holder that lives is waited for, and named when it takes too long', async () => {
  await withFolderLock({ path, timeoutMs: 1_000 }, async () => {
    await expect(withFolderLock({ path, timeoutMs: 100 }, async () => 'no')).rejects.toThrow(
      `held by process ${process.pid}`,
    );
  });
  expect(await readdir(folder)).toEqual([]);
});

test('a number that another program has now does not pass for the dead holder', async () => {
  await mkdir(path);
  await writeFile(join(path, 'owner'), `${process.pid} 1 reused`);
  expect(await processStart(process.pid)).not.toBe('1');
  expect(await withFolderLock({ path, timeoutMs: 1_000 }, async () => 'mine')).toBe('mine');
});

test('the lock goes also when the work under it fails', async () => {
  const failing = withFolderLock({ path, timeoutMs: 1_000 }, () =>
    appendFile(join(folder, 'no', 'such'), ''),
  );
  await expect(failing).rejects.toThrow(/ENOENT/);
  expect(await readdir(folder)).toEqual([]);
});
