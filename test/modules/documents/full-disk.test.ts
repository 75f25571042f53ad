import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { pdf, upload } from './papers.ts';

const disk = path.join(tmpdir(), `classeur-full-upload-${process.pid}`);
let mounted = false;
let server: TestApp | undefined;

beforeAll(async () => {
  await mkdir(disk, { recursive: true });
  mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status === 0;
});
afterAll(async () => {
  await server?.close();
  if (mounted) spawnSync('umount', [disk]);
  await rm(disk, { recursive: true, force: true });
});

test('an upload that fills the disk is a 503 its sender reads to the end, and the next one has room again', async (context) => {
  if (!mounted) context.skip('mounting a small disk needs root');
  server = await startTestApp({ DATA_DIR: disk });
  const base = await server.listen();
  const data = new FormData();
  data.append('file', new Blob([new Uint8Array(30_000_000)]), 'large.bin');
  const answer = await fetch(`${base}/api/v1/documents`, {
    method: 'POST',
    headers: { cookie: server.admin.cookie },
    body: data,
  });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ success: false, error: true, code: 'storage.full' });
  expect(await readdir(server.services.store.temporaries)).toEqual([]);
  expect(await server.db.document.count()).toBe(0);
  expect(
    (await upload(server.admin, { bytes: Buffer.concat([pdf(), Buffer.alloc(2_000_000)]) })).status,
  ).toBe(201);
});
