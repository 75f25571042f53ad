import type { DocumentAnswer } from '../documents/documents.schemas.ts';
import type { SearchAnswer } from './search.schemas.ts';

export type Facets = SearchAnswer['data']['facets'];
type Facet = Facets['tags'];

/** Rows of a facet: the most frequent. */
export const facetRows = 20;

/** As the database sorts names. */
const { compare } = new Intl.Collator('und');

function countOf(all: { id: number; name: string }[]): Facet {
  const counts = new Map<number, Facet[number]>();
  for (const { id, name } of all) counts.set(id, { id, name, count: (counts.get(id)?.count ?? 0) + 1 });
  return [...counts.values()]
    .sort((a, b) => b.count - a.count || compare(a.name, b.name) || a.id - b.id)
    .slice(0, facetRows);
}

/** The facets of documents that are all of the hits: what the database would count where there are more. */
export function facetsOf(documents: DocumentAnswer[]): Facets {
  return {
    correspondents: countOf(
      documents.flatMap(({ correspondent_id: id, correspondent_name: name }) =>
        id === null || name === null ? [] : [{ id, name }],
      ),
    ),
    document_types: countOf(
      documents.map(({ document_type_id: id, document_type_label: name }) => ({ id, name })),
    ),
    tags: countOf(documents.flatMap((document) => document.tags)),
  };
}
