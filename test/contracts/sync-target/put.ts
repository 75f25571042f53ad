import { open, readFile, stat } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { faultOfPut, MB, namesIn, putAll, tamper, until } from '../sync-target.support.ts';
import type { Contract } from './context.ts';
import { makingWay } from './making-way.ts';

export function bringingFiles(c: Contract): void {
  makingWay(c);

  describe('bringing files', () => {
    test.for([
      ['an empty file', 0],
      ['one byte', 1],
      ['a file of 1 MB to the byte', MB],
      ['5 MB and a little', 5 * MB + 7],
      ['60 MB', 60 * MB + 1],
    ] as const)('brings %s, proved, and nothing else stays behind', async ([, size]) => {
      const file = await c.sources.file('2024/01/factures/papier.pdf', size);
      const results = await putAll(c.session, [file]);
      const { proof } = c.harness.target.capabilities;
      expect(results).toEqual([
        { file, ok: true, proof: { how: proof, sha256: file.sha256, size, sentBytes: size } },
      ]);
      expect(results[0]?.file).toBe(file);
      expect((await c.read(file.path)).equals(await readFile(file.source))).toBe(true);
      expect(await c.temporaries()).toEqual([]);
    });

    test('brings hundreds at once into many folders, one result for each', async () => {
      const files = await Promise.all(
        Array.from({ length: 300 }, (_, i) =>
          c.sources.file(`20${10 + (i % 7)}/0${1 + (i % 9)}/autres/${i}`, 500 + i),
        ),
      );
      const results = await putAll(c.session, files);
      expect(results.every((result) => result.ok)).toBe(true);
      expect(new Set(results.map(({ file }) => file))).toEqual(new Set(files));
      for (const file of files)
        expect((await c.read(file.path)).equals(await readFile(file.source))).toBe(true);
    });

    test('takes files only when about to send them', async () => {
      const { lookAhead } = c.harness.target.capabilities;
      const file = await c.sources.file('2024/un.pdf', 10);
      let taken = 0;
      function* endless() {
        for (; taken < 10 * lookAhead; taken++) yield { ...file, path: `2024/${taken}.pdf` };
      }
      for await (const result of c.session.put(endless())) {
        expect(result.ok).toBe(true);
        break;
      }
      expect(taken).toBeLessThanOrEqual(lookAhead + 1);
      expect(await c.temporaries()).toEqual([]);
    });

    test('sends nothing more once nobody waits for results', async () => {
      const [first, second, third] = await Promise.all(
        ['a', 'b', 'c'].map((name) => c.sources.file(name, 10)),
      );
      const gate = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      async function* feed() {
        try {
          if (first) yield first;
          await gate.promise;
          if (second) yield second;
        } finally {
          left.resolve();
        }
      }
      for await (const { ok } of c.session.put(feed())) {
        expect(ok).toBe(true);
        break;
      }
      gate.resolve();
      await left.promise;
      if (third) await putAll(c.session, [third]);
      expect((await namesIn(c.at(''))).sort()).toEqual(['.classeur', 'a', 'c']);
    });

    test('gives the copy the time it is to bear', async () => {
      const modifiedAt = new Date('2019-03-04T05:06:07Z');
      const file = { ...(await c.sources.file('2019/03/lettre.txt', 'Madame')), modifiedAt };
      await putAll(c.session, [file]);
      expect((await c.session.stat(file.path))?.modifiedAt).toEqual(modifiedAt);
    });

    test.for([
      '-rf',
      '--delete',
      '#1.pdf',
      ';x.pdf',
      ' espace devant et derrière .pdf',
      'a.b..c...d',
      `"guillemets" et 'apostrophes'`,
      '$(touch x) `id` $HOME %s %n',
      'deux\nlignes\r\tet un onglet',
      'Été à Zürich – 100 €.pdf',
      '請求書・領収書.pdf',
      '👩‍👩‍👧.pdf',
      'back\\slash*?[a-z]{1,2}!~',
      `${'é'.repeat(127)}x`,
    ])('keeps the name %j', async (name) => {
      const file = await c.send(`2024/01/${name}`, `le contenu de ${name}`);
      expect(await namesIn(c.at('2024/01'))).toEqual([name]);
      expect(await c.session.stat(file.path, { hash: true })).toMatchObject({
        path: file.path,
        sha256: file.sha256,
      });
      expect((await Array.fromAsync(c.session.list('2024'))).map((each) => each.path)).toEqual([file.path]);
      expect(await c.session.remove(file.path)).toBe(true);
      expect(await namesIn(c.at('2024/01'))).toEqual([]);
    });

    test('a name longer than 255 bytes fails that file alone', async () => {
      const long = await c.sources.file(`2024/${'é'.repeat(128)}`, 5);
      const good = await c.sources.file('2024/bon.pdf', 5);
      const results = await putAll(c.session, [long, good]);
      expect(results.find(({ file }) => file === long)).toMatchObject({
        ok: false,
        error: { code: 'name_refused' },
      });
      expect(results.find(({ file }) => file === good)).toMatchObject({ ok: true });
    });

    test('replaces what stood there, while who reads the old one reads it to its end', async () => {
      const old = await c.send('2024/contrat.pdf', 3 * MB);
      const reader = await open(c.at(old.path));
      try {
        const fresh = { ...(await c.sources.file(old.path, 2 * MB)), replaces: old.sha256 };
        expect(await putAll(c.session, [fresh])).toMatchObject([{ ok: true }]);
        expect((await reader.readFile()).equals(await readFile(old.source))).toBe(true);
        expect((await c.read(old.path)).equals(await readFile(fresh.source))).toBe(true);
      } finally {
        await reader.close();
      }
    });

    test('shows a file at its place only once it is whole', async () => {
      const file = await c.sources.file('2024/gros.tif', 60 * MB);
      let done = false;
      const sending = putAll(c.session, [file]).finally(() => {
        done = true;
      });
      let sightings = 0;
      while (!done) {
        const seen = await stat(c.at(file.path)).catch(() => null);
        if (seen) expect(seen.size).toBe(file.size);
        sightings++;
        await nextTurn();
      }
      await sending;
      expect(sightings).toBeGreaterThan(20);
    });

    test('does not take it for sent when the target holds other bytes than it was given', async () => {
      const file = await c.sources.file('2024/gros.tif', 60 * MB);
      const sending = faultOfPut(c.session, file);
      await until(async () => {
        const [temporary] = await c.temporaries();
        const where = c.at(`.classeur/tmp/${temporary}`);
        if (temporary === undefined || (await stat(where)).size < 2 * MB) return false;
        await tamper(where, 'alter', 5);
        return true;
      });
      expect(await sending).toMatchObject({ code: 'hash_mismatch', scope: 'file', retry: true });
      expect(await namesIn(c.at('2024'))).toEqual([]);
      expect(await c.temporaries()).toEqual([]);
    });

    test('does not send again what a killed run had already brought', async () => {
      const file = await c.send('2024/deja.pdf', 2 * MB);
      const before = await stat(c.at(file.path));
      const [again] = await putAll(c.session, [{ ...file, maybeHeld: true }]);
      expect(again).toMatchObject({ ok: true, proof: { sentBytes: 0, sha256: file.sha256 } });
      expect((await stat(c.at(file.path))).ino).toBe(before.ino);
    });

    test('sends again where a killed run left other bytes of the same length, or none', async () => {
      const other = await c.send('2024/autre.pdf', 'abc');
      const fresh = await c.sources.file(other.path, 'xyz');
      const file = { ...fresh, maybeHeld: true, replaces: other.sha256 };
      const none = { ...(await c.sources.file('2025/absent.pdf', 'xyz')), maybeHeld: true };
      expect(await putAll(c.session, [file])).toMatchObject([{ ok: true, proof: { sentBytes: 3 } }]);
      expect(await putAll(c.session, [none])).toMatchObject([{ ok: true, proof: { sentBytes: 3 } }]);
      expect(String(await c.read(file.path))).toBe('xyz');
    });
  });
}
