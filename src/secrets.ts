import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * The secret `name`: as given in the environment, else made once and kept in `DATA_DIR/secrets`, mode 0600
 * (contract §9). Two servers that start at once end with the same one.
 */
export async function loadSecret({
  dataDir,
  name,
  given,
}: {
  dataDir: string;
  name: string;
  given: string | undefined;
}): Promise<string> {
  if (given !== undefined) return given;
  const folder = path.join(dataDir, 'secrets');
  const file = path.join(folder, name);
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return kept.trim();

  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(32).toString('base64url')}\n`);
    await handle.sync();
    // A link, not a rename: the first server's secret stays.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await handle.close();
    await rm(draft, { force: true });
  }
  return (await readFile(file, 'utf8')).trim();
}
