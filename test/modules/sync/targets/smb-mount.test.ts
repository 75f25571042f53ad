import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OutgoingFile } from '../../../../src/modules/sync/sync-target.ts';
import { createSmbTarget } from '../../../../src/modules/sync/targets/smb.ts';
import { openMarked } from '../../../../src/modules/sync/targets/target-marker.ts';
import {
  createSources,
  faultOfPut,
  namesIn,
  putAll,
  rejection,
  until,
} from '../../../contracts/sync-target.support.ts';
import { canFreeze, canMount, createMountPoint, stateOf, workers } from './mounts.ts';

/* What real mounts do: vanish, change, fill up, refuse, hang. These need the right to mount (root). */

let mountPoint: Awaited<ReturnType<typeof createMountPoint>>;
let sources: Awaited<ReturnType<typeof createSources>>;

beforeEach(async () => {
  mountPoint = await createMountPoint();
  sources = await createSources();
});

afterEach(async () => {
  await mountPoint.dispose();
  await sources.dispose();
});

const markerId = randomUUID();

async function openOurs({ marked = false, deadlineMs = 15_000, signal = new AbortController().signal } = {}) {
  const target = createSmbTarget({ path: mountPoint.folder, deadlineMs });
  return (await openMarked(target, { markerId, name: 'nas', marked, signal })).session;
}

/** Sends one file, lets this happen once it has arrived, then sends twenty more. */
async function putAround(session: Awaited<ReturnType<typeof openOurs>>, event: () => Promise<unknown>) {
  const files = await Promise.all(
    Array.from({ length: 21 }, (_, i) => sources.file(`2024/${i}.pdf`, 50_000)),
  );
  const arrived = Promise.withResolvers<void>();
  async function* feed(): AsyncGenerator<OutgoingFile> {
    yield* files.slice(0, 1);
    await arrived.promise;
    await event();
    yield* files.slice(1);
  }
  const results: boolean[] = [];
  const error = await rejection(
    (async () => {
      for await (const { ok } of session.put(feed())) {
        results.push(ok);
        arrived.resolve();
      }
    })(),
  );
  return { results, error };
}

describe.skipIf(!canMount)('a mount that changes', () => {
  test('vanished before the run, it is refused and the folder beneath stays empty', async () => {
    await mountPoint.mountDisk();
    await (await openOurs()).close();
    await mountPoint.vanish();
    expect(await rejection(openOurs({ marked: true }))).toMatchObject({
      code: 'target_gone',
      scope: 'target',
    });
    expect(await namesIn(mountPoint.folder)).toEqual([]);
    await rm(mountPoint.folder, { recursive: true });
    const error = await rejection(openOurs({ marked: true }));
    expect(error).toMatchObject({ code: 'path_missing', scope: 'target' });
    expect(error.say('fr')).toBe(`Chemin inexistant : ${mountPoint.folder}`);
  });

  test('vanished in the middle of a run, the run ends and nothing is written beneath', async () => {
    await mountPoint.mountDisk();
    const session = await openOurs();
    const { results, error } = await putAround(session, () => mountPoint.vanish());
    expect(error).toMatchObject({ code: 'target_gone', scope: 'target' });
    expect(results).toEqual([true]);
    expect((await rejection(session.probe())).code).toBe('target_gone');
    await session.close();
    expect(await namesIn(mountPoint.folder)).toEqual([]);
  });

  test('with another disk in its place in the middle of a run, that disk is left alone', async () => {
    await mountPoint.mountDisk();
    const session = await openOurs();
    const { results, error } = await putAround(session, async () => {
      await mountPoint.vanish();
      await mountPoint.mountDisk();
      const other = await createSmbTarget({ path: mountPoint.folder }).open({
        signal: new AbortController().signal,
      });
      await other.writeMarker({ format: 1, target_id: randomUUID(), name: 'clé USB', created_at: '2026' });
      await other.close();
    });
    expect(error).toMatchObject({ code: 'wrong_target', params: { name: 'clé USB' } });
    expect(results).toEqual([true]);
    await session.close();
    expect(await namesIn(mountPoint.folder)).toEqual(['.classeur']);
    expect(await namesIn(path.join(mountPoint.folder, '.classeur', 'tmp'))).toEqual([]);
  });

  test('that is full ends the run with nothing half written, and takes the file when there is room again', async () => {
    await mountPoint.mountDisk('2m');
    const session = await openOurs();
    await writeFile(path.join(mountPoint.folder, 'ballast'), Buffer.alloc(1_000_000));
    const file = await sources.file('2024/gros.tif', 1_500_000);
    const small = await sources.file('2024/petit.pdf', 100_000);
    const error = await rejection(putAll(session, [file]));
    expect(error).toMatchObject({ code: 'disk_full', scope: 'target', retry: true });
    await session.close();
    expect(await namesIn(path.join(mountPoint.folder, '.classeur', 'tmp'))).toEqual([]);
    expect(await namesIn(path.join(mountPoint.folder, '2024'))).toEqual([]);

    await rm(path.join(mountPoint.folder, 'ballast'));
    const later = await openOurs({ marked: true });
    expect(await putAll(later, [file, small])).toMatchObject([{ ok: true }, { ok: true }]);
    await later.close();
  });

  test('that is read-only says so', async () => {
    await mountPoint.mountDisk();
    await (await openOurs()).close();
    await mountPoint.readOnly();
    const session = await openOurs({ marked: true });
    expect(await session.access()).toEqual({ exists: true, writable: false });
    expect(await rejection(session.probe())).toMatchObject({
      code: 'read_only',
      scope: 'target',
      retry: false,
    });
    await session.close();
    const again = await openOurs({ marked: true });
    const file = await sources.file('2024/a.pdf', 10);
    expect((await rejection(putAll(again, [file]))).code).toBe('read_only');
    await again.close();
  });
});

