import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSmbTarget } from '../../../../src/modules/sync/targets/smb.ts';
import { syncTargetContract } from '../../../contracts/sync-target.contract.ts';
import {
  createSources,
  faultOfPut,
  namesIn,
  putAll,
  rejection,
  until,
} from '../../../contracts/sync-target.support.ts';
import { stateOf, workers } from './mounts.ts';

const createFolder = () => mkdtemp(path.join(tmpdir(), 'classeur-mount-'));

syncTargetContract('a mounted folder', async () => {
  const folder = await createFolder();
  return {
    target: createSmbTarget({ path: folder }),
    folder,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});

describe('the process that works on a mounted folder', () => {
  let folder: string;
  let sources: Awaited<ReturnType<typeof createSources>>;
  const MB = 1024 * 1024;

  beforeEach(async () => {
    folder = await createFolder();
    sources = await createSources();
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
    await sources.dispose();
    expect(await workers()).toEqual([]);
  });

  const temporaries = () => namesIn(path.join(folder, '.classeur/tmp'));
  const open = (deadlineMs = 15_000) =>
    createSmbTarget({ path: folder, deadlineMs }).open({ signal: new AbortController().signal });

  async function onlyWorker(): Promise<number> {
    const [pid, ...others] = await workers();
    expect(others).toEqual([]);
    if (pid === undefined) throw new Error('no worker runs');
    return pid;
  }

  test('knows nothing of the secrets of the server', async () => {
    const session = await open();
    const environment = await readFile(`/proc/${await onlyWorker()}/environ`, 'utf8');
    expect(
      environment
        .split('\0')
        .filter(Boolean)
        .map((each) => each.split('=')[0]),
    ).toEqual([
      'UV_THREADPOOL_SIZE',
      'NODE_COMPILE_CACHE',
      'NODE_CHANNEL_FD',
      'NODE_CHANNEL_SERIALIZATION_MODE',
    ]);
    await session.close();
  });

  test('is killed when nothing moves for the deadline, and the message says how long', async () => {
    const session = await open(400);
    const pid = await onlyWorker();
    process.kill(pid, 'SIGSTOP');
    const started = performance.now();
    const error = await rejection(session.stat('2024/a.pdf'));
    expect(error).toMatchObject({ code: 'timeout', scope: 'target', retry: true, params: { seconds: 1 } });
    expect(performance.now() - started).toBeGreaterThan(390);
    expect(performance.now() - started).toBeLessThan(2000);
    await session.close();
    expect(await stateOf(pid)).toBeNull();
  });

  test('is not killed while it moves, however long that takes', async () => {
    const session = await open(1000);
    const pid = await onlyWorker();
    const file = await sources.file('2024/gros.tif', 300 * MB);
    const started = performance.now();
    let done = false;
    const sending = putAll(session, [file]).finally(() => {
      done = true;
    });
    // a slow mount: at work a fifth of the time, so that 300 MB take longer than the deadline on any machine
    while (!done) {
      process.kill(pid, 'SIGSTOP');
      await pause(200);
      process.kill(pid, 'SIGCONT');
      await pause(50);
    }
    expect(await sending).toMatchObject([{ ok: true }]);
    expect(performance.now() - started).toBeGreaterThan(1000);
    await session.close();
  });

  test('killed in the middle, it leaves no half file; the next sweep removes what it was writing', async () => {
    const session = await open();
    const pid = await onlyWorker();
    const file = await sources.file('2024/gros.tif', 60 * MB);
    const sending = rejection(putAll(session, [file]));
    await until(async () => (await temporaries()).length > 0);
    process.kill(pid, 'SIGKILL');
    expect(await sending).toMatchObject({ code: 'session_lost', scope: 'session', retry: true });
    await session.close();
    expect(await namesIn(path.join(folder, '2024'))).toEqual([]);
    expect(await temporaries()).toHaveLength(1);

    const next = await open();
    expect(await next.sweep()).toBe(1);
    expect(await temporaries()).toEqual([]);
    expect(await putAll(next, [{ ...file, maybeHeld: true }])).toMatchObject([
      { ok: true, proof: { sentBytes: file.size } },
    ]);
    await next.close();
  });

  test('ends with its server, even one that is killed', async () => {
    const modules = path.resolve('src/modules/sync/targets/smb.ts');
    const script = `
      import { createSmbTarget } from ${JSON.stringify(modules)};
      await createSmbTarget({ path: ${JSON.stringify(folder)} }).open({ signal: new AbortController().signal });
      console.log('open');`;
    const server = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => server.stdout.once('data', resolve));
    const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { encoding: 'utf8' });
    const pid = Number(pids.trim());
    expect(await stateOf(pid)).not.toBeNull();
    server.kill('SIGKILL');
    await until(async () => [null, 'Z'].includes(await stateOf(pid)));
  });

  test('leaves a Ctrl-C to the server', async () => {
    const session = await open();
    const pid = await onlyWorker();
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    const file = await sources.file('2024/a.pdf', 10);
    expect(await putAll(session, [file])).toMatchObject([{ ok: true }]);
    await session.close();
  });

  test('waits for no pipe, neither as source nor on the mount', async () => {
    const session = await open(1000);
    await mkdir(path.join(folder, '2024'));
    execFileSync('mkfifo', [path.join(folder, '2024/tube'), path.join(sources.folder, 'tube')]);
    expect(await session.stat('2024/tube', { hash: true })).toBeNull();
    const file = await sources.file('2024/a.pdf', 10);
    const piped = { ...file, source: path.join(sources.folder, 'tube') };
    expect((await faultOfPut(session, piped)).scope).toBe('file');
    await session.close();
  });

  test('makes a folder again that somebody removed during the run', async () => {
    const session = await open();
    const file = await sources.file('2024/01/a.pdf', 10);
    await putAll(session, [file]);
    await rm(path.join(folder, '2024'), { recursive: true });
    expect(await putAll(session, [file])).toMatchObject([{ ok: true }]);
    expect(await namesIn(path.join(folder, '2024/01'))).toEqual(['a.pdf']);
    await session.close();
  });

  test('sweeps what killed runs left, but nothing of its own, nor a probe under way elsewhere', async () => {
    const session = await open();
    await session.probe();
    const tmp = path.join(folder, '.classeur/tmp');
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const name of ['put-of-a-killed-run', 'probe-under-way', 'probe-abandoned', 'unknown-abandoned']) {
      await writeFile(path.join(tmp, name), 'x');
      if (name.endsWith('abandoned')) await utimes(path.join(tmp, name), old, old);
    }
    expect(await session.sweep()).toBe(3);
    expect(await temporaries()).toEqual(['probe-under-way']);
    await session.close();
  });

  test('says that a path is missing, is no folder, or was never configured', async () => {
    const at = (where: string) =>
      rejection(createSmbTarget({ path: where }).open({ signal: new AbortController().signal }));
    await writeFile(path.join(folder, 'file'), '');
    expect(await at(path.join(folder, 'none'))).toMatchObject({ code: 'path_missing', scope: 'target' });
    expect(await at(path.join(folder, 'file'))).toMatchObject({ code: 'path_missing', scope: 'target' });
    expect((await at('')).say('fr')).toBe('NAS non configuré');
  });

  test('names the place as seed 001 shows it', () => {
    const target = createSmbTarget({ path: '/app/nas_backup/' });
    expect(target.address.host).toBe('SMB Mount');
    expect(target.placeOf('2024/01/factures/abc.pdf')).toBe('/app/nas_backup/2024/01/factures/abc.pdf');
  });
});
