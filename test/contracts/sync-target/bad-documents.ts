import { appendFile, mkdir, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OutgoingFile } from '../../../src/modules/sync/sync-target.ts';
import { faultOfPut, MB, namesIn, putAll, rejection, tamper } from '../sync-target.support.ts';
import type { Contract } from './context.ts';

export function badDocuments(c: Contract): void {
  describe('one bad document', () => {
    test('a missing source is told, and the others arrive', async () => {
      const files = await Promise.all([1, 2, 3].map((i) => c.sources.file(`2024/${i}.pdf`, 1000 * i)));
      const [lost] = files as [OutgoingFile];
      await unlink(lost.source);
      const results = await putAll(c.session, files);
      expect(results.filter(({ ok }) => ok)).toHaveLength(2);
      const failed = results.find(({ ok }) => !ok);
      expect(failed).toMatchObject({
        file: lost,
        error: { code: 'source_missing', scope: 'file', retry: false },
      });
      expect(failed && !failed.ok && failed.error.say('fr')).toBe('Fichier source introuvable');
      expect(await namesIn(c.at('2024'))).toHaveLength(2);
    });

    test.for([
      ['a small one that grew', 1000, 'append'],
      ['a small one with other bytes', 1000, 'alter'],
      ['a small one cut short', 1000, 'truncate'],
      ['a large one that grew', 9 * MB, 'append'],
      ['a large one with other bytes', 9 * MB, 'alter'],
      ['a large one cut short', 9 * MB, 'truncate'],
    ] as const)('a source whose bytes are no longer its hash never arrives: %s', async ([, size, how]) => {
      const file = await c.sources.file('2024/01/x.pdf', size);
      if (how === 'append') await appendFile(file.source, 'x');
      else await tamper(file.source, how);
      expect(await faultOfPut(c.session, file)).toMatchObject({ code: 'source_changed', scope: 'file' });
      expect(await namesIn(c.at('2024/01'))).toEqual([]);
      expect(await c.temporaries()).toEqual([]);
    });

    test('a folder standing where the file should be is told', async () => {
      await mkdir(c.at('2024/01/x.pdf'), { recursive: true });
      expect(await faultOfPut(c.session, await c.sources.file('2024/01/x.pdf', 5))).toMatchObject({
        code: 'path_conflict',
        scope: 'file',
      });
      expect(await c.temporaries()).toEqual([]);
    });

    test('a file standing where a folder should be is told', async () => {
      await c.send('2024', 'a file');
      expect(await faultOfPut(c.session, await c.sources.file('2024/01/x.pdf', 5))).toMatchObject({
        code: 'path_conflict',
        scope: 'file',
      });
    });

    test.for([
      '../dehors',
      'a/../../dehors',
      '/etc/dehors',
      '',
      '.',
      'a//b',
      'a/./b',
      'a\0b',
      'a/',
      '.classeur/target.json',
      '.classeur/tmp/x',
      '.Classeur/x',
      '.classeur/trash',
    ])('the path %j is refused, whatever is asked', async (bad) => {
      const good = await c.send('2024/bon.pdf', 5);
      const file = await c.sources.file('x', 5);
      expect(await faultOfPut(c.session, { ...file, path: bad })).toMatchObject({ code: 'path_refused' });
      const to = path.join(c.sources.folder, 'fetched');
      for (const work of [
        () => c.session.stat(bad),
        () => c.session.get(bad, { to }),
        () => c.session.remove(bad),
        () => c.session.move(bad, 'x'),
        () => c.session.move(good.path, bad),
      ]) {
        expect((await rejection(work())).code).toBe('path_refused');
      }
      expect(await namesIn(path.dirname(c.harness.folder))).not.toContain('dehors');
    });

    test('a link out of the root is not followed', async () => {
      await symlink(c.sources.folder, c.at('2024'));
      await symlink('/etc/passwd', c.at('passwd'));
      const before = await namesIn(c.sources.folder);
      const fault = await faultOfPut(c.session, await c.sources.file('2024/x.pdf', 5));
      expect(fault).toMatchObject({ code: 'path_refused', scope: 'file' });
      expect(await namesIn(c.sources.folder)).toHaveLength(before.length + 1);
      expect(await c.session.stat('passwd', { hash: true })).toBeNull();
      expect((await rejection(c.session.get('passwd', { to: path.join(c.sources.folder, 'y') }))).code).toBe(
        'file_missing',
      );
      expect((await rejection(c.session.stat('2024/0'))).code).toBe('path_refused');
      expect(await Array.fromAsync(c.session.list(''))).toEqual([]);
    });
  });
}
