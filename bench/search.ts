import { fileNameAt, fileNames } from '../scripts/seed/texts.ts';
import { type Caller, type Filled, type FilledServers, underLoad } from './support/filled.ts';
import { startHandWritten, withClient } from './support/hand-written-search.ts';
import type { Loader } from './support/load.ts';
import { type Claim, median, rateClaim } from './support/measure.ts';

const rounds = 5;
const connections = 16;
const ms = 2400;

/** in a third of all synthetic documents */
const broadWord = 'facture';
const prefixes = ['fac', 'relev', 'd'];

interface Contest {
  what: string;
  /** addresses of ours and of the reference, asked for the same */
  pairs: { ours: string; reference: string }[];
  cookie: string;
  referenceName: string;
}

/** Words that few documents have, and of an owner's at least one: as few among a million as among ten thousand. */
async function findRareWords(filled: Filled, owner: number | null): Promise<string[]> {
  return withClient(filled.url, async (client) => {
    const found: string[] = [];
    // The names of files have fewer documents the further down the list they are.
    for (let first = 0; first < fileNames && found.length < 4; first += 600) {
      const words = Array.from({ length: 600 }, (_, index) => fileNameAt(first + index));
      const { rows } = await client.query<{ word: string }>(
        `SELECT w.word FROM unnest($1::text[]) AS w (word) CROSS JOIN LATERAL (
           SELECT count(*) AS hits, count(*) FILTER (WHERE s.owner_id = $2) AS own FROM document_search s
           WHERE NOT s.trashed AND s.words @@ plainto_tsquery('classeur_french', w.word)) c
         WHERE c.hits BETWEEN 6 AND 10 AND ($2::int IS NULL OR c.own > 0)`,
        [words, owner],
      );
      found.push(...rows.map(({ word }) => word));
    }
    if (found.length === 0) throw new Error('no rare word among the synthetic texts');
    return found.slice(0, 4);
  });
}

/** Requests a second of one address after another, each for its share of a round. */
async function rateOf(loader: Loader, urls: string[], cookie?: string): Promise<number> {
  let milliseconds = 0;
  for (const url of urls) {
    const { perSecond } = await loader.run({
      url,
      connections,
      ms: ms / urls.length,
      ...(cookie && { cookie }),
    });
    milliseconds += 1000 / perSecond;
  }
  return (1000 * urls.length) / milliseconds;
}

async function compare(loader: Loader, contest: Contest): Promise<Claim> {
  const { what, referenceName, cookie } = contest;
  const pairs: { ours: number; reference: number }[] = [];
  // The first round fills caches and compiles, and does not count.
  for (let round = 0; round <= rounds; round++) {
    const reference = await rateOf(
      loader,
      contest.pairs.map((pair) => pair.reference),
    );
    const ours = await rateOf(
      loader,
      contest.pairs.map((pair) => pair.ours),
      cookie,
    );
    if (round > 0) pairs.push({ ours, reference });
  }
  return rateClaim({ what, pairs, referenceName, atLeast: 0.5 });
}

async function besideHandWritten(loader: Loader, filled: Filled): Promise<Claim[]> {
  const bare = await startHandWritten(filled.url);
  try {
    const callers: { name: string; caller: Caller; path: string; owner: number | null }[] = [
      { name: 'the administrator', caller: filled.administrator, path: '/all', owner: null },
      { name: 'a member who owns 1,000', caller: filled.member, path: '/own', owner: filled.member.id },
    ];
    const claims: Claim[] = [];
    for (const { name, caller, path, owner } of callers) {
      const asking = (query: string, kind = '') => ({
        ours: `${filled.server.base}/search${kind}?q=${query}`,
        reference: `${bare.base}${path}${kind}?q=${query}&owner=${caller.id}`,
      });
      const sort = { cookie: caller.cookie, referenceName: 'ranked by hand, no total, no facets' };
      claims.push(
        await compare(loader, {
          ...sort,
          what: `search with facets, a word in a third of ${filled.documents.toLocaleString('en')}, ${name}`,
          pairs: [asking(broadWord)],
        }),
        await compare(loader, {
          ...sort,
          what: `search with facets, a rare word, ${name}`,
          pairs: (await findRareWords(filled, owner)).map((word) => asking(word)),
        }),
        await compare(loader, {
          cookie: caller.cookie,
          referenceName: 'titles by prefix, by hand',
          what: `suggestions, ${name}`,
          pairs: prefixes.map((prefix) => asking(prefix, '/suggest')),
        }),
      );
    }
    return claims;
  } finally {
    await bare.stop();
  }
}

/** A narrow search among more and more documents; sizes take turns. */
async function whileGrowing(loader: Loader, filled: Filled[]): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const isAdministrator of [true, false]) {
    const asked = await Promise.all(
      filled.map(async (one) => {
        const caller = isAdministrator ? one.administrator : one.member;
        const words = await findRareWords(one, isAdministrator ? null : caller.id);
        return { urls: words.map((word) => `${one.server.base}/search?q=${word}`), cookie: caller.cookie };
      }),
    );
    const rates: number[][] = filled.map(() => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [index, { urls, cookie }] of asked.entries()) {
        const rate = await rateOf(loader, urls, cookie);
        if (round > 0) rates[index]?.push(rate);
      }
    }
    const [first = Number.NaN, ...others] = rates.map(median);
    const slowest = Math.min(...others);
    const shown = (rate: number) => `${Math.round(rate).toLocaleString('en')}/s`;
    const sizes = filled.map(({ documents }) => documents.toLocaleString('en'));
    claims.push({
      what: `a narrow search from ${sizes[0]} to ${sizes.at(-1)} documents, ${isAdministrator ? 'the administrator' : 'a member who owns 1,000'}`,
      ours: others.map(shown).join(', '),
      reference: `at ${sizes[0]}: ${shown(first)}`,
      figure: `${(first / slowest).toFixed(2)} × slower`,
      bar: '≤ 1.5 ×',
      holds: first / slowest <= 1.5,
    });
  }
  return claims;
}

/** Search and suggestions: beside hand-written SQL on the same database, and as the documents become more. */
export async function benchSearch(servers: FilledServers): Promise<Claim[]> {
  return underLoad(servers, { besideHandWritten, whileGrowing });
}
