import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

interface Source {
  /** relative to the repository, `/`-separated */
  file: string;
  text: string;
  /** what it imports from this repository, relative likewise */
  imports: string[];
  /** what it imports from packages and Node */
  packages: string[];
}

function readSources(): Map<string, Source> {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => `src/${file.replaceAll(path.sep, '/')}`)
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('/generated/'));
  return new Map(
    files.map((file) => {
      const text = readFileSync(path.join(root, file), 'utf8');
      const named = [
        ...text.matchAll(
          /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|import\('([^']+)'\)/g,
        ),
      ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
      const imports = named
        .filter((name) => name.startsWith('.'))
        .map((name) => path.posix.normalize(path.posix.join(path.posix.dirname(file), name)))
        .filter((name) => !name.includes('/generated/'));
      return [file, { file, text, imports, packages: named.filter((name) => !name.startsWith('.')) }];
    }),
  );
}

const sources = readSources();
const all = [...sources.values()];

/** From the ground up: each layer imports only itself and those before it. */
const layers: [name: string, holds: (file: string) => boolean][] = [
  ['ground', (file) => /^src\/(errors|config|secrets)\.ts$/.test(file)],
  ['database', (file) => file.startsWith('src/database/')],
  ['jobs', (file) => file.startsWith('src/jobs/')],
  ['storage', (file) => file.startsWith('src/storage/')],
  ['http', (file) => file.startsWith('src/http/')],
  ['modules', (file) => file.startsWith('src/modules/')],
  ['services', (file) => /^src\/(services|housekeeping)\.ts$/.test(file)],
  ['app', (file) => file === 'src/app.ts'],
  ['main', (file) => file === 'src/main.ts'],
];

const layerOf = (file: string) => layers.findIndex(([, holds]) => holds(file));

function findCycle(): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, trail: string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of sources.get(file)?.imports ?? []) {
      const cycle = visit(next, [...trail, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const { file } of all) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}

describe('the house is built as docs/architecture.md draws it', () => {
  test('every file belongs to a layer', () => {
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter(({ file }) => layerOf(file) === -1).map(({ file }) => file)).toEqual([]);
  });

  test('every import leads to a file', () => {
    const lost = all.flatMap(({ file, imports }) =>
      imports.filter((name) => !sources.has(name)).map((name) => `${file} → ${name}`),
    );
    expect(lost.filter((line) => !line.endsWith('.json'))).toEqual([]);
  });

  test('imports go down the layers, never up', () => {
    const upward = all.flatMap(({ file, imports }) =>
      imports.filter((name) => layerOf(name) > layerOf(file)).map((name) => `${file} → ${name}`),
    );
    expect(upward).toEqual([]);
  });

  test('no file imports itself over others', () => {
    expect(findCycle()).toBeUndefined();
  });

  test('modules use each other through services, never through routes or plugins', () => {
    const shortcuts = all.flatMap(({ file, imports }) =>
      imports
        .filter(
          (name) =>
            /\.(routes|plugin)\.ts$/.test(name) &&
            path.dirname(name) !== path.dirname(file) &&
            file !== 'src/app.ts',
        )
        .map((name) => `${file} → ${name}`),
    );
    expect(shortcuts).toEqual([]);
  });

  test('services and queries know nothing of Fastify', () => {
    const strangers = all.filter(
      ({ file, packages }) =>
        /\.(service|queries)\.ts$/.test(file) && packages.some((name) => /fastify/.test(name)),
    );
    expect(strangers.map(({ file }) => file)).toEqual([]);
  });

  test('only src/main.ts reads the environment, and nothing but it and child processes end themselves', () => {
    const entries = /^src\/main\.ts$|\/worker\.ts$/;
    const readers = all.filter(
      ({ file, text }) => !entries.test(file) && /process\.(env\b|exit\()/.test(text),
    );
    expect(readers.map(({ file }) => file)).toEqual([]);
  });
});
