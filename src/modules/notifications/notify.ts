import type { Transaction } from '../../database/client.ts';
import type { TextParams } from '../../errors.ts';

export type Priority = 'urgent' | 'high' | 'normal' | 'low';

export type NotificationKind =
  | 'validation_pending'
  | 'validation_escalated'
  | 'validation_reminder'
  | 'validation_overdue'
  | 'validation_approved'
  | 'validation_rejected'
  | 'validation_dismissed'
  | 'document_shared'
  | 'role_assigned'
  | 'role_removed'
  | 'delegation_received';

export interface NewNotification {
  userId: number;
  kind: NotificationKind;
  priority: Priority;
  documentId?: number | null;
  /** what title and message need, such as the document's title and a user's name */
  params: TextParams;
}

/** Tells users something, in the transaction of what it tells of: they hear of it exactly when it is so. */
export async function notify(tx: Transaction, notifications: NewNotification[]): Promise<void> {
  if (notifications.length === 0) return;
  await tx.notification.createMany({
    data: notifications.map(({ documentId = null, ...rest }) => ({ ...rest, documentId })),
  });
}
