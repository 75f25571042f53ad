import { type Database, prepared, readRows } from '../../database/client.ts';
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
  const statement = Prisma.sql`${prepared}
    WITH near AS MATERIALIZED (
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
  return readRows(db, statement);
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

/**
 * Those of these texts, in their order, that a word of a title or name begins with that the user may see. What
 * others have in theirs is not even counted: it would push out what is the user's own.
 */
export async function findKnown(
  db: Database,
  { user, texts }: { user: SessionUser; texts: string[] },
): Promise<string[]> {
  const titles = Prisma.sql`EXISTS (SELECT FROM (SELECT s.*, s.document_id AS id FROM document_search s) d
    WHERE NOT d.trashed AND ${visibleTo(user)} AND d.heads @@ (quote_literal(k.text) || ':*C')::tsquery)`;
  const named = (table: string) =>
    Prisma.sql`EXISTS (SELECT FROM ${Prisma.raw(table)} WHERE search_name(name) @@ (quote_literal(k.text) || ':*')::tsquery)`;
  const seen = user.isAdmin
    ? Prisma.sql`TRUE`
    : Prisma.sql`(${named('correspondents')} OR ${named('tags')} OR ${titles})`;
  const rows = await db.$queryRaw<{ text: string }[]>`
    WITH known AS MATERIALIZED (
      SELECT t.text, t.place FROM unnest(${texts}::text[]) WITH ORDINALITY AS t (text, place)
      WHERE EXISTS (SELECT FROM search_vocabulary v
        WHERE v.word >= t.text AND v.word < t.text || U&'\\+10FFFF'))
    SELECT k.text FROM known k WHERE ${seen} ORDER BY k.place`;
  return rows.map((row) => row.text);
}
