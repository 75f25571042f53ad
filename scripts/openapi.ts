/**
 * Writes docs/openapi.json, or with --check fails when the committed one is not what the code makes. The
 * document needs no database: nothing is called.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { buildApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { createDatabase } from '../src/database/client.ts';
import { createJobs } from '../src/jobs/jobs.ts';
import { createServices } from '../src/services.ts';

const file = path.resolve(import.meta.dirname, '../docs/openapi.json');
const config = loadConfig({ DATA_DIR: path.join(tmpdir(), 'classeur-openapi'), RATE_LIMIT_MAX: '0' });
const log = pino({ level: 'silent' });
const { version } = JSON.parse(
  await readFile(path.resolve(import.meta.dirname, '../package.json'), 'utf8'),
) as { version: string };
const presence = {
  instanceId: 1,
  aliveInstances: async () => new Set([1]),
  isAlive: async () => true,
  close: async () => undefined,
};
const listener = { listen: async () => undefined, close: async () => undefined };
const url = 'postgresql://nobody@127.0.0.1:1/none';
const { db } = createDatabase({ url, onError: () => undefined });
const jobs = createJobs({ url, log });
const services = await createServices({ config, version, db, presence, listener, jobs, log });
const app = await buildApp({ config, services, sessionSecret: 'x'.repeat(40), version, log });
await app.ready();
const made = `${JSON.stringify(app.swagger(), null, 2)}\n`;

if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== made) {
    console.error('docs/openapi.json is not what the code makes: run `npm run openapi` and commit it.');
    process.exit(1);
  }
  console.log('docs/openapi.json is what the code makes.');
} else {
  await writeFile(file, made);
  console.log(`wrote ${path.relative(process.cwd(), file)}`);
}
process.exit(0);
