import { describe, expect, test } from 'vitest';
import { MB, namesIn, putAll, rejection, until } from '../sync-target.support.ts';
import type { Contract } from './context.ts';

export function sessionLife(c: Contract): void {
  describe('test connection, sweeping and the end', () => {
    test('a probe writes, reads, replaces and deletes, and leaves nothing', async () => {
      const report = await c.session.probe();
      expect(Math.abs(report.clockDriftMs ?? 0)).toBeLessThan(2000);
      expect(report.message.fr).not.toBe('');
      expect(await c.temporaries()).toEqual([]);
      expect(await Array.fromAsync(c.session.list(''))).toEqual([]);
    });

    test('a cancelled run ends at once, with no half file and no temporary', async () => {
      const file = await c.sources.file('2024/gros.tif', 60 * MB);
      const sending = rejection(putAll(c.session, [file]));
      await until(async () => (await c.temporaries()).length > 0);
      const started = performance.now();
      c.abort.abort();
      expect(await sending).toMatchObject({ code: 'cancelled', scope: 'session' });
      expect(performance.now() - started).toBeLessThan(3000);
      expect(await namesIn(c.at('2024'))).toEqual([]);
      expect(await c.temporaries()).toEqual([]);
      expect((await rejection(c.session.stat('x'))).code).toBe('cancelled');
      expect((await rejection(c.openSession())).code).toBe('cancelled');
    });

    test('a cancelled run hands over what it had finished', async () => {
      const small = await c.sources.file('2024/petit.pdf', 10);
      const large = await c.sources.file('2024/gros.tif', 60 * MB);
      const results: string[] = [];
      const sending = rejection(
        (async () => {
          for await (const { file, ok } of c.session.put([small, large])) {
            results.push(`${file.path} ${ok}`);
            c.abort.abort();
          }
        })(),
      );
      expect((await sending).code).toBe('cancelled');
      expect(results).toEqual(['2024/petit.pdf true']);
      expect(await namesIn(c.at('2024'))).toEqual(['petit.pdf']);
    });

    test('what breaks the input breaks the run, after what was under way', async () => {
      const file = await c.sources.file('2024/a.pdf', 10);
      async function* broken() {
        yield file;
        throw new Error('the database is gone');
      }
      const results: unknown[] = [];
      const error = await rejection(
        (async () => {
          for await (const result of c.session.put(broken())) results.push(result);
        })(),
      );
      expect(error.message).toBe('the database is gone');
      expect(results).toHaveLength(1);
      expect(await c.session.stat(file.path)).not.toBeNull();
    });

    test('closing twice is closing once, and a closed session does nothing', async () => {
      await c.session.close();
      await c.session.close();
      const error = await rejection(c.session.stat('x'));
      expect(error).toMatchObject({ code: 'closed', scope: 'session' });
      const file = await c.sources.file('2024/a.pdf', 10);
      expect((await rejection(putAll(c.session, [file]))).code).toBe('closed');
      expect(await namesIn(c.at('2024'))).toEqual([]);
    });

    test('a sweep where nothing was left finds nothing', async () => {
      expect(await c.session.sweep()).toBe(0);
      await c.send('2024/a.pdf', 10);
      expect(await c.session.sweep()).toBe(0);
      expect(await c.session.stat('2024/a.pdf')).not.toBeNull();
    });
  });
}
