import { type Database, prepared } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { visibleTo } from '../documents/visibility.ts';
import type { Suggestion } from './search.schemas.ts';

/** Words that may each stand for one typed word: what is suggested has one of each list, or a word that begins so. */
export type Choices = string[][];

const asQuery = (choices: Choices, weight: string) =>
  choices.map((words) => `(${words.map((word) => `'${word}':*${weight}`).join(' | ')})`).join(' & ');

/** A look at titles: how many of them, and among how many of the newest documents at first. */
interface Look {
  titles: number;
  newest: number;
}

/**
 * Titles that the user may see, the newest first, and the shortest names, that have words beginning so. What many
 * titles have is found in a walk through the newest documents; where that finds `enough` of it is not asked, the
 * index of words tells where the others are. Left the choice, the planner would take any beginning that it does
 * not know for a frequent one, and walk through all there are.
 */
async function find(
  db: Database,
  o: { user: SessionUser; choices: Choices; limit: number; enough: number; look: Look },
): Promise<Suggestion[]> {
  const names = Prisma.sql`(SELECT ${asQuery(o.choices, '')}::tsquery)`;
  const written = Prisma.sql`d.heads @@ (SELECT ${asQuery(o.choices, 'C')}::tsquery)`;
  const visible = Prisma.sql`(SELECT s.*, s.document_id AS id FROM document_search s) d
    WHERE NOT d.trashed AND ${visibleTo(o.user, { hidden: true })}`;
  return db.$queryRaw`
    ${prepared} WITH near AS MATERIALIZED (
      SELECT d.id, d.created_at FROM (
        SELECT d.id, d.created_at, d.heads FROM ${visible}
        ORDER BY d.created_at DESC, d.id DESC LIMIT ${Prisma.raw(`${o.look.newest}`)}) d
      WHERE ${written} LIMIT ${o.look.titles}),
    far AS MATERIALIZED (
      SELECT d.id, d.created_at FROM ${visible} AND ${written} AND (SELECT count(*) FROM near) < ${o.enough})
    (SELECT t.title AS text, 'document' AS type FROM (
      SELECT id, created_at FROM near WHERE (SELECT count(*) FROM near) >= ${o.enough}
      UNION ALL (SELECT id, created_at FROM far ORDER BY created_at DESC, id DESC LIMIT ${o.look.titles})) f
    JOIN documents t ON t.id = f.id ORDER BY f.created_at DESC, f.id DESC)
    UNION ALL (
      SELECT name, 'correspondent' FROM correspondents WHERE search_name(name) @@ ${names}
      ORDER BY length(name), id LIMIT ${o.limit})
    UNION ALL (
      SELECT name, 'tag' FROM tags WHERE search_name(name) @@ ${names} ORDER BY length(name), id LIMIT ${o.limit})`;
}

/** Many documents may have one title: where the newest have too few, more are looked at. */
const furtherLook: Look = { titles: 5000, newest: 20_000 };

export async function findSuggestions(
  db: Database,
  o: { user: SessionUser; choices: Choices; limit: number },
): Promise<Suggestion[]> {
  const enough = o.limit * 2;
  const distinct = async (look: Look) => {
    const rows = await find(db, { ...o, enough, look });
    const titles = rows.filter((row) => row.type === 'document').length;
    return { titles, found: [...new Map(rows.map((row) => [`${row.type} ${row.text}`, row])).values()] };
  };
  const { titles, found } = await distinct({ titles: enough, newest: 1000 });
  const isEnough = titles < enough || found.filter((row) => row.type === 'document').length >= o.limit;
  return isEnough ? found : (await distinct(furtherLook)).found;
}

/** Those of these texts, in their order, that a word of a title or name begins with. */
export async function findKnown(db: Database, texts: string[]): Promise<string[]> {
  const rows = await db.$queryRaw<{ text: string }[]>`
    SELECT t.text FROM unnest(${texts}::text[]) WITH ORDINALITY AS t (text, place)
    WHERE EXISTS (SELECT FROM search_vocabulary v
      WHERE v.word >= t.text AND v.word < t.text || U&'\\+10FFFF')
    ORDER BY t.place`;
  return rows.map((row) => row.text);
}
