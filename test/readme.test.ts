import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { password, startTestApp, type TestApp } from './support/app.ts';

let t: TestApp;
let base: string;
let folder: string;

beforeAll(async () => {
  t = await startTestApp();
  base = await t.listen();
  folder = await mkdtemp(path.join(tmpdir(), 'classeur-readme-'));
});
afterAll(async () => {
  await t.close();
  await rm(folder, { recursive: true, force: true });
});

/** Without what differs from one run to the next, and without line ends: curl adds none. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replaceAll('\n', '');
}

function bash(script: string): Promise<string> {
  const child = spawn('bash', ['-e', '-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

test('the README’s first session is true: its commands, as they stand, get the answers it shows', async () => {
  const readme = await readFile(path.resolve(import.meta.dirname, '../README.md'), 'utf8');
  const session = /<!-- session[\s\S]*?<!-- \/session -->/.exec(readme)?.[0] ?? '';
  const blocks = [...session.matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, kind = '', text = '']) => ({
    kind,
    text,
  }));
  const shown = blocks.filter(({ kind }) => kind !== 'bash');
  expect(shown.length).toBeGreaterThan(7);

  // One shell for all of it, as a reader has; a mark after each block tells the answers apart.
  const mark = '=====';
  const commands = blocks
    .filter(({ kind }) => kind === 'bash')
    .map(({ text }) => `${text}printf '%s' '${mark}'`)
    .join('\n');
  const script = commands
    .replace('http://localhost:3000', base)
    .replace(/PASSWORD='.*'/, `PASSWORD='${password}'`);
  const answers = (await bash(script)).split(mark).slice(1, -1);

  expect(answers.map(withoutChance)).toEqual(shown.map(({ text }) => withoutChance(text)));
});
