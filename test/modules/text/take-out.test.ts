import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type FileText,
  type TextLimits,
  takeOutText,
  textLimits,
} from '../../../src/modules/text/take-out.ts';
import { eventually, processes } from '../../support/server.ts';
import {
  assemble,
  bombPdf,
  deepPdf,
  endlessPdf,
  lockedPdf,
  ofPages,
  scanPdf,
  stream,
  talkativePdf,
  textPdf,
} from './pdfs.ts';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'classeur-text-'));
  file = path.join(folder, 'file');
});
afterAll(() => rm(folder, { recursive: true }));

async function textOf(
  bytes: Buffer,
  { kind = 'pdf', limits = {}, signal = new AbortController().signal }: Options = {},
) {
  await writeFile(file, bytes);
  return takeOutText({ open: () => open(file), kind, signal, limits: { ...textLimits, ...limits } });
}

interface Options {
  kind?: FileText;
  limits?: Partial<TextLimits>;
  signal?: AbortSignal;
}

const plain = { kind: 'plain' as const };

const extractors = async () =>
  (await processes()).filter(
    ({ parent, commandLine }) => parent === process.pid && commandLine.includes('extractor/worker.ts'),
  );

describe('the text of a plain text file', () => {
  const said = 'Élection à Zürich, 1’234.50 €\nl’été';

  test.each([
    ['UTF-8', Buffer.from(said)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${said}`)],
    ['UTF-16, as Windows writes it', Buffer.from(`\ufeff${said}`, 'utf16le')],
    ['UTF-16, the other way round', Buffer.from(`\ufeff${said}`, 'utf16le').swap16()],
    ['windows-1252', Buffer.from(said.replaceAll('’', '\x92').replaceAll('€', '\x80'), 'latin1')],
  ])('is read as %s', async (_how, bytes) => {
    expect(await textOf(bytes, plain)).toEqual({ status: 'done', text: said });
  });

  test('is made such that it can be kept and found: composed, without what is not seen', async () => {
    const bytes = Buffer.from('Elec\u00adtricite\u0301\0 \x07a\u200bb\r\nc\rd\te\x85');
    expect(await textOf(bytes, plain)).toEqual({ status: 'done', text: 'Electricité   ab\nc\nd\te' });
  });

  test('is none where there is no letter and no digit', async () => {
    expect(await textOf(Buffer.from(' \n ---\n'), plain)).toEqual({ status: 'none' });
  });

  test('is cut at a character where it is too long', async () => {
    const outcome = await textOf(Buffer.from('é'.repeat(1000)), { ...plain, limits: { text: 101 } });
    expect(outcome).toEqual({ status: 'done', text: 'é'.repeat(50) });
  });

  test('of a file of 200 MB is its beginning, and costs this process nothing', async () => {
    const before = process.memoryUsage.rss();
    await writeFile(file, 'Le début. '.repeat(100_000));
    await truncate(file, 200_000_000);
    const outcome = await takeOutText({
      open: () => open(file),
      kind: 'plain',
      signal: new AbortController().signal,
    });
    expect(outcome).toMatchObject({ status: 'done', text: expect.stringMatching(/^Le début\. Le début/) });
    expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000);
  });
});

describe('the text of a PDF', () => {
  test('comes page after page, line after line, with its accents', async () => {
    const bytes = textPdf(
      'Facture n° 2026-0042\nÉlectricité de l’été (suite)'.replace('’', '\x92'),
      'Zürich',
    );
    expect(await textOf(bytes)).toEqual({
      status: 'done',
      text: expect.stringMatching(/^Facture n° 2026-0042\s+Électricité de l’été \(suite\)\s+Zürich$/),
    });
  });

  test('is none in a scan', async () => {
    expect(await textOf(scanPdf())).toEqual({ status: 'none' });
  });

  test('is what its good pages say, where one is broken', async () => {
    const bytes = ofPages([stream('BT /F1 12 Tf (avant) Tj ET'), stream('BT /F1 12 Tf (perdue) Tj ET')]);
    const broken = Buffer.from(
      bytes.toString('latin1').replace('/Type /Page /Parent 2 0 R', '/Type /Nope'.padEnd(25)),
      'latin1',
    );
    expect(await textOf(broken)).toMatchObject({ status: 'done', text: expect.stringMatching(/perdue/) });
  });

  test('is cut where it would be too long, however much a page says', async () => {
    const outcome = await textOf(talkativePdf('abcdefghijklmnopqrstuvwxyz'));
    if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome));
    expect(Buffer.byteLength(outcome.text)).toBeGreaterThan(900_000);
    expect(Buffer.byteLength(outcome.text)).toBeLessThanOrEqual(textLimits.text);
  }, 60_000);

  test.each([
    ['locked with a password', () => lockedPdf('sésame'), 'locked'],
    ['cut off', () => textPdf('Facture').subarray(0, 300), 'broken'],
    ['nothing but its first line', () => Buffer.from('%PDF-1.7\n'), 'broken'],
    [
      'a tree of pages that bites its tail',
      () =>
        assemble(['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1 >>']),
      'broken',
    ],
    [
      'dictionaries within dictionaries',
      () => ofPages([Buffer.from('<< /A '.repeat(200_000) + '>>'.repeat(200_000))]),
      'broken',
    ],
  ])('is not there when it is %s', async (_what, make, reason) => {
    expect(await textOf(make())).toEqual({ status: 'failed', reason });
  });

  test('is what an owner’s password protects from printing only', async () => {
    expect(await textOf(lockedPdf(''))).toEqual({ status: 'done', text: 'Secret' });
  });

  test('larger than what is read is not read', async () => {
    expect(await textOf(textPdf('Facture'), { limits: { pdf: 100 } })).toEqual({
      status: 'failed',
      reason: 'too big',
    });
  });
});

describe('a hostile PDF', () => {
  test('that swells to a gigabyte is stopped at its memory', async () => {
    expect(await textOf(bombPdf(), { limits: { memory: 300e6 } })).toEqual({
      status: 'failed',
      reason: 'too much memory',
    });
  }, 30_000);

  test.each([
    ['when it has worked for so long', { cpu: 1000 }],
    ['or was there for so long', { time: 1500 }],
  ])(
    'that goes on for hours is stopped %s',
    async (_when, limits) => {
      expect(await textOf(endlessPdf(), { limits })).toEqual({ status: 'failed', reason: 'too slow' });
    },
    30_000,
  );

  test('that is deeper than a stack has no text', async () => {
    expect((await textOf(deepPdf())).status).toMatch(/none|failed/);
  });

  test('leaves no process behind', async () => {
    expect(await extractors()).toEqual([]);
  });
});

describe('the process that takes out text', () => {
  test('ends with the server’s signal, at once', async () => {
    const stop = new AbortController();
    const outcome = textOf(endlessPdf(), { signal: stop.signal });
    await eventually('it runs', async () => (await extractors()).length > 0);
    stop.abort(new Error('the server stops'));
    await expect(outcome).rejects.toThrow('the server stops');
    expect(await extractors()).toEqual([]);
  });

  test('is started again when somebody else killed it', async () => {
    const outcome = textOf(endlessPdf(), { limits: { time: 2000 } });
    const [first] = await eventually('it runs', async () => {
      const found = await extractors();
      return found.length > 0 && found;
    });
    process.kill(first?.pid ?? 0, 'SIGKILL');
    const [second] = await eventually('another one runs', async () => {
      const found = (await extractors()).filter(({ pid }) => pid !== first?.pid);
      return found.length > 0 && found;
    });
    expect(second?.pid).not.toBe(first?.pid);
    expect(await outcome).toEqual({ status: 'failed', reason: 'too slow' });
  });

  test('has nothing of the server’s environment, and may read nothing but its own code', async () => {
    process.env.CLASSEUR_TEST_SECRET = 'hunter2';
    const outcome = textOf(endlessPdf(), { limits: { time: 1000 } });
    const [found] = await eventually('it runs', async () => {
      const running = await extractors();
      return running.length > 0 && running;
    });
    const environment = await open(`/proc/${found?.pid}/environ`).then(async (handle) => {
      const text = await handle.readFile('utf8');
      await handle.close();
      return text;
    });
    delete process.env.CLASSEUR_TEST_SECRET;
    expect(environment).not.toContain('hunter2');
    expect(found?.commandLine).toMatch(
      /--permission --allow-fs-read=\S+extractor\/ --allow-fs-read=\S+pdfjs\.mjs/,
    );
    await outcome;
  });
});
