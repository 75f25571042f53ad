import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Claim, programSeconds, ratioClaim, seconds } from './support/measure.ts';
import { startServer } from './support/server.ts';

const count = 1000;
const size = 100 * 1024;
const rounds = 3;
const uploadsAtOnce = 8;

async function makePapers(folder: string, round: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const names = Array.from({ length: count }, (_, i) => `paper-${round}-${i}.pdf`);
  for (const name of names) {
    await writeFile(
      path.join(folder, name),
      Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(size - 9)]),
    );
  }
  return names;
}

async function uploadAll(
  server: { base: string; cookie: string },
  folder: string,
  names: string[],
): Promise<void> {
  const queue = [...names];
  const one = async () => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const form = new FormData();
      form.append('file', new Blob([await readFile(path.join(folder, name))]), name);
      const answer = await fetch(`${server.base}/documents`, {
        method: 'POST',
        headers: { cookie: server.cookie },
        body: form,
      });
      if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: uploadsAtOnce }, one));
}

/**
 * The main job: papers come in, and lie on the mount. Uploads beside `cp`, `sha256sum` and `sync` of the same
 * files; a run beside `rsync -rt --fsync` of the same files, laid out as they are on the mount.
 */
export async function benchPapers(): Promise<Claim[]> {
  const home = await mkdtemp(path.join(tmpdir(), 'classeur-bench-'));
  const server = await startServer({ dataDir: path.join(home, 'data') });
  try {
    const uploads: { ours: number; reference: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const papers = path.join(home, `papers-${round}`);
      const names = await makePapers(papers, round);
      const copy = path.join(home, `copy-${round}`);
      programSeconds('sync', []);
      const ours = await seconds(() => uploadAll(server, papers, names));
      programSeconds('sync', []);
      const reference =
        programSeconds('cp', ['-r', papers, copy]) +
        programSeconds(
          'sha256sum',
          names.map((name) => path.join(copy, name)),
        ) +
        programSeconds('sync', []);
      uploads.push({ ours, reference });
      if (round + 1 < rounds) for (const folder of [papers, copy]) await rm(folder, { recursive: true });
    }

    const runs: { ours: number; reference: number }[] = [];
    for (let round = 0; round < rounds + 2; round++) {
      const mount = path.join(home, `nas-${round}`);
      await mkdir(mount);
      const added = await server.call('POST', '/sync/targets', {
        name: `nas-${round}`,
        type: 'smb',
        options: { path: mount },
      });
      const targetId: number = added.data.id;
      programSeconds('sync', []);
      let synced = 0;
      const ours = await seconds(async () => {
        synced = (await server.call('POST', '/sync/run', { target_id: targetId })).synced;
      });
      if (synced !== count * rounds) throw new Error(`${synced} documents synced, not ${count * rounds}`);
      await server.call('DELETE', `/sync/targets/${targetId}`);
      // The same files, from a tree laid out as on the mount.
      await rm(path.join(mount, '.classeur'), { recursive: true });
      const copy = path.join(home, `rsync-${round}`);
      await mkdir(copy);
      programSeconds('sync', []);
      const reference = programSeconds('rsync', ['-rt', '--fsync', `${mount}/`, `${copy}/`]);
      const files = (await readdir(copy, { recursive: true, withFileTypes: true })).filter((entry) =>
        entry.isFile(),
      );
      if (files.length !== count * rounds) throw new Error('rsync copied other files');
      runs.push({ ours, reference });
      await rm(mount, { recursive: true });
      await rm(copy, { recursive: true });
    }

    return [
      ratioClaim({
        what: `${count} uploads of 100 KB, ${uploadsAtOnce} at once, each durable and hashed`,
        pairs: uploads,
        referenceName: '`cp` + `sha256sum` + `sync`',
        atMost: null,
      }),
      ratioClaim({
        what: `a run that brings ${count * rounds} papers of 100 KB to the mount, each read back`,
        pairs: runs,
        referenceName: '`rsync -rt --fsync`',
        atMost: 1.3,
      }),
    ];
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}
