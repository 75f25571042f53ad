import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { variableNames } from '../src/config.ts';

/** The pages that people read: what can be checked in them is checked, so that they stay true. */

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const isThere = (file: string) => existsSync(path.join(root, file));

const pages = [
  ...readdirSync(root),
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map(
    (name) => `docs/${name}`,
  ),
]
  .filter((name) => name.endsWith('.md'))
  .map((file) => ({ file, text: read(file) }));

const architecture = read('docs/architecture.md');
const decisions = readdirSync(path.join(root, 'docs/decisions')).sort();

const fenced = /^```[^\n]*\n(.*?)^```/gms;

/** All that a pattern with one group finds, each with the page it stands on. */
function findAll(pattern: RegExp, { fences = true } = {}): { file: string; found: string }[] {
  return pages.flatMap(({ file, text }) =>
    [...(fences ? text : text.replace(fenced, '')).matchAll(pattern)].map((match) => ({
      file,
      found: match[1] ?? '',
    })),
  );
}

const told = ({ file, found }: { file: string; found: string }) => `${file}: ${found}`;

/** The lines below a heading of docs/architecture.md, down to the next of its level. */
function section(heading: string): string {
  const [, text] = architecture.split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`docs/architecture.md has no section “${heading}”`);
  return text.split('\n## ', 1)[0] ?? '';
}

/** The names in backticks that the rows of a table begin with. */
const firstCells = (text: string) => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);

/** The address of a heading, as code hosts make it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

function isReachable({ file, found }: { file: string; found: string }): boolean {
  const [target = '', anchor] = found.split('#');
  const page = target === '' ? file : path.posix.join(path.posix.dirname(file), target);
  if (!isThere(page)) return false;
  if (anchor === undefined || !page.endsWith('.md')) return true;
  return [
    ...read(page)
      .replace(fenced, '')
      .matchAll(/^#+ (.+)$/gm),
  ].some((match) => anchorOf(match[1] ?? '') === anchor);
}

test('every link inside the repository leads to a file, and to a heading where it names one', () => {
  const links = findAll(/\]\(([^)\s]+)\)/g, { fences: false });
  const inside = links.filter(({ found }) => !/^[a-z]+:/.test(found));
  expect(inside.length).toBeGreaterThan(decisions.length);
  expect(inside.filter((link) => !isReachable(link)).map(told)).toEqual([]);
});

test('every npm script that is named is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = findAll(/\bnpm\s+run\s+([a-z][\w:-]*)/g);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ found }) => !(found in scripts)).map(told)).toEqual([]);
});

test('every path of the repository that is named is there', () => {
  const named = findAll(/(?<=[`\s])((?:src|test|prisma|scripts|bench|docs|\.ci)\/[\w./-]*)(?=[`\s,:)])/g);
  expect(named.length).toBeGreaterThan(50);
  // a full stop may follow
  expect(named.filter(({ found }) => !isThere(found.replace(/\.$/, ''))).map(told)).toEqual([]);
});

describe('docs/architecture.md', () => {
  test('draws the layers that test/architecture.test.ts holds the code to, from the top down', () => {
    const enforced = [...read('test/architecture.test.ts').matchAll(/^ {2}\['(\w+)', \(file\)/gm)].map(
      (match) => match[1],
    );
    expect(enforced.length).toBeGreaterThan(5);
    const house = section('The house');
    expect(firstCells(house)).toEqual(enforced);
    const drawing = /^```\n(.*?)^```/ms.exec(house)?.[1] ?? '';
    expect([...drawing.matchAll(/^ {2,}(\w+) {2,}\S/gm)].map((match) => match[1])).toEqual(
      enforced.toReversed(),
    );
  });

  test('has a line for each file and folder of src and for each module', () => {
    const children = (folder: string) =>
      readdirSync(path.join(root, folder), { withFileTypes: true }).map(
        (entry) => `${folder}/${entry.name}${entry.isDirectory() ? '/' : ''}`,
      );
    const parts = [...children('src'), ...children('src/modules')].filter((part) => part !== 'src/modules/');
    const house = section('The house');
    expect(parts.filter((part) => !house.includes(`\n${part} `))).toEqual([]);
  });

  test('has a line for each table, and for no other', () => {
    const schema = readdirSync(path.join(root, 'prisma/schema')).map((name) => read(`prisma/schema/${name}`));
    const tables = [...schema.join('\n').matchAll(/@@map\("(\w+)"\)/g)].map((match) => match[1]);
    expect(firstCells(section('The tables')).sort()).toEqual(tables.sort());
  });

  test('names constraints, indexes and triggers that the migrations make', () => {
    const migrations = readdirSync(path.join(root, 'prisma/migrations'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => read(`prisma/migrations/${entry.name}/migration.sql`));
    const sql = migrations.join('\n');
    const named = findAll(/`([a-z0-9]+(?:_[a-z0-9]+)+_(?:key|fkey|check|idx)|\w+_keep_an_administrator)`/g);
    expect(named.length).toBeGreaterThan(5);
    const lost = named.filter(({ found }) => !new RegExp(`\\b${found}\\b`).test(sql));
    expect(lost.map(told)).toEqual([]);
  });

  test('lists the decisions, which are numbered without a gap and built alike', () => {
    const listed = [...section('Decisions').matchAll(/^(\d+)\. \[([^\]]+)\]\(decisions\/([^)]+)\)$/gm)].map(
      ([, number, title, file]) => ({ number: Number(number), title, file }),
    );
    expect(listed.map(({ file }) => file)).toEqual(decisions);
    for (const [index, { number, title, file = '' }] of listed.entries()) {
      const text = read(`docs/decisions/${file}`);
      expect([number, file.slice(0, 4)]).toEqual([index + 1, `${String(index + 1).padStart(3, '0')}-`]);
      expect(text.split('\n', 1)[0]).toBe(`# ${number}. ${title}`);
      expect([...text.matchAll(/^## (.+)$/gm)].map((match) => match[1])).toEqual([
        'Context',
        'Decision',
        'Consequences',
      ]);
      expect(text.split('\n').length, file).toBeLessThanOrEqual(41);
    }
  });
});

test('.env.example has every variable that the server reads, and no other', () => {
  const named = [...read('.env.example').matchAll(/^# ?([A-Z][A-Z_]+)=/gm)].map((match) => match[1]);
  expect(named.sort()).toEqual([...variableNames].sort());
});
