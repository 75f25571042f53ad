import type { Readable } from 'node:stream';
import { documentNotFound } from '../../http/http.errors.ts';
import type { Actor, SessionUser } from '../../http/request.ts';
import { type CreateInput, createDocument } from './create-document.ts';
import { versionNotFound } from './documents.errors.ts';
import { findDocument, findVersion, type ShownDocument, type StoredVersion } from './documents.queries.ts';
import type { ListQuery, UpdateFields } from './documents.schemas.ts';
import type { DocumentsContext } from './documents-context.ts';
import { openImport } from './import-file.ts';
import { listDocuments } from './list.queries.ts';
import { purgeDocument, restoreDocument, trashDocument } from './trash.ts';
import { type ChangeTarget, replaceFile, updateDocument } from './update-document.ts';
import { findAccess } from './visibility.ts';

export type DocumentsService = ReturnType<typeof createDocumentsService>;

/** Documents (contract §4): everything the routes and the other modules ask of them. */
export function createDocumentsService({
  now = () => new Date(),
  importDirs,
  ...rest
}: Omit<DocumentsContext, 'now'> & { now?: () => Date; importDirs: readonly string[] }) {
  const context: DocumentsContext = { ...rest, now };
  const { db, store } = context;

  async function get(id: number): Promise<ShownDocument> {
    const shown = await findDocument(db, id);
    if (!shown) throw documentNotFound();
    return shown;
  }

  return {
    /** What a user may do with a document; `none` is a 404 to them. */
    access: (o: { user: SessionUser; documentId: number }) => findAccess(db, o),

    list: (o: { user: SessionUser; query: ListQuery }) => listDocuments(db, o),

    get,

    create: (input: CreateInput) => createDocument(context, input),

    /** Makes a document of a file in one of the import folders; the file stays there. */
    async importFile({
      filePath,
      filename,
      ...input
    }: Omit<CreateInput, 'received' | 'originalFilename'> & {
      filePath: string;
      filename?: string | null | undefined;
    }) {
      const file = await openImport({ importDirs, filePath });
      const received = await store.receive(file.stream);
      return createDocument(context, { ...input, received, originalFilename: filename ?? file.name });
    },

    update: (o: ChangeTarget & { user: SessionUser; fields: UpdateFields }) => updateDocument(context, o),
    replaceFile: (o: Parameters<typeof replaceFile>[1]) => replaceFile(context, o),
    trash: (o: ChangeTarget & { user: SessionUser }) => trashDocument(context, o),
    restore: (o: ChangeTarget) => restoreDocument(context, o),
    purge: (o: ChangeTarget & { actor: Actor }) => purgeDocument(context, o),

    /** Every version of a document's file, the newest first. */
    async versions(documentId: number) {
      const { document } = await get(documentId);
      const rows = await db.documentVersion.findMany({
        where: { documentId },
        include: { createdBy: { select: { id: true, username: true, displayName: true } } },
        orderBy: { number: 'desc' },
      });
      return rows.map((row) => ({ ...row, current: row.number === document.version }));
    },

    /** The bytes of a version, the current one where none is named. Throws 404 when there is none. */
    async version(o: { documentId: number; version?: number | undefined }): Promise<StoredVersion> {
      const found = await findVersion(db, o);
      if (!found) throw o.version === undefined ? documentNotFound() : versionNotFound();
      return found;
    },

    read: (stored: StoredVersion, range?: { start: number; end: number } | null): Promise<Readable> =>
      store.readStream(stored.sha256, { size: stored.size, ...range }),
  };
}
