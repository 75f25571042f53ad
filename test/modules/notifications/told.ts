import type { Database } from '../../../src/database/client.ts';
import { type NewNotification, notify } from '../../../src/modules/notifications/notify.ts';
import type { Client, TestApp } from '../../support/app.ts';
import { upload } from '../../support/upload.ts';

/** As services do: many may wait for a connection. */
export const patiently = { maxWait: 30_000, timeout: 60_000 };

/** Tells somebody something, as a service does. */
export const tell = (db: Database, ...notifications: NewNotification[]) =>
  db.$transaction((tx) => notify(tx, notifications), patiently);

/** A notification of no document. `role` tells it from others. */
export const roleGiven = (userId: number, role = 'VALIDATOR_L1'): NewNotification => ({
  ...{ userId, kind: 'role_assigned', priority: 'normal', params: { role, scope: '*' } },
});

/** One of a document: `title` tells it from others. */
export const shared = (userId: number, documentId: number, title = 'Facture EDF'): NewNotification => ({
  ...{
    userId,
    documentId,
    kind: 'document_shared',
    priority: 'normal',
    params: { title, username: 'user1' },
  },
});

let papers = 0;

/** A document of `owner`'s; its id. */
export async function file(owner: Client): Promise<number> {
  const bytes = Buffer.from(`Facture ${++papers}`);
  const { body } = await upload(owner, { name: `facture-${papers}.txt`, bytes });
  return body.data.id;
}

/** Shows a document of `owner`'s to a user, or takes it from them again. */
export async function share(t: TestApp, o: { documentId: number; user: Client; owner: Client }) {
  const { documentId, user, owner } = o;
  await t.db.documentShare.create({ data: { documentId, userId: user.id, createdById: owner.id } });
}
export async function unshare(t: TestApp, { documentId }: { documentId: number }) {
  await t.db.documentShare.deleteMany({ where: { documentId } });
}
