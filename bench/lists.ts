import pg from 'pg';
import { startBare } from './support/bare.ts';
import type { BareRoutes } from './support/bare-worker.ts';
import { type Filled, type FilledServers, underLoad } from './support/filled.ts';
import type { Loader } from './support/load.ts';
import { type Claim, rateClaim } from './support/measure.ts';

const rounds = 5;
const connections = 16;
const ms = 1500;
/** of growth: many short ones, of which the least disturbed counts */
const shortRounds = 12;
const shortMs = 80;

/** a deep page: of 20 documents */
const deepPage = 4000;

/** The list of the seed by hand: its joins, its fields. $1 is the offset, $2 the owner. */
const page = (whose: string) => `
  SELECT d.id, d.title, d.filed_name AS filename, v.original_filename,
    to_char(d.filed_month, 'YYYY/MM/') || t.folder || '/' || d.filed_name AS file_path, v.file_size::float8 AS file_size,
    v.mime_type, d.document_type_id, t.label AS document_type_label, d.correspondent_id, c.name AS correspondent_name,
    d.document_date::text AS document_date, d.amount::float8 AS amount, d.currency, d.created_at, d.updated_at, d.asn
  FROM documents d
  JOIN document_versions v ON v.document_id = d.id AND v.number = d.version
  JOIN document_types t ON t.id = d.document_type_id
  LEFT JOIN correspondents c ON c.id = d.correspondent_id
  WHERE d.trashed_at IS NULL ${whose} ORDER BY d.created_at DESC, d.id DESC LIMIT 20 OFFSET $1`;
const total = (whose: string) =>
  `SELECT count(*)::int AS total FROM documents d WHERE d.trashed_at IS NULL ${whose}`;

const routes: BareRoutes = {
  '/all': { data: { sql: page(''), values: ['offset'] }, total: { sql: total(''), values: [] } },
  '/own': {
    data: { sql: page('AND d.owner_id = $2'), values: ['offset', 'owner'] },
    total: { sql: total('AND d.owner_id = $1'), values: ['owner'] },
  },
  '/all/page': { data: { sql: page(''), values: ['offset'] } },
  '/own/page': { data: { sql: page('AND d.owner_id = $2'), values: ['offset', 'owner'] } },
};

/** Ours in turn with each reference, so that a drift of the machine touches all. */
async function compare(
  loader: Loader,
  o: {
    ours: { url: string; cookie: string };
    references: { what: string; url: string; name: string; atLeast: number | null }[];
  },
): Promise<Claim[]> {
  const pairs = o.references.map((): { ours: number; reference: number }[] => []);
  // The first round fills caches and compiles, and does not count.
  for (let round = 0; round <= rounds; round++) {
    const ours = (await loader.run({ ...o.ours, connections, ms })).perSecond;
    for (const [index, { url }] of o.references.entries()) {
      const reference = (await loader.run({ url, connections, ms })).perSecond;
      if (round > 0) pairs[index]?.push({ ours, reference });
    }
  }
  return o.references.map(({ what, name, atLeast }, index) =>
    rateClaim({ what, pairs: pairs[index] ?? [], referenceName: name, atLeast }),
  );
}

async function besideHandWritten(loader: Loader, filled: Filled): Promise<Claim[]> {
  const bare = await startBare({ url: filled.url, routes });
  const offset = (deepPage - 1) * 20;
  const documents = `of ${filled.documents.toLocaleString('en')} documents`;
  try {
    const claims: Claim[] = [];
    for (const { name, caller, path } of [
      { name: 'the administrator', caller: filled.administrator, path: '/all' },
      { name: 'a member who owns 1,000', caller: filled.member, path: '/own' },
    ]) {
      const reference = (kind: string, from: number) =>
        `${bare.base}${path}${kind}?offset=${from}&owner=${caller.id}`;
      const list = `the list with its total ${documents}, ${name}`;
      const deep = `page ${deepPage.toLocaleString('en')} of it, ${name}`;
      claims.push(
        ...(await compare(loader, {
          ours: { url: `${filled.server.base}/documents`, cookie: caller.cookie },
          references: [
            { what: list, url: reference('', 0), name: 'by hand, `count(*)`', atLeast: 0.6 },
            { what: list, url: reference('/page', 0), name: 'by hand, no total', atLeast: null },
          ],
        })),
        ...(await compare(loader, {
          ours: { url: `${filled.server.base}/documents?page=${deepPage}`, cookie: caller.cookie },
          references: [
            { what: deep, url: reference('', offset), name: 'by hand, `OFFSET`, `count(*)`', atLeast: 0.3 },
            {
              what: deep,
              url: reference('/page', 0),
              name: 'by hand, the first page, no total',
              atLeast: 0.3,
            },
          ],
        })),
      );
    }
    return claims;
  } finally {
    await bare.stop();
  }
}

