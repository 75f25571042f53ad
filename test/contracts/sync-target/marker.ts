import { randomUUID } from 'node:crypto';
import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openMarked } from '../../../src/modules/sync/targets/target-marker.ts';
import { namesIn, newMarker, rejection } from '../sync-target.support.ts';
import type { Contract } from './context.ts';

export function markerRules(c: Contract): void {
  describe('the marker', () => {
    const markerId = randomUUID();
    const openAs = (given: { marked: boolean; adopt?: boolean; markerId?: string }) =>
      openMarked(c.harness.target, { markerId, name: 'nas', signal: c.abort.signal, ...given });
    const isRefused = async (code: string, given: Parameters<typeof openAs>[0]) => {
      const error = await rejection(openAs(given));
      expect(error).toMatchObject({ code, scope: 'target' });
    };

    test('the first run leaves it, later ones find it', async () => {
      expect(await c.session.readMarker()).toBeNull();
      const first = await openAs({ marked: false });
      await first.session.close();
      expect(first.wrote).toBe(true);
      expect(JSON.parse(String(await c.read('.classeur/target.json')))).toEqual({
        format: 1,
        target_id: markerId,
        name: 'nas',
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      const second = await openAs({ marked: true });
      await second.session.close();
      expect(second.wrote).toBe(false);
      expect(await c.temporaries()).toEqual([]);
    });

    test('without it, a target that had one is refused and nothing is written', async () => {
      await isRefused('target_gone', { marked: true });
      expect(await namesIn(c.harness.folder)).toEqual([]);
    });

    test("another's is refused, first time or not, and stays", async () => {
      await c.session.writeMarker(newMarker({ name: 'autre disque' }));
      await isRefused('wrong_target', { marked: false });
      await isRefused('wrong_target', { marked: true });
      expect((await c.session.readMarker())?.name).toBe('autre disque');
      expect((await rejection(openAs({ marked: true }))).say('fr')).toContain('autre disque');
    });

    test('writing ours where it stands changes nothing; over another it is refused', async () => {
      const ours = newMarker();
      await c.session.writeMarker(ours);
      await c.session.writeMarker({ ...ours, name: 'renamed' });
      expect(await c.session.readMarker()).toEqual(ours);
      expect((await rejection(c.session.writeMarker(newMarker()))).code).toBe('wrong_target');
      expect(JSON.parse(String(await c.read('.classeur/target.json')))).toEqual(ours);
    });

    test.for(['{"format":1', '[]', 'null', '', '{"format":2,"target_id":"x","name":"y","created_at":"z"}'])(
      'one that is no marker is refused: %j',
      async (text) => {
        await mkdir(c.at('.classeur'));
        await writeFile(c.at('.classeur/target.json'), text);
        await isRefused('marker_unreadable', { marked: true });
        await isRefused('marker_unreadable', { marked: false });
        expect(String(await c.read('.classeur/target.json'))).toBe(text);
      },
    );

    test('adopting takes a target with none, with another’s and with a broken one', async () => {
      const adopt = async () => {
        const { session: adopted, wrote } = await openAs({ marked: true, adopt: true });
        expect(wrote).toBe(true);
        expect((await adopted.readMarker())?.target_id).toBe(markerId);
        await adopted.close();
      };
      await adopt();
      await writeFile(c.at('.classeur/target.json'), JSON.stringify(newMarker()));
      await adopt();
      await writeFile(c.at('.classeur/target.json'), 'broken');
      await adopt();
    });

    test('of two servers that mark the same new target at once, one is refused', async () => {
      for (let round = 0; round < 5; round++) {
        const both = await Promise.allSettled([
          openAs({ marked: false }),
          openAs({ marked: false, markerId: randomUUID() }),
        ]);
        for (const each of both) if (each.status === 'fulfilled') await each.value.session.close();
        const refused = both.filter((each) => each.status === 'rejected');
        expect(refused).toMatchObject([{ reason: { code: 'wrong_target' } }]);
        await unlink(c.at('.classeur/target.json'));
      }
    });
  });
}
