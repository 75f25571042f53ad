import type { Database, Transaction } from '../../database/client.ts';
import type { Text } from '../../errors.ts';
import { documentNotFound, invalidRequest } from '../../http/http.errors.ts';
import type { Caller } from '../../http/request.ts';
import { recordAudit } from '../audit/record-audit.ts';
import { notify } from '../notifications/notify.ts';
import { fieldErrors, inTrash, shareNotFound } from './documents.errors.ts';
import type { ShareAnswer } from './shares.schemas.ts';
import { transact } from './transact.ts';

export type SharesService = ReturnType<typeof createSharesService>;

type Access = ShareAnswer['access'];

interface Target {
  caller: Caller;
  documentId: number;
  userId: number;
}

interface ShareRow {
  user_id: number;
  username: string;
  display_name: string;
  is_active: boolean;
  access: Access;
  by_id: number;
  by_username: string;
  by_display_name: string;
  created_at: Date;
}

/** Whom a document is shared with, by name; or the one that is named. */
async function findShares(
  client: Database | Transaction,
  { documentId, userId = null }: { documentId: number; userId?: number | null },
): Promise<ShareAnswer[]> {
  const rows = await client.$queryRaw<ShareRow[]>`
    SELECT s.user_id, u.username, u.display_name, u.is_active, s.access, b.id AS by_id, b.username AS by_username,
      b.display_name AS by_display_name, s.created_at
    FROM document_shares s JOIN users u ON u.id = s.user_id JOIN users b ON b.id = s.created_by_id
    WHERE s.document_id = ${documentId} AND (${userId}::int IS NULL OR s.user_id = ${userId}::int)
    ORDER BY u.display_name COLLATE "und-x-icu", u.id`;
  return rows.map((row) => ({
    user: {
      id: row.user_id,
      username: row.username,
      display_name: row.display_name,
      is_active: row.is_active,
    },
    access: row.access,
    shared_by: { id: row.by_id, username: row.by_username, display_name: row.by_display_name },
    created_at: row.created_at.toISOString(),
  }));
}

/** Locks the document: its shares change one at a time. Throws 404 where it is gone. */
async function lockShared(tx: Transaction, id: number) {
  const [document] = await tx.$queryRaw<{ ownerId: number; title: string; trashed: boolean }[]>`
    SELECT owner_id AS "ownerId", title, trashed_at IS NOT NULL AS trashed FROM documents
    WHERE id = ${id} FOR NO KEY UPDATE`;
  if (!document) throw documentNotFound();
  return document;
}

/** Whom else a document may be seen or changed by (contract §4). Who may say so is checked at the route. */
export function createSharesService({ db }: { db: Database }) {
  return {
    list: (documentId: number) => findShares(db, { documentId }),

    /**
     * Shares a document, or changes what an existing share allows; the user is told when there is something new
     * to it. Throws a 400 on `userId`, `documents.in_trash`.
     */
    share({ caller, documentId, userId, access }: Target & { access: Access }) {
      return transact(db, async (tx) => {
        const document = await lockShared(tx, documentId);
        const refused = (text: Text) => invalidRequest({ fields: { userId: [text] } });
        if (document.ownerId === userId) throw refused(fieldErrors.isOwner);
        const active = await tx.user.count({ where: { id: userId, isActive: true } });
        if (active === 0) throw refused(fieldErrors.unknownUser);
        if (document.trashed) throw inTrash();
        const key = { documentId, userId };
        const before = await tx.documentShare.findUnique({ where: { documentId_userId: key } });
        if (before?.access !== access) {
          await tx.documentShare.upsert({
            where: { documentId_userId: key },
            create: { ...key, access, createdById: caller.user.id },
            update: { access, createdById: caller.user.id },
            select: { userId: true },
          });
          const params = { title: document.title, username: caller.user.username };
          await notify(tx, [{ userId, kind: 'document_shared', priority: 'normal', documentId, params }]);
          await tell(tx, { caller, documentId, userId, action: 'shares.set' }, { access });
        }
        const [share] = await findShares(tx, key);
        if (!share) throw documentNotFound();
        return { created: !before, share };
      });
    },

    /** Ends a share: the user no longer sees the document with their next request. Throws `documents.not_shared`. */
    unshare({ caller, documentId, userId }: Target): Promise<ShareAnswer> {
      return transact(db, async (tx) => {
        await lockShared(tx, documentId);
        const [share] = await findShares(tx, { documentId, userId });
        if (!share) throw shareNotFound();
        await tx.documentShare.delete({ where: { documentId_userId: { documentId, userId } } });
        await tell(tx, { caller, documentId, userId, action: 'shares.remove' });
        return share;
      });
    },
  };
}

function tell(
  tx: Transaction,
  { caller, documentId, userId, action }: Target & { action: string },
  details: Record<string, unknown> = {},
): Promise<void> {
  return recordAudit(tx, {
    actor: caller,
    action,
    objectType: 'document',
    objectId: documentId,
    outcome: 'success',
    details: { user_id: userId, ...details },
  });
}
