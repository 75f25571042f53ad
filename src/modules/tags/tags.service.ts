import type { Database, Transaction } from '../../database/client.ts';
import { Prisma, type Tag } from '../../database/generated/client.ts';
import { invalidRequest } from '../../http/http.errors.ts';
import type { SessionUser } from '../../http/request.ts';
import { transact } from '../documents/transact.ts';
import { type Applied, applyRule } from './rules/apply-rule.ts';
import type { Rulebook } from './rules/rulebook.ts';
import { becomesAuto, originOf, settleRule } from './rules/stored-rule.ts';
import { ancestorsOf, lockLabels, readLineage, withAncestors } from './tag-tree.ts';
import { fieldErrors, tagHasChildren, tagNameTaken, tagNotFound } from './tags.errors.ts';
import {
  findSubtree,
  findTags,
  giveTags,
  giveToTagged,
  isNameTaken,
  lockTagged,
  touchTagged,
} from './tags.queries.ts';
import type { NewTag, TagAnswer, TagChanges } from './tags.schemas.ts';

/** The levels of a tree, its root being the first (contract §5). */
const maxLevels = 5;

export type TagsService = ReturnType<typeof createTagsService>;

type Client = Database | Transaction;

async function show(client: Client, o: { user: SessionUser; id: number }): Promise<TagAnswer> {
  const [found] = await findTags(client, o);
  if (!found) throw tagNotFound();
  return found;
}

async function read(client: Client, id: number): Promise<Tag> {
  const found = await client.tag.findUnique({ where: { id } });
  if (!found) throw tagNotFound();
  return found;
}

/** Throws a 400 on `parent_id` where a tag, `null` a new one, cannot be below that parent. */
async function checkPlace(tx: Transaction, { id, parentId }: { id: number | null; parentId: number }) {
  const refused = (text: keyof typeof fieldErrors) =>
    invalidRequest({ fields: { parent_id: [fieldErrors[text]] } });
  const lineage = await readLineage(tx, [parentId]);
  if (!lineage.has(parentId)) throw refused('unknownParent');
  const above = [parentId, ...ancestorsOf(lineage, parentId)];
  if (id !== null && above.includes(id)) throw refused('cycle');
  const subtree = id === null ? [] : await findSubtree(tx, id);
  const levels = Math.max(1, ...subtree.map(({ level }) => level));
  if (above.length + levels > maxLevels) throw refused('tooDeep');
}

/** The tree of tags and their rules (contract §5, seed 004 “Tags”). */
export function createTagsService({
  db,
  rulebook,
  onAuto,
  signal,
  now = () => new Date(),
}: {
  db: Database;
  rulebook: Rulebook;
  /** told, inside the transaction, that a rule has become `auto` */
  onAuto: (tx: Transaction) => Promise<void>;
  signal: AbortSignal;
  now?: () => Date;
}) {
  return {
    /** All tags, flat, with the number of documents that this user may see. */
    list: (user: SessionUser) => findTags(db, { user }),

    get: (o: { user: SessionUser; id: number }) => show(db, o),

    /** Throws `tags.name_taken`, and a 400 on `match` or `parent_id`. */
    async create({ user, fields }: { user: SessionUser; fields: NewTag }): Promise<TagAnswer> {
      const { name, color, parent_id: parentId = null } = fields;
      const rule = settleRule(fields);
      return transact(db, async (tx) => {
        await lockLabels(tx);
        if (parentId !== null) await checkPlace(tx, { id: null, parentId });
        if (await isNameTaken(tx, { name, parentId })) throw tagNameTaken();
        const { id } = await tx.tag.create({ data: { name, parentId, ...(color && { color }), ...rule } });
        if (rule.matchingAlgorithm === 'auto') await onAuto(tx);
        return show(tx, { user, id });
      });
    },

    /**
     * Changes what is given. Below another tag, its documents get what is above it now; what was above it
     * before stays with them, since it may have been given by hand.
     */
    async update({
      user,
      id,
      fields,
    }: {
      user: SessionUser;
      id: number;
      fields: TagChanges;
    }): Promise<TagAnswer> {
      return transact(db, async (tx) => {
        await lockLabels(tx);
        const current = await read(tx, id);
        const { name = current.name, color = current.color, parent_id: parentId = current.parentId } = fields;
        const rule = settleRule(fields, current);
        const moves = parentId !== current.parentId;
        if (moves && parentId !== null) await checkPlace(tx, { id, parentId });
        if (await isNameTaken(tx, { name, parentId, id })) throw tagNameTaken();
        const changes = { name, color, parentId, ...rule };
        if (Object.entries(changes).every(([key, value]) => current[key as keyof Tag] === value))
          return show(tx, { user, id });
        await tx.tag.update({ where: { id }, data: changes });
        if (becomesAuto(rule, current)) await onAuto(tx);
        if (moves && parentId !== null) {
          const tagIds = withAncestors(await readLineage(tx, [parentId]), [parentId]);
          await lockTagged(tx, id);
          await giveToTagged(tx, { having: id, tagIds, now: now() });
        }
        return show(tx, { user, id });
      });
    },

    /** Takes the tag from its documents and removes it. Throws `tags.has_children`, with their ids. Answers what it was. */
    async remove({ user, id }: { user: SessionUser; id: number }): Promise<TagAnswer> {
      return transact(db, async (tx) => {
        await lockLabels(tx);
        const shown = await show(tx, { user, id });
        const rows = await tx.tag.findMany({
          where: { parentId: id },
          select: { id: true },
          orderBy: { id: 'asc' },
        });
        const children = rows.map((row) => row.id);
        if (children.length > 0)
          throw tagHasChildren({ params: { count: children.length }, body: { children } });
        await lockTagged(tx, id);
        await touchTagged(tx, { tagId: id, now: now() });
        await tx.tag.delete({ where: { id } });
        return shown;
      });
    },

    /** Runs the tag's rule over the user's documents: who matches gets the tag and what is above it. */
    async apply({ user, id, dryRun }: { user: SessionUser; id: number; dryRun: boolean }): Promise<Applied> {
      const rule = await read(db, id);
      return applyRule({
        db,
        signal,
        user,
        dryRun,
        kind: 'tags',
        rule,
        rulebook,
        open: Prisma.sql`NOT EXISTS (SELECT 1 FROM document_tags x WHERE x.document_id = d.id AND x.tag_id = ${id})`,
        give: async (tx, documentIds) => {
          const lineage = await readLineage(tx, [id]);
          if (!lineage.has(id)) throw tagNotFound();
          const tagIds = withAncestors(lineage, [id]);
          return giveTags(tx, { documentIds, tagIds, origin: originOf(rule), now: now() });
        },
      });
    },
  };
}
