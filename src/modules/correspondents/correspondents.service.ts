import type { Database, Transaction } from '../../database/client.ts';
import { type Correspondent, Prisma } from '../../database/generated/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { transact } from '../documents/transact.ts';
import { type Applied, applyRule } from '../tags/rules/apply-rule.ts';
import type { Rulebook } from '../tags/rules/rulebook.ts';
import { becomesAuto, originOf, settleRule } from '../tags/rules/stored-rule.ts';
import { lockLabels } from '../tags/tag-tree.ts';
import { correspondentNameTaken, correspondentNotFound } from './correspondents.errors.ts';
import {
  findCorrespondents,
  giveCorrespondent,
  isNameTaken,
  leaveDocuments,
} from './correspondents.queries.ts';
import type {
  CorrespondentAnswer,
  CorrespondentChanges,
  NewCorrespondent,
} from './correspondents.schemas.ts';

export type CorrespondentsService = ReturnType<typeof createCorrespondentsService>;

type Client = Database | Transaction;

async function show(client: Client, o: { user: SessionUser; id: number }): Promise<CorrespondentAnswer> {
  const [found] = await findCorrespondents(client, o);
  if (!found) throw correspondentNotFound();
  return found;
}

async function read(client: Client, id: number): Promise<Correspondent> {
  const found = await client.correspondent.findUnique({ where: { id } });
  if (!found) throw correspondentNotFound();
  return found;
}

/** Who documents are from or to, and the rules that find them (contract §5, seed 004 “Correspondents”). */
export function createCorrespondentsService({
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
    /** All correspondents, with the number of documents that this user may see. */
    list: (user: SessionUser) => findCorrespondents(db, { user }),

    get: (o: { user: SessionUser; id: number }) => show(db, o),

    /** Throws `correspondents.name_taken`, and a 400 on `match`. */
    async create({
      user,
      fields,
    }: {
      user: SessionUser;
      fields: NewCorrespondent;
    }): Promise<CorrespondentAnswer> {
      const { name } = fields;
      const rule = settleRule(fields);
      return transact(db, async (tx) => {
        await lockLabels(tx);
        if (await isNameTaken(tx, { name })) throw correspondentNameTaken();
        const { id } = await tx.correspondent.create({ data: { name, ...rule } });
        if (rule.matchingAlgorithm === 'auto') await onAuto(tx);
        return show(tx, { user, id });
      });
    },

    async update({
      user,
      id,
      fields,
    }: {
      user: SessionUser;
      id: number;
      fields: CorrespondentChanges;
    }): Promise<CorrespondentAnswer> {
      return transact(db, async (tx) => {
        await lockLabels(tx);
        const current = await read(tx, id);
        const { name = current.name } = fields;
        const rule = settleRule(fields, current);
        const changes = { name, ...rule };
        if (await isNameTaken(tx, { name, id })) throw correspondentNameTaken();
        const isChange = Object.entries(changes).some(
          ([key, value]) => current[key as keyof Correspondent] !== value,
        );
        if (isChange) await tx.correspondent.update({ where: { id }, data: changes });
        if (becomesAuto(rule, current)) await onAuto(tx);
        return show(tx, { user, id });
      });
    },

    /** Leaves its documents without a correspondent and removes it. Answers what it was. */
    async remove({ user, id }: { user: SessionUser; id: number }): Promise<CorrespondentAnswer> {
      return transact(db, async (tx) => {
        await lockLabels(tx);
        const shown = await show(tx, { user, id });
        await leaveDocuments(tx, { id, now: now() });
        await tx.correspondent.delete({ where: { id } });
        return shown;
      });
    },

    /** Runs the rule over the user's documents: who matches and has no correspondent gets this one. */
    async apply({ user, id, dryRun }: { user: SessionUser; id: number; dryRun: boolean }): Promise<Applied> {
      const rule = await read(db, id);
      return applyRule({
        db,
        signal,
        user,
        dryRun,
        kind: 'correspondents',
        rule,
        rulebook,
        open: Prisma.sql`d.correspondent_id IS NULL`,
        give: async (tx, documentIds) => {
          await read(tx, id);
          return giveCorrespondent(tx, { documentIds, id, origin: originOf(rule), now: now() });
        },
      });
    },
  };
}
