import { randomBytes } from 'node:crypto';
import type { Database } from '../../src/database/client.ts';
import { hashPassword } from '../../src/modules/users/password.ts';
import { correspondents } from './correspondents.ts';
import { members, type Owner, validators } from './members.ts';
import { tagTree } from './sectors.ts';

/** The ids, in one database, of what synthetic papers refer to. */
export type Lists = Awaited<ReturnType<typeof prepareLists>>;

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not in the database`);
  return value;
}

interface User {
  id: number;
  username: string;
}

/** Makes the members that are missing. Nobody knows their passwords until an administrator sets one. */
async function prepareOwners(db: Database): Promise<Map<Owner, User>> {
  const names = members.map((member) => member.username);
  const find = () =>
    db.$queryRaw<(User & { owner: Owner })[]>`
      SELECT id, username, lower(username) AS owner FROM users WHERE lower(username) = ANY(${names}::text[])`;
  const there = new Set((await find()).map(({ owner }) => owner));
  const missing = members.filter((member) => !there.has(member.username));
  const hashes = await Promise.all(missing.map(() => hashPassword(randomBytes(32).toString('base64url'))));
  await db.$executeRaw`
    INSERT INTO users (username, display_name, password_hash, updated_at)
    SELECT w.*, now() FROM unnest(${missing.map((member) => member.username)}::text[],
      ${missing.map((member) => member.displayName)}::text[], ${hashes}::text[]) AS w
    ON CONFLICT DO NOTHING`;
  const owners = new Map<Owner, User>((await find()).map((user) => [user.owner, user]));
  const administrator = await db.user.findFirst({
    where: { isAdmin: true, isActive: true },
    orderBy: { id: 'asc' },
    select: { id: true, username: true },
  });
  return owners.set('administrator', need(administrator ?? undefined, 'an administrator'));
}

/** Gives the validators among the members their roles; who holds the same one already keeps it as it is. */
async function prepareRoles(
  db: Database,
  { owners, types }: { owners: Map<Owner, User>; types: Map<string, { id: number }> },
): Promise<void> {
  for (const { username, role } of validators) {
    const type = role.type && types.get(role.type);
    if (type === undefined) continue;
    await db.$executeRaw`
      INSERT INTO role_assignments (user_id, role_code, document_type_id, max_amount, assigned_by_id)
      VALUES (${need(owners.get(username), username).id}, ${role.code}, ${type?.id ?? null}::int, ${role.maxAmount},
        ${need(owners.get('administrator'), 'an administrator').id})
      ON CONFLICT DO NOTHING`;
  }
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
  const types = new Map((await db.documentType.findMany()).map((type) => [type.code, type]));
  await prepareRoles(db, { owners, types });
  return {
    /** by their tables */
    ids: {
      users: [...new Set([...owners.values()].map((user) => user.id))],
      correspondents: firms,
      tags: [...tags.values()],
      document_types: [...types.values()].map((type) => type.id),
    },
    ownerOf: (owner: Owner) => need(owners.get(owner), owner).id,
    usernameOf: (owner: Owner) => need(owners.get(owner), owner).username,
    correspondentOf: (rank: number) => need(firms[rank], `correspondent ${rank}`),
    /** where an administrator removed the type, its papers are `other` */
    typeOf: (code: string) => need(types.get(code) ?? types.get('other'), `the document type ${code}`),
    tagsOf: (paths: string[]) =>
      [...new Set(paths.flatMap(withAncestors))].map((path) => need(tags.get(path), path)),
  };
}
