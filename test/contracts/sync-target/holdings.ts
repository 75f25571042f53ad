import { readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MB, namesIn, newMarker, rejection, tamper } from '../sync-target.support.ts';
import type { Contract } from './context.ts';

export function holdings(c: Contract): void {
  describe('looking, fetching, moving, removing', () => {
    test('says what it holds, and null for what it does not', async () => {
      const file = await c.send('2024/01/tickets/a.jpg', 4321);
      expect(await c.session.stat(file.path)).toMatchObject({ path: file.path, size: 4321, sha256: null });
      expect(await c.session.stat(file.path, { hash: true })).toMatchObject({ sha256: file.sha256 });
      expect(await c.session.stat('2024/01/tickets')).toBeNull();
      expect(await c.session.stat('2024/01/tickets/b.jpg')).toBeNull();
      expect(await c.session.stat('1999/b.jpg')).toBeNull();
    });

    test('lists every file below a folder, but not its own', async () => {
      await c.session.writeMarker(newMarker());
      for (const each of ['2024/a', '2024/01/b', '2025/c']) await c.send(each, each);
      const list = async (folder: string) =>
        (await Array.fromAsync(c.session.list(folder))).map((each) => `${each.path} ${each.size}`).sort();
      expect(await list('')).toEqual(['2024/01/b 9', '2024/a 6', '2025/c 6']);
      expect(await list('2024')).toEqual(['2024/01/b 9', '2024/a 6']);
      expect(await list('1999')).toEqual([]);
    });

    test('tells what is whole, missing and corrupt', async () => {
      const [whole, missing, altered, shorter] = await Promise.all([
        c.send('a', 3 * MB),
        c.send('b', 10),
        c.send('c', 3 * MB),
        c.send('d', 10),
      ]);
      await unlink(c.at('b'));
      await tamper(c.at('c'), 'alter');
      await tamper(c.at('d'), 'truncate');
      const results = await Array.fromAsync(c.session.verify([whole, missing, altered, shorter]));
      expect(Object.fromEntries(results.map(({ file, state }) => [file.path, state]))).toEqual({
        a: 'ok',
        b: 'missing',
        c: 'corrupt',
        d: 'corrupt',
      });
    });

    test('fetches a file back, proved', async () => {
      const file = await c.send('2024/a.pdf', 5 * MB + 3);
      const to = path.join(c.sources.folder, 'back');
      expect(await c.session.get(file.path, { to, sha256: file.sha256 })).toEqual({
        sha256: file.sha256,
        size: file.size,
      });
      expect((await readFile(to)).equals(await readFile(file.source))).toBe(true);
    });

    test('fetches nothing that is missing, or not what was asked for, and leaves no file', async () => {
      const file = await c.send('2024/a.pdf', 100);
      await tamper(c.at(file.path), 'alter');
      const to = path.join(c.sources.folder, 'back');
      const { sha256 } = file;
      expect((await rejection(c.session.get(file.path, { to, sha256 }))).code).toBe('hash_mismatch');
      expect((await rejection(c.session.get('2024/b.pdf', { to }))).code).toBe('file_missing');
      expect((await rejection(c.session.get('1999/b.pdf', { to }))).code).toBe('file_missing');
      expect(await namesIn(c.sources.folder)).not.toContain('back');
      await writeFile(to, 'mine');
      expect((await rejection(c.session.get(file.path, { to }))).code).toBe('local_write_failed');
      expect(await readFile(to, 'utf8')).toBe('mine');
    });

    test('moves a file into a folder that was not there, over what stood there, and into the trash', async () => {
      const file = await c.send('2024/a.pdf', 'a');
      await c.session.move(file.path, '2025/02/b.pdf');
      expect(await c.session.stat(file.path)).toBeNull();
      await c.send('2026/c.pdf', 'c');
      await c.session.move('2025/02/b.pdf', '2026/c.pdf');
      expect(String(await c.read('2026/c.pdf'))).toBe('a');
      await c.session.move('2026/c.pdf', '.classeur/trash/2026/c.pdf');
      expect(String(await c.read('.classeur/trash/2026/c.pdf'))).toBe('a');
      expect((await rejection(c.session.move('2026/c.pdf', 'd'))).code).toBe('file_missing');
    });

    test('removes a file once, and never a folder', async () => {
      const file = await c.send('2024/a.pdf', 'a');
      expect(await c.session.remove(file.path)).toBe(true);
      expect(await c.session.remove(file.path)).toBe(false);
      expect(await c.session.remove('1999/x')).toBe(false);
      expect(await c.session.remove('2024')).toBe(false);
      expect(await namesIn(c.harness.folder)).toContain('2024');
    });
  });
}
