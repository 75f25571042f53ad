import type { Database } from '../../database/client.ts';
import type { Stems } from './highlight.ts';
import { remember } from './remember.ts';

/** The stems of words, each one of letters and digits, as the database makes them. */
export function createStems({ db }: { db: Database }) {
  return remember<Stems>({
    // A language has some ten thousand words that are used.
    most: 20_000,
    async ask(words) {
      const rows = await db.$queryRaw<(Stems & { word: string })[]>`
        SELECT w.word, lower(f.folded) AS folded,
          (tsvector_to_array(to_tsvector('classeur_french', f.folded)))[1] AS french,
          (tsvector_to_array(to_tsvector('classeur_english', f.folded)))[1] AS english
        FROM unnest(${words}::text[]) AS w (word) CROSS JOIN LATERAL search_fold(w.word) AS f (folded)`;
      return rows.map(({ word, ...stems }) => [word, stems]);
    },
  });
}
