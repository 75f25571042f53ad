import type { Database, Transaction } from '../../database/client.ts';
import type { Term } from './query-language.ts';
import { remember } from './remember.ts';

type Client = Database | Transaction;

/** What the words of a term are to the database, whatever its documents. */
interface Reading {
  /** what they are found by, French and English, as a `tsquery`; empty where none says anything */
  query: string;
  /** whether one of the languages counts them among those that say nothing: `de`, `the` */
  stop: boolean;
  /** the lower-case text by which the term is also found as a part of numbers and references; null: it is none */
  part: string | null;
}

export type ReadTerm = Term & Reading;

/** A term with the correspondents and tags, by id, whose names have it. */
export interface NamedTerm extends ReadTerm {
  correspondents: number[];
  tags: number[];
}

/** What an index of trigrams can look for: three letters or digits in a row. */
const hasTrigram = /[a-z0-9]{3}/;

function partOf(text: string, folded: string): string | null {
  const part = folded.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return !/\s/.test(text) && /[0-9]/.test(part) && hasTrigram.test(part) ? part : null;
}

const keyOf = ({ text, prefix }: Term) => `${prefix ? '*' : ' '}${text}`;

async function readKeys(client: Client, keys: string[]): Promise<[key: string, reading: Reading][]> {
  const texts = keys.map((key) => key.slice(1));
  const rows = await client.$queryRaw<(Reading & { folded: string })[]>`
    SELECT q.query::text AS query, q.stop, lower(unaccent(t.text)) AS folded
    FROM unnest(${texts}::text[], ${keys.map((key) => key.startsWith('*'))}::boolean[])
      WITH ORDINALITY AS t (text, prefix, place)
    CROSS JOIN LATERAL search_term(t.text, t.prefix) q
    ORDER BY t.place`;
  return rows.map(({ query, stop, folded }, index) => [
    keys[index] ?? '',
    { query, stop, part: partOf(texts[index] ?? '', folded) },
  ]);
}

/**
 * What is left of the terms of a query to look for. Words that say nothing are left out, unless the query has no
 * others: then they are what is meant. Empty where nothing is left.
 */
export type ReadTerms = (terms: readonly Term[]) => Promise<ReadTerm[]>;

export function createReadTerms({ client }: { client: Client }): ReadTerms {
  const readingsOf = remember<Reading>({ ask: (keys) => readKeys(client, keys), most: 20_000 });
  return async (terms) => {
    const readings = terms.length === 0 ? new Map() : await readingsOf(terms.map(keyOf));
    const read = terms.flatMap((term): ReadTerm[] => {
      const reading = readings.get(keyOf(term));
      return reading && reading.query !== '' ? [{ ...term, ...reading }] : [];
    });
    const told = read.filter((term) => !term.stop);
    const onlyStops = terms.some((term) => !term.negated) && !told.some((term) => !term.negated);
    return onlyStops ? read.filter((term) => !(term.stop && term.negated)) : told;
  };
}

/** Looks up which correspondents and tags the terms name now. */
export async function nameTerms(client: Client, terms: readonly ReadTerm[]): Promise<NamedTerm[]> {
  if (terms.length === 0) return [];
  const rows = await client.$queryRaw<{ correspondents: number[]; tags: number[] }[]>`
    SELECT ARRAY(SELECT c.id FROM correspondents c WHERE search_name(c.name) @@ t.query) AS correspondents,
      ARRAY(SELECT g.id FROM tags g WHERE search_name(g.name) @@ t.query) AS tags
    FROM (SELECT w.query::tsquery AS query, w.place
      FROM unnest(${terms.map((term) => term.query)}::text[]) WITH ORDINALITY AS w (query, place)) t
    ORDER BY t.place`;
  return terms.map((term, index) => ({ ...term, ...(rows[index] ?? { correspondents: [], tags: [] }) }));
}
