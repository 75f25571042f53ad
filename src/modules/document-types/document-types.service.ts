import { isDeepStrictEqual } from 'node:util';
import type { Database, Transaction } from '../../database/client.ts';
import { type DocumentType, Prisma } from '../../database/generated/client.ts';
import type { Actor } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { renameForFolder } from '../documents/filed-name.ts';
import { transact } from '../documents/transact.ts';
import { notify } from '../notifications/notify.ts';
import { builtInCode, codeTaken, documentTypeNotFound, typeInUse } from './document-types.errors.ts';

/** There from the start (contract §4), and known by their codes. */
const builtIn = new Set(['receipt', 'invoice', 'payslip', 'other']);

export interface TypeFields {
  code: string;
  label: string;
  folder: string;
  /** whether every document of the type needs approval */
  requiresApproval?: boolean;
  /** an amount above this needs approval; null: APPROVAL_THRESHOLD decides */
  approvalThreshold?: number | null;
  /** days from the submission to the deadline; null: seven */
  approvalDays?: number | null;
}

function record(
  tx: Transaction,
  o: { actor: Actor; action: string; id: number; details: Record<string, unknown> },
): Promise<void> {
  const { actor, action, id: objectId, details } = o;
  return recordAudit(tx, {
    actor,
    action,
    objectType: 'document_type',
    objectId,
    outcome: 'success',
    details,
  });
}

function fieldsOf(type: DocumentType): Required<TypeFields> {
  const { code, label, folder, requiresApproval, approvalThreshold, approvalDays } = type;
  return {
    code,
    label,
    folder,
    requiresApproval,
    approvalThreshold: approvalThreshold?.toNumber() ?? null,
    approvalDays,
  };
}

export type DocumentTypesService = ReturnType<typeof createDocumentTypesService>;

function isCodeConflict(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}

/**
 * The kinds of documents and where each is filed (contract §4). `onTypeMoved` is told, inside the
 * transaction, that all documents of a type have another folder.
 */
export function createDocumentTypesService({
  db,
  onTypeMoved,
}: {
  db: Database;
  onTypeMoved: (tx: Transaction, o: { documentTypeId: number }) => Promise<void>;
}) {
  async function get(id: number) {
    const found = await db.documentType.findUnique({ where: { id } });
    if (!found) throw documentTypeNotFound();
    return found;
  }

  return {
    get,
    list: () => db.documentType.findMany({ orderBy: [{ label: 'asc' }, { id: 'asc' }] }),

    /** Throws `document_types.code_taken`. */
    async create(fields: TypeFields, actor: Actor) {
      try {
        return await transact(db, async (tx) => {
          if ((await tx.documentType.count({ where: { code: fields.code } })) > 0) throw codeTaken();
          const created = await tx.documentType.create({ data: fields });
          await record(tx, {
            actor,
            action: 'document_types.create',
            id: created.id,
            details: { ...fields },
          });
          return created;
        });
      } catch (error) {
        throw isCodeConflict(error) ? codeTaken({ cause: error }) : error;
      }
    },

    /**
     * With another folder, every document of the type moves there on every target. What it says of approval holds
     * for documents that come, or are changed, after.
     */
    async update(id: number, fields: { [K in keyof TypeFields]?: TypeFields[K] | undefined }, actor: Actor) {
      try {
        return await transact(db, async (tx) => {
          await tx.$executeRaw`SELECT 1 FROM document_types WHERE id = ${id} FOR UPDATE`;
          const current = await tx.documentType.findUnique({ where: { id } });
          if (!current) throw documentTypeNotFound();
          const before = fieldsOf(current);
          const given = Object.entries(fields).filter(([, value]) => value !== undefined);
          const next: typeof before = { ...before, ...Object.fromEntries(given) };
          const { code, folder } = next;
          if (code !== current.code) {
            if (builtIn.has(current.code)) throw builtInCode();
            if ((await tx.documentType.count({ where: { code } })) > 0) throw codeTaken();
          }
          if (isDeepStrictEqual(next, before)) return current;
          const changed = await tx.documentType.update({ where: { id }, data: next });
          if (folder !== current.folder) {
            await renameForFolder(tx, { documentTypeId: id, folder });
            // What their answers say has changed, and so has their ETag.
            await tx.document.updateMany({
              where: { documentTypeId: id },
              data: { revision: { increment: 1 } },
            });
            await onTypeMoved(tx, { documentTypeId: id });
          }
          await record(tx, { actor, action: 'document_types.change', id, details: { ...fields } });
          return changed;
        });
      } catch (error) {
        throw isCodeConflict(error) ? codeTaken({ cause: error }) : error;
      }
    },

    /** Throws `document_types.in_use` while a document, in the trash or not, is of this type. Answers what it was; roles over it go with it. */
    async remove(id: number, actor: Actor): Promise<DocumentType> {
      return transact(db, async (tx) => {
        // No document can take the type while its row is locked.
        await tx.$executeRaw`SELECT 1 FROM document_types WHERE id = ${id} FOR UPDATE`;
        const current = await tx.documentType.findUnique({ where: { id } });
        if (!current) throw documentTypeNotFound();
        if (current.code === 'other') throw builtInCode();
        const count = await tx.document.count({ where: { documentTypeId: id } });
        if (count > 0) throw typeInUse({ params: { count } });
        const roles = await tx.roleAssignment.findMany({
          where: { documentTypeId: id },
          select: { userId: true, roleCode: true },
          orderBy: { id: 'asc' },
        });
        await tx.documentType.delete({ where: { id }, select: { id: true } });
        const scope = `document_type:${current.code}`;
        await notify(
          tx,
          roles.map(({ userId, roleCode: role }) => ({
            userId,
            kind: 'role_removed',
            priority: 'normal',
            params: { role, scope },
          })),
        );
        await record(tx, {
          actor,
          action: 'document_types.remove',
          id,
          details: {
            code: current.code,
            roles_removed: roles.map((row) => ({ user_id: row.userId, role: row.roleCode })),
          },
        });
        return current;
      });
    },
  };
}
