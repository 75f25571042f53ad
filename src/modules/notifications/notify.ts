import type { Transaction } from '../../database/client.ts';
import type { NotificationKind, NotificationParams } from './notification-kinds.ts';

export type Priority = 'urgent' | 'high' | 'normal' | 'low';

/**
 * Whom to tell what, with just what the sentences of its kind need. What names a document names its id too: who
 * may no longer see the document is then no longer told of it, and what was told goes with it.
 */
export type NewNotification = {
  [Kind in NotificationKind]: {
    userId: number;
    kind: Kind;
    priority: Priority;
    params: NotificationParams[Kind];
  } & (NotificationParams[Kind] extends { title: string } ? { documentId: number } : { documentId?: null });
}[NotificationKind];

/** Tells users something, in the transaction of what it tells of: they hear of it exactly when it is so. */
export async function notify(tx: Transaction, notifications: NewNotification[]): Promise<void> {
  if (notifications.length === 0) return;
  await tx.notification.createMany({
    data: notifications.map(({ documentId = null, ...rest }) => ({ ...rest, documentId })),
  });
}
