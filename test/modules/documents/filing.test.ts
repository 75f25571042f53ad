import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  filedMonthOf,
  filedPath,
  foldKey,
  safeName,
  suffixed,
} from '../../../src/modules/documents/filing.ts';

/** Names as hostile as they come: reserved, invisible, combining, astral and ordinary characters, mixed. */
const hostileName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.string({
    unit: fc.constantFrom(
      '.',
      ' ',
      'a',
      'é',
      'e\u0301',
      '\u202e',
      '\u200d',
      '/',
      '\\',
      '\0',
      ':',
      '😀',
      'CON',
      'nul',
      '\ud800',
      'ß',
      '\u034f',
    ),
    maxLength: 300,
  }),
);

const bytes = (text: string) => Buffer.byteLength(text);

describe('the name a document is filed under', () => {
  test.each([
    ['Facture EDF.pdf', 'Facture EDF.pdf'],
    ['Relevé n° 3 : mars/avril.pdf', 'Relevé n° 3 _ mars_avril.pdf'],
    ['Cafe\u0301.pdf', 'Café.pdf'],
    ['a<b>c"d|e?f*g\\h.txt', 'a_b_c_d_e_f_g_h.txt'],
    ['tab\there\u007f.txt', 'tab_here_.txt'],
    ['end.  . ', 'end'],
    ['.htaccess', 'htaccess'],
    ['.classeur', 'classeur'],
    ['CON', '_CON'],
    ['nul.tar.gz', '_nul.tar.gz'],
    ['com1 .txt', '_com1 .txt'],
    ['LPT².pdf', '_LPT².pdf'],
    ['console.log', 'console.log'],
    ['invoice\u202efdp.exe', 'invoicefdp.exe'],
    ['zero\u200bwidth\ufeff.pdf', 'zerowidth.pdf'],
    ['', 'document'],
    ['...', 'document'],
    ['\u202e', 'document'],
  ])('%j becomes %j', (given, expected) => {
    expect(safeName(given)).toBe(expected);
  });

  test('is at most 255 bytes, suffix included, and keeps its extension', () => {
    fc.assert(
      fc.property(
        hostileName,
        fc.integer({ min: 1, max: 2_147_483_647 }),
        fc.integer({ min: 1, max: 999 }),
        (name, id, attempt) => {
          expect(bytes(safeName(name))).toBeLessThanOrEqual(255);
          expect(bytes(suffixed(safeName(name), id, attempt))).toBeLessThanOrEqual(255);
        },
      ),
    );
    const long = safeName(`${'é'.repeat(400)}.pdf`);
    expect(long).toMatch(/^é+\.pdf$/);
    expect(bytes(long)).toBeGreaterThan(230);
  });

  test('is never cut inside a character', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), (shift) => {
        const name = safeName(`${'x'.repeat(shift)}${'😀'.repeat(100)}.png`);
        expect(name.isWellFormed()).toBe(true);
        expect(name).toMatch(/^x*(😀)+\.png$/u);
      }),
    );
  });

  test('is accepted by Windows, SMB and FTP, whatever the original was called', () => {
    fc.assert(
      fc.property(hostileName, (original) => {
        const name = safeName(original);
        expect(name).not.toBe('');
        expect(name).not.toMatch(/[<>:"/\\|?*\p{Cc}\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/u);
        expect(name).not.toMatch(/^[. ]|[. ]$/);
        expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        expect(name.isWellFormed()).toBe(true);
        expect(name.normalize('NFC')).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  test('is its own safe name', () => {
    fc.assert(
      fc.property(hostileName, (original) => {
        const name = safeName(original);
        expect(safeName(name)).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  test('gives way to a neighbour by its id', () => {
    expect(suffixed('scan.pdf', 12, 1)).toBe('scan-12.pdf');
    expect(suffixed('scan.pdf', 12, 2)).toBe('scan-12-2.pdf');
    expect(suffixed('notes', 7, 1)).toBe('notes-7');
  });
});

describe('the fold of a name', () => {
  test.each([
    ['FACTURE.PDF', 'facture.pdf'],
    ['Café.pdf', 'Cafe\u0301.PDF'],
    ['STRASSE', 'straße'],
    ['STRAẞE', 'straße'],
    ['ΟΔΟΣ', 'οδος'],
    ['\u212aelvin', 'kelvin'],
  ])('%j and %j are the same', (one, other) => {
    expect(foldKey(one)).toBe(foldKey(other));
  });

  test('is the same for every casing and normal form of a name', () => {
    fc.assert(
      fc.property(hostileName, (original) => {
        const name = safeName(original);
        for (const variant of [
          name.toLowerCase(),
          name.toUpperCase(),
          name.normalize('NFD'),
          foldKey(name),
        ]) {
          expect(foldKey(variant)).toBe(foldKey(name));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of a path is that of its segments, joined', () => {
    fc.assert(
      fc.property(hostileName, hostileName, (one, other) => {
        const [folder, name] = [safeName(one), safeName(other)];
        expect(foldKey(`2026/01/${folder}/${name}`)).toBe(`2026/01/${foldKey(folder)}/${foldKey(name)}`);
      }),
    );
  });
});

describe('the place a document is filed at', () => {
  test('is the month of its own date', () => {
    const month = filedMonthOf({
      documentDate: new Date('2025-12-31'),
      createdAt: new Date('2026-02-01T12:00:00Z'),
    });
    expect(filedPath({ filedMonth: month, folder: 'factures', filedName: 'a.pdf' })).toBe(
      '2025/12/factures/a.pdf',
    );
  });

  test('is the month of its creation on the server’s calendar when it has no date', () => {
    const createdAt = new Date(2026, 0, 31, 23, 59);
    const month = filedMonthOf({ documentDate: null, createdAt });
    expect(filedPath({ filedMonth: month, folder: 'autres', filedName: 'a.pdf' })).toBe(
      '2026/01/autres/a.pdf',
    );
  });

  test('keeps four digits for early years', () => {
    const month = filedMonthOf({ documentDate: new Date('0087-03-02'), createdAt: new Date() });
    expect(filedPath({ filedMonth: month, folder: 'autres', filedName: 'a.pdf' })).toBe(
      '0087/03/autres/a.pdf',
    );
  });
});
