import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultOfPut, MB, namesIn, putAll, tamper } from '../sync-target.support.ts';
import type { Contract } from './context.ts';

export function makingWay(c: Contract): void {
  describe('what already stands where a document is to go', () => {
    const where = '2026/11/autres/contract.txt';

    /** A person, or anything else but us, writes there. */
    async function someoneWrites(content: string | Buffer): Promise<void> {
      await mkdir(path.dirname(c.at(where)), { recursive: true });
      await writeFile(c.at(where), content);
    }

    /** What was thrown away, by its path below the day. */
    async function trash(): Promise<Record<string, string>> {
      const root = c.at('.classeur/trash');
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      const found = entries
        .filter((entry) => entry.isFile())
        .map(async ({ parentPath, name }): Promise<[string, string]> => {
          const [day, ...rest] = path.relative(root, path.join(parentPath, name)).split(path.sep);
          expect(day).toMatch(/^\d{4}-\d\d-\d\d$/);
          return [rest.join('/'), await readFile(path.join(parentPath, name), 'utf8')];
        });
      return Object.fromEntries(await Promise.all(found));
    }

    test('a file that is not ours is kept in the trash, and the document takes its place', async () => {
      await someoneWrites('my own notes');
      const file = await c.send(where, 'the document');
      expect(String(await c.read(where))).toBe('the document');
      expect(await trash()).toEqual({ [where]: 'my own notes' });
      expect((await Array.fromAsync(c.session.list(''))).map((each) => each.path)).toEqual([file.path]);
      expect(await c.temporaries()).toEqual([]);
    });

    test('files that are not ours, one after another, are all kept', async () => {
      let replaces: string | undefined;
      for (const content of ['the first', '', 'the third']) {
        await someoneWrites(content);
        const file = await c.sources.file(where, `document after ${content}`);
        const sent = replaces === undefined ? file : { ...file, replaces };
        expect(await putAll(c.session, [sent])).toMatchObject([{ ok: true }]);
        replaces = file.sha256;
      }
      expect(String(await c.read(where))).toBe('document after the third');
      expect(await trash()).toEqual({
        [where]: 'the first',
        '2026/11/autres/contract-2.txt': '',
        '2026/11/autres/contract-3.txt': 'the third',
      });
    });

    test.for([
      ['of as many bytes', 3 * MB, undefined],
      ['of as many bytes, where our last copy was another', 3 * MB, 'f'.repeat(64)],
      ['of other length', 2 * MB, undefined],
    ] as const)('a large file that is not ours is kept to the byte: %s', async ([, size, replaces]) => {
      const theirs = await readFile((await c.sources.file('x', size)).source);
      await someoneWrites(theirs);
      const file = await c.sources.file(where, 3 * MB);
      await putAll(c.session, [replaces === undefined ? file : { ...file, replaces }]);
      expect((await c.read(where)).equals(await readFile(file.source))).toBe(true);
      const [day] = await namesIn(c.at('.classeur/trash'));
      expect((await c.read(`.classeur/trash/${day}/${where}`)).equals(theirs)).toBe(true);
    });

    test('a file that a person has changed since we brought it is kept', async () => {
      const old = await c.send(where, 'as we brought it');
      await someoneWrites('as they corrected it');
      const file = { ...(await c.sources.file(where, 'the next version')), replaces: old.sha256 };
      expect(await putAll(c.session, [file])).toMatchObject([{ ok: true }]);
      expect(await trash()).toEqual({ [where]: 'as they corrected it' });
    });

    test.for([
      ['shorter', 10],
      ['as long', 3 * MB],
    ] as const)('our own last copy, %s, is replaced and not kept', async ([, size]) => {
      const old = await c.send(where, size);
      const file = { ...(await c.sources.file(where, 3 * MB)), replaces: old.sha256 };
      expect(await putAll(c.session, [file])).toMatchObject([{ ok: true }]);
      expect((await c.read(where)).equals(await readFile(file.source))).toBe(true);
      expect(await trash()).toEqual({});
    });

    test('the very bytes of the document are not kept twice, whoever brought them', async () => {
      await someoneWrites('the document');
      await c.send(where, 'the document');
      const file = { ...(await c.sources.file(where, 'the document')), replaces: 'f'.repeat(64) };
      expect(await putAll(c.session, [file])).toMatchObject([{ ok: true }]);
      expect(await trash()).toEqual({});
    });

    test('a document that does not arrive leaves a file that is not ours where it was', async () => {
      await someoneWrites('my own notes');
      const file = await c.sources.file(where, 'the document');
      await tamper(file.source, 'alter');
      expect((await faultOfPut(c.session, file)).code).toBe('source_changed');
      expect(String(await c.read(where))).toBe('my own notes');
      expect(await trash()).toEqual({});
    });

    test('a link is neither followed nor replaced', async () => {
      await mkdir(path.dirname(c.at(where)), { recursive: true });
      await symlink('elsewhere.txt', c.at(where));
      expect(await faultOfPut(c.session, await c.sources.file(where, 5))).toMatchObject({
        code: 'path_conflict',
        scope: 'file',
      });
      expect(await readlink(c.at(where))).toBe('elsewhere.txt');
      expect(await c.temporaries()).toEqual([]);
    });

    test('in the middle of a run the trash may be emptied, and takes more', async () => {
      await someoneWrites('the first');
      const old = await c.send(where, 'one');
      await rm(c.at('.classeur/trash'), { recursive: true });
      await someoneWrites('the second');
      const file = { ...(await c.sources.file(where, 'two')), replaces: old.sha256 };
      expect(await putAll(c.session, [file])).toMatchObject([{ ok: true }]);
      expect(await trash()).toEqual({ [where]: 'the second' });
    });
  });
}
