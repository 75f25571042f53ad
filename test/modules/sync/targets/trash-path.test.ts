import { expect, test } from 'vitest';
import { trashPath } from '../../../../src/modules/sync/targets/trash-path.ts';

const on = new Date('2026-11-21T23:30:00-05:00');

test.for([
  ['2026/11/autres/a.pdf', 1, '2026/11/autres/a.pdf'],
  ['2026/11/autres/a.pdf', 2, '2026/11/autres/a-2.pdf'],
  ['2026.11/sans point', 12, '2026.11/sans point-12'],
  ['.profile', 2, '.profile-2'],
  ['a.tar.gz', 3, 'a.tar-3.gz'],
] as const)(
  'what is thrown away lies under its day in UTC and its path: %s, number %i',
  ([path, nth, below]) => {
    expect(trashPath(path, { on, nth })).toBe(`.classeur/trash/2026-11-22/${below}`);
  },
);

test.for([
  ['without extension', 'é'.repeat(127)],
  ['with one', `${'請'.repeat(83)}.pdf`],
  ['of emojis', `${'👧'.repeat(62)}.txt`],
  ['that is all extension', `a.${'x'.repeat(253)}`],
])('a long name %s gets its number without growing past what a file system takes', ([, name = '']) => {
  const numbered = trashPath(`2026/${name}`, { on, nth: 2 }).slice('.classeur/trash/2026-11-22/2026/'.length);
  expect(Buffer.byteLength(numbered)).toBeLessThanOrEqual(255);
  expect(Buffer.byteLength(numbered)).toBeGreaterThan(240);
  expect(numbered).toMatch(/-2(\.pdf|\.txt)?$/);
  expect(numbered.isWellFormed()).toBe(true);
});
