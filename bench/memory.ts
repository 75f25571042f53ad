import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Claim } from './support/measure.ts';
import { childrenOf, peakMemory, type Server, startServer } from './support/server.ts';

const gigabytes = 2;
const allowedMb = 100;

/** Sends a multipart form whose file is made up as it goes; nothing of it is held here either. */
async function uploadBig(server: Server): Promise<void> {
  const boundary = 'classeur-bench-boundary';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const chunk = Buffer.alloc(1 << 20);
  const request = http.request(`${server.base}/documents`, {
    method: 'POST',
    headers: { cookie: server.cookie, 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  });
  const answered = new Promise<number>((resolve, reject) => {
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
  });
  request.write(head);
  for (let i = 0; i < gigabytes * 1024; i++) {
    chunk.writeUInt32LE(i, 0);
    if (!request.write(Buffer.from(chunk))) await new Promise((resolve) => request.once('drain', resolve));
  }
  request.end(`\r\n--${boundary}--\r\n`);
  const status = await answered;
  if (status !== 201) throw new Error(`the big upload was answered ${status}`);
}

/** What a 2 GB upload, then a 2 GB run, add to the peak memory of the server and of its sync process. */
export async function benchMemory(): Promise<Claim[]> {
  const home = await mkdtemp(path.join(tmpdir(), 'classeur-bench-'));
  const server = await startServer({ dataDir: path.join(home, 'data') });
  const mount = path.join(home, 'nas');
  await mkdir(mount);
  try {
    // A small document first: what loading the code costs is not the big file's.
    const form = new FormData();
    form.append('file', new Blob(['a small one']), 'small.txt');
    await fetch(`${server.base}/documents`, {
      method: 'POST',
      headers: { cookie: server.cookie },
      body: form,
    });
    const added = await server.call('POST', '/sync/targets', {
      name: 'nas',
      type: 'smb',
      options: { path: mount },
    });
    const targetId: number = added.data.id;
    await server.call('POST', '/sync/run', { target_id: targetId });

    const before = await peakMemory(server.pid);
    await uploadBig(server);
    const uploaded = await peakMemory(server.pid);

    const known = new Set(await childrenOf(server.pid));
    let worker = 0;
    const watch = setInterval(async () => {
      for (const pid of await childrenOf(server.pid))
        if (!known.has(pid)) worker = Math.max(worker, await peakMemory(pid));
    }, 20);
    await server.call('POST', '/sync/run', { target_id: targetId });
    clearInterval(watch);
    const synced = await peakMemory(server.pid);

    const claim = (what: string, added_: number, note: string): Claim => ({
      what,
      ours: note,
      reference: 'the peak before it',
      figure: `+${added_} MB`,
      bar: `< ${allowedMb} MB`,
      holds: added_ < allowedMb,
    });
    return [
      claim(`a ${gigabytes} GB upload`, uploaded - before, `${before} → ${uploaded} MB`),
      claim(
        `a ${gigabytes} GB run`,
        synced - uploaded,
        `${uploaded} → ${synced} MB; its process: ${worker} MB in all`,
      ),
    ];
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}
