import type { Database, Transaction } from '../../database/client.ts';
import { type DocumentType, Prisma } from '../../database/generated/client.ts';
import { renameForFolder } from '../documents/filed-name.ts';
import { transact } from '../documents/transact.ts';
import { builtInCode, codeTaken, documentTypeNotFound, typeInUse } from './document-types.errors.ts';

/** There from the start (contract §4), and known by their codes. */
const builtIn = new Set(['receipt', 'invoice', 'payslip', 'other']);

export interface TypeFields {
  code: string;
  label: string;
  folder: string;
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
    async create(fields: TypeFields) {
      try {
        return await db.documentType.create({ data: fields });
      } catch (error) {
        throw isCodeConflict(error) ? codeTaken({ cause: error }) : error;
      }
    },

    /** With another folder, every document of the type moves there on every target. */
    async update(id: number, fields: { [K in keyof TypeFields]?: TypeFields[K] | undefined }) {
      try {
        return await transact(db, async (tx) => {
          await tx.$executeRaw`SELECT 1 FROM document_types WHERE id = ${id} FOR UPDATE`;
          const current = await tx.documentType.findUnique({ where: { id } });
          if (!current) throw documentTypeNotFound();
          const { code = current.code, label = current.label, folder = current.folder } = fields;
          if (code !== current.code) {
            if (builtIn.has(current.code)) throw builtInCode();
            if ((await tx.documentType.count({ where: { code } })) > 0) throw codeTaken();
          }
          if (code === current.code && label === current.label && folder === current.folder) return current;
          const changed = await tx.documentType.update({ where: { id }, data: { code, label, folder } });
          if (folder !== current.folder) {
            await renameForFolder(tx, { documentTypeId: id, folder });
            // What their answers say has changed, and so has their ETag.
            await tx.document.updateMany({
              where: { documentTypeId: id },
              data: { revision: { increment: 1 } },
            });
            await onTypeMoved(tx, { documentTypeId: id });
          }
          return changed;
        });
      } catch (error) {
        throw isCodeConflict(error) ? codeTaken({ cause: error }) : error;
      }
    },

    /** Throws `document_types.in_use` while a document, in the trash or not, is of this type. Answers what it was. */
    async remove(id: number): Promise<DocumentType> {
      return db.$transaction(async (tx) => {
        // No document can take the type while its row is locked.
        await tx.$executeRaw`SELECT 1 FROM document_types WHERE id = ${id} FOR UPDATE`;
        const current = await tx.documentType.findUnique({ where: { id } });
        if (!current) throw documentTypeNotFound();
        if (current.code === 'other') throw builtInCode();
        const count = await tx.document.count({ where: { documentTypeId: id } });
        if (count > 0) throw typeInUse({ params: { count } });
        return tx.documentType.delete({ where: { id } });
      });
    },
  };
}
