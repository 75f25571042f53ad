import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestApp } from './app.ts';

const script = path.resolve(import.meta.dirname, '../../scripts/seed.ts');

/** `npm run seed -- …`, as a process of its own. */
export async function runSeed(args: string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output, errors };
}

/** The environment in which the seed fills a server's own database and store. */
export const where = (server: TestApp) => ({ DATABASE_URL: server.databaseUrl, DATA_DIR: server.dataDir });
