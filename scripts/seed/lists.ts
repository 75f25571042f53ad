import { randomBytes } from 'node:crypto';
import type { Database } from '../../src/database/client.ts';
import { hashPassword } from '../../src/modules/users/password.ts';
import { correspondents } from './correspondents.ts';
import { members, type Owner } from './generate.ts';
import { tagTree } from './sectors.ts';

/** The ids, in one database, of what synthetic papers refer to. */
export type Lists = Awaited<ReturnType<typeof prepareLists>>;

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not in the database`);
  return value;
}

/** Makes the members that are missing. Nobody knows their passwords until an administrator sets one. */
async function prepareOwners(db: Database): Promise<Map<Owner, number>> {
  const administrator = await db.user.findFirst({
    where: { isAdmin: true, isActive: true },
    orderBy: { id: 'asc' },
  });
  const owners = new Map<Owner, number>([['administrator', need(administrator?.id, 'an administrator')]]);
  for (const { username, displayName } of members) {
    const find = () =>
      db.$queryRaw<{ id: number }[]>`SELECT id FROM users WHERE lower(username) = ${username}`;
    let [found] = await find();
    if (!found) {
      const passwordHash = await hashPassword(randomBytes(32).toString('base64url'));
      await db.$executeRaw`
        INSERT INTO users (username, display_name, password_hash, updated_at)
        VALUES (${username}, ${displayName}, ${passwordHash}, now()) ON CONFLICT DO NOTHING`;
      [found] = await find();
    }
    owners.set(username, need(found?.id, username));
  }
  return owners;
}

async function prepareCorrespondents(db: Database): Promise<number[]> {
  const names = correspondents.map((correspondent) => correspondent.name);
  await db.$executeRaw`
    INSERT INTO correspondents (name, updated_at) SELECT name, now() FROM unnest(${names}::text[]) AS w (name)
    ON CONFLICT DO NOTHING`;
  const rows = await db.$queryRaw<{ id: number }[]>`
    SELECT c.id FROM unnest(${names}::text[]) WITH ORDINALITY AS w (name, rank)
    JOIN correspondents c ON lower(c.name) = lower(w.name) ORDER BY w.rank`;
  if (rows.length !== names.length) throw new Error('a correspondent went away while seeding');
  return rows.map((row) => row.id);
}

async function prepareTags(db: Database): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const { path, color } of tagTree) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const parent = path.includes('/') ? need(ids.get(path.slice(0, path.lastIndexOf('/'))), path) : null;
    await db.$executeRaw`
      INSERT INTO tags (name, color, parent_id, updated_at) VALUES (${name}, ${color}, ${parent}::int, now())
      ON CONFLICT DO NOTHING`;
    const [row] = await db.$queryRaw<{ id: number }[]>`
      SELECT id FROM tags WHERE lower(name) = lower(${name}) AND coalesce(parent_id, 0) = ${parent ?? 0}`;
    ids.set(path, need(row?.id, path));
  }
  return ids;
}

/** `a/b/c` → a, a/b, a/b/c: a tag brings its ancestors (contract §5). */
function withAncestors(path: string): string[] {
  const steps = path.split('/');
  return steps.map((_, index) => steps.slice(0, index + 1).join('/'));
}

/**
 * Sees that members, correspondents and tags are there; what is there under the same name already is used as
 * it is.
 */
export async function prepareLists({ db }: { db: Database }) {
  const owners = await prepareOwners(db);
  const firms = await prepareCorrespondents(db);
  const tags = await prepareTags(db);
  const types = new Map(
    (await db.documentType.findMany({ select: { id: true, code: true, folder: true } })).map((type) => [
      type.code,
      type,
    ]),
  );
  return {
    /** by their tables */
    ids: {
      users: [...new Set(owners.values())],
      correspondents: firms,
      tags: [...tags.values()],
      document_types: [...types.values()].map((type) => type.id),
    },
    ownerOf: (owner: Owner) => need(owners.get(owner), owner),
    correspondentOf: (rank: number) => need(firms[rank], `correspondent ${rank}`),
    /** where an administrator removed the type, its papers are `other` */
    typeOf: (code: string) => need(types.get(code) ?? types.get('other'), `the document type ${code}`),
    tagsOf: (paths: string[]) =>
      [...new Set(paths.flatMap(withAncestors))].map((path) => need(tags.get(path), path)),
  };
}