/** The lists whose speed is not to depend on how many documents there are: each order, each filter, a deep page. */
async function addresses(filled: Filled, seen: number): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: filled.url });
  await client.connect();
  const most = async (column: string, table: string) =>
    (
      await client.query(
        `SELECT ${column} AS id FROM ${table} WHERE ${column} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1`,
      )
    ).rows as { id: number }[];
  const tags = await most('tag_id', 'document_tags');
  const [type] = await most('document_type_id', 'documents');
  const [correspondent] = await most('correspondent_id', 'documents');
  await client.end();
  const orders = ['id', 'title', 'created_at', 'updated_at', 'document_date', 'amount'].flatMap((column) =>
    ['ASC', 'DESC'].map((order) => [`by ${column} ${order}`, `order_by=${column}&order=${order}`]),
  );
  return {
    ...Object.fromEntries(orders),
    'of a type': `document_type_id=${type?.id}`,
    'of a correspondent': `correspondent_id=${correspondent?.id}`,
    'of a common tag': `tag_id=${tags[0]?.id}`,
    'of a rare tag': `tag_id=${tags.at(-1)?.id}`,
    'that wait': 'status=pending',
    'in the trash': 'trashed=true',
    'at 40 % of its depth': `page=${Math.floor((seen * 0.4) / 20)}`,
  };
}

/** Milliseconds of each list at each size: the median of the requests of the round that was disturbed the least. */
async function timesOf(
  loader: Loader,
  filled: Filled[],
  isAdministrator: boolean,
): Promise<{ name: string; times: number[] }[]> {
  const lists = await Promise.all(
    filled.map((one) => addresses(one, isAdministrator ? one.documents : 1000)),
  );
  const measured: { name: string; times: number[] }[] = [];
  for (const name of Object.keys(lists[0] ?? {})) {
    const times = filled.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round <= shortRounds; round++) {
      for (const [index, one] of filled.entries()) {
        const { cookie } = isAdministrator ? one.administrator : one.member;
        const url = `${one.server.base}/documents?${lists[index]?.[name]}`;
        const { p50 } = await loader.run({ url, cookie, connections: 1, ms: shortMs });
        if (round > 0) times[index] = Math.min(times[index] ?? p50, p50);
      }
    }
    measured.push({ name, times });
  }
  return measured;
}

/** The same lists among more and more documents, one request at a time; sizes take turns. */
async function whileGrowing(loader: Loader, filled: Filled[]): Promise<Claim[]> {
  const claims: Claim[] = [];
  const sizes = filled.map(({ documents }) => documents.toLocaleString('en'));
  for (const isAdministrator of [true, false]) {
    const lists = (await timesOf(loader, filled, isAdministrator)).map(({ name, times }) => ({
      name,
      shown: times.map((time) => `${time.toFixed(2)} ms`).join(', '),
      factor: Math.max(...times) / (times[0] ?? Number.NaN),
    }));
    lists.sort((one, other) => other.factor - one.factor);
    for (const { name, shown, factor } of lists) console.error(`  ${name}: ${shown}, ${factor.toFixed(2)} ×`);
    const [worst] = lists;
    if (!worst) continue;
    claims.push({
      what: `each of ${lists.length} lists, from ${sizes[0]} to ${sizes.at(-1)} documents, ${isAdministrator ? 'the administrator' : 'a member who owns 1,000'}`,
      ours: `${worst.shown}: those ${worst.name}`,
      reference: `at ${sizes[0]}`,
      figure: `at most ${worst.factor.toFixed(2)} × slower`,
      bar: '≤ 1.3 ×',
      holds: worst.factor <= 1.3,
    });
  }
  return claims;
}

/** Lists and their totals: beside hand-written SQL on the same database, and as the documents become more. */
export async function benchLists(servers: FilledServers): Promise<Claim[]> {
  return underLoad(servers, { besideHandWritten, whileGrowing });
}
