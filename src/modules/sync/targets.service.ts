import type { Database } from '../../database/client.ts';
import type { Prisma, SyncTarget as TargetRow } from '../../database/generated/client.ts';
import { InputError } from '../../http/input.ts';
import { enqueueTarget } from './journal.queries.ts';
import { targetBusy, targetNameTaken, targetNotFound, targetReadOnly } from './sync-requests.errors.ts';
import { isTargetKind, type TargetKindName, targetKinds } from './target-types.ts';

export interface TargetInput {
  name: string;
  type: TargetKindName;
  enabled: boolean;
  schedule: string | null;
  policy: 'keep';
  options: unknown;
}

/** What is undefined stays as it is. */
export type TargetChanges = { [K in Exclude<keyof TargetInput, 'type'>]?: TargetInput[K] | undefined };

export type TargetsService = ReturnType<typeof createTargetsService>;

/** The rows of `sync_targets` (contract §7). */
export function createTargetsService({ db }: { db: Database }) {
  function checkOptions(type: string, options: unknown): Prisma.InputJsonObject {
    if (!isTargetKind(type)) throw new Error(`no target of type ${type} in this version`);
    const parsed = targetKinds[type].options.safeParse(options, { reportInput: true });
    if (!parsed.success) {
      throw new InputError(
        parsed.error.issues.map((issue) => ({ ...issue, path: ['options', ...issue.path] })),
      );
    }
    return parsed.data;
  }

  async function find(id: number): Promise<TargetRow> {
    const target = await db.syncTarget.findUnique({ where: { id } });
    if (!target) throw targetNotFound();
    return target;
  }

  const refuseTakenName = (error: unknown): never => {
    const { code } = error as { code?: string };
    if (code === 'P2002') throw targetNameTaken();
    // Removed at this very moment.
    if (code === 'P2025') throw targetNotFound();
    throw error;
  };

  return {
    find,
    list: () => db.syncTarget.findMany({ orderBy: { name: 'asc' } }),
    listEnabled: () => db.syncTarget.findMany({ where: { enabled: true }, orderBy: { name: 'asc' } }),

    async create(input: TargetInput): Promise<TargetRow> {
      const options = checkOptions(input.type, input.options);
      return db
        .$transaction(
          async (tx) => {
            await tx.$executeRaw`LOCK TABLE sync_targets IN EXCLUSIVE MODE`;
            const target = await tx.syncTarget.create({ data: { ...input, options } });
            await enqueueTarget(tx, { targetId: target.id });
            return target;
          },
          { timeout: 600_000 },
        )
        .catch(refuseTakenName);
    },

    async update(id: number, input: TargetChanges): Promise<TargetRow> {
      const target = await find(id);
      if (target.origin === 'environment') throw targetReadOnly();
      const { name, enabled, schedule, policy, options } = input;
      return db.syncTarget
        .update({
          where: { id },
          data: {
            ...(name !== undefined && { name }),
            ...(enabled !== undefined && { enabled }),
            ...(schedule !== undefined && { schedule }),
            ...(policy !== undefined && { policy }),
            ...(options !== undefined && { options: checkOptions(target.type, options) }),
          },
        })
        .catch(refuseTakenName);
    },

    /** Forgets a target and its journal; what lies on it stays there. */
    async remove(id: number): Promise<void> {
      const target = await find(id);
      if (target.origin === 'environment') throw targetReadOnly();
      await db.$transaction(
        async (tx) => {
          await tx.$executeRaw`SELECT 1 FROM sync_targets WHERE id = ${id} FOR UPDATE`;
          if (await tx.syncRunTarget.count({ where: { targetId: id, state: 'running' } })) throw targetBusy();
          await tx.syncTarget.delete({ where: { id } });
        },
        { timeout: 600_000 },
      );
    },

    async noteMarked(id: number): Promise<void> {
      await db.syncTarget.update({ where: { id }, data: { markedAt: new Date() } });
    },

    /** The target was taken over as it is: what it holds is to be proved again. */
    async noteAdopted(id: number): Promise<void> {
      await db.$transaction(
        async (tx) => {
          await enqueueTarget(tx, { targetId: id });
          await tx.syncTarget.update({ where: { id }, data: { markedAt: new Date() } });
        },
        { timeout: 600_000 },
      );
    },

    /**
     * Makes the rows of the environment's targets say what the variables say. A target whose variables are
     * gone is disabled, not removed: its journal is still true. Safe when several servers start at once.
     */
    async followEnvironment(
      wanted: { name: string; type: TargetKindName; options: unknown }[],
    ): Promise<void> {
      await db.$transaction(
        async (tx) => {
          await tx.$executeRaw`LOCK TABLE sync_targets IN EXCLUSIVE MODE`;
          const names = wanted.map((target) => target.name);
          await tx.syncTarget.updateMany({
            where: { origin: 'environment', name: { notIn: names } },
            data: { enabled: false },
          });
          for (const { name, type, options: given } of wanted) {
            const options = checkOptions(type, given);
            const known = await tx.syncTarget.findUnique({ where: { name } });
            if (known) {
              await tx.syncTarget.update({
                where: { name },
                data: { type, options, origin: 'environment', enabled: true },
              });
            } else {
              const target = await tx.syncTarget.create({
                data: { name, type, options, origin: 'environment' },
              });
              await enqueueTarget(tx, { targetId: target.id });
            }
          }
        },
        { timeout: 600_000 },
      );
    },
  };
}
