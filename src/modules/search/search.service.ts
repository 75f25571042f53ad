import type { Database } from '../../database/client.ts';
import type { SessionUser } from '../../http/request.ts';
import {
  createFindWords,
  excerptOf,
  findSpans,
  lookOf,
  markSpans,
  type Word,
  wordsToStem,
} from './highlight.ts';
import { parseQuery } from './query-language.ts';
import { findDocuments } from './search.queries.ts';
import type { SearchAnswer, SearchQuery } from './search.schemas.ts';
import { createStems } from './stems.queries.ts';
import { suggest } from './suggest.ts';
import { createReadTerms } from './terms.queries.ts';

export type SearchService = ReturnType<typeof createSearchService>;

/** Search and suggestions (seed 004, contract §4): of what the user may see, the trash left out. */
export function createSearchService({ db }: { db: Database }) {
  const stemsOf = createStems({ db });
  const readTerms = createReadTerms({ client: db });
  return {
    /** One page with its total, facets and highlights. Without words: what the filters leave, the newest first. */
    async search({ user, query }: { user: SessionUser; query: SearchQuery }): Promise<SearchAnswer['data']> {
      const began = performance.now();
      const terms = query.q?.trim() ? await readTerms(parseQuery(query.q)) : null;
      const wanted = terms?.filter((term) => !term.negated) ?? [];
      const found = await findDocuments(db, { user, query, terms, pattern: lookOf(wanted) });
      const findWords = createFindWords(wanted);
      const shown = found.documents.map(({ document, excerpt }) => ({
        document,
        title: { text: document.title, words: findWords(document.title) },
        excerpt: excerpt === null ? null : { text: excerpt, words: findWords(excerpt) },
      }));
      const words = shown.flatMap(({ title, excerpt }) => [...title.words, ...(excerpt?.words ?? [])]);
      const stems = await stemsOf(wanted.length > 0 ? wordsToStem(wanted, words) : []);
      const spansIn = (part: { text: string; words: Word[] }) =>
        findSpans(part.text, part.words, wanted, stems);
      return {
        documents: shown.map(({ document, title, excerpt }) => ({
          ...document,
          highlights: {
            title: markSpans(title.text, spansIn(title)),
            text: excerpt && excerptOf(excerpt.text, spansIn(excerpt)),
          },
        })),
        total: found.total,
        search_time: Math.round(performance.now() - began) / 1000,
        facets: found.facets,
      };
    },

    suggest: (o: { user: SessionUser; q: string; limit: number }) => suggest(db, o),
  };
}