describe.skipIf(!canFreeze)('a mount that hangs', () => {
  test('costs a run its deadline and a clear message; the server goes on, and the next run resumes', async () => {
    await mountPoint.mountFreezable();
    const session = await openOurs({ deadlineMs: 600 });
    const [pid] = await workers();
    let frozenAt = 0;
    const { results, error } = await putAround(session, async () => {
      await mountPoint.freeze();
      frozenAt = performance.now();
    });
    expect(performance.now() - frozenAt).toBeLessThan(2500);
    expect(error).toMatchObject({ code: 'timeout', scope: 'target', retry: true });
    expect(results).toEqual([true]);
    const closing = performance.now();
    await session.close();
    expect(performance.now() - closing).toBeLessThan(3500);
    // all file threads of this process still answer: as many reads at once as it has, and more
    await Promise.all(Array.from({ length: 64 }, () => readFile('/etc/hostname')));

    await mountPoint.thaw();
    await until(async () => [null, 'Z'].includes(await stateOf(pid ?? 0)));
    const later = await openOurs({ marked: true });
    await later.sweep();
    expect(await namesIn(path.join(mountPoint.folder, '.classeur', 'tmp'))).toEqual([]);
    expect(await putAll(later, [await sources.file('2024/20.pdf', 10)])).toMatchObject([{ ok: true }]);
    await later.close();
  });

  test('can be given up by cancelling, long before its deadline', async () => {
    await mountPoint.mountFreezable();
    const abort = new AbortController();
    const session = await openOurs({ signal: abort.signal });
    const started = performance.now();
    const { error } = await putAround(session, async () => {
      await mountPoint.freeze();
      setImmediate(() => abort.abort());
    });
    expect(error.code).toBe('cancelled');
    await session.close();
    expect(performance.now() - started).toBeLessThan(6000);
  });
});

test.skipIf(!canMount)('a file the mount refuses to touch is that document’s own fault', async () => {
  await mountPoint.mountFreezable();
  const session = await openOurs();
  const locked = await sources.file('2024/verrou/a.pdf', 10);
  const good = await sources.file('2024/b.pdf', 10);
  await putAll(session, [locked]);
  const { execFileSync } = await import('node:child_process');
  const folder = path.join(mountPoint.folder, '2024/verrou');
  execFileSync('chattr', ['+i', folder]);
  try {
    const fault = await faultOfPut(session, { ...locked, path: '2024/verrou/c.pdf' });
    expect(fault).toMatchObject({ code: 'permission_denied', scope: 'file', retry: false });
    expect(fault.say('fr')).toBe('Permission refusée');
    expect(await putAll(session, [good])).toMatchObject([{ ok: true }]);
  } finally {
    execFileSync('chattr', ['-i', folder]);
    await session.close();
  }
});
