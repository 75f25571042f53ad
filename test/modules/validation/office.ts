import { expect } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { uploaded } from '../documents/papers.ts';

export type Office = Awaited<ReturnType<typeof openOffice>>;

/** A server on which what is above 1,000 needs approval, and what people do there. */
export async function openOffice(environment: Record<string, string> = {}, options: { jobs?: boolean } = {}) {
  const t: TestApp = await startTestApp({ APPROVAL_THRESHOLD: '1000', ...environment }, options);
  const types = await t.db.documentType.findMany();
  const typeId = (code: string) => types.find((type) => type.code === code)?.id ?? 0;

  async function give(client: Client, role: Record<string, unknown> = {}) {
    const body = { role_code: 'VALIDATOR_L1', scope: '*', ...role };
    const answer = await t.admin.post(`/roles/user/${client.id}/assign`, body);
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  }

  return {
    ...t,
    typeId,
    give,
    /** A new member with a role: by default level 1, for everything, without a limit. */
    async validator(role: Record<string, unknown> = {}, username?: string) {
      const client = await t.member(username);
      await give(client, role);
      return client;
    },
    /** A new administrator. */
    async administrator() {
      const client = await t.member();
      await give(client, { role_code: 'ADMIN' });
      return client;
    },
    /** The id of a new document, by default of 1,500 CHF. */
    async paper(
      client: Client,
      fields: { amount?: number; currency?: string; title?: string; type?: string } = {},
    ) {
      const { amount = 1500, type = 'other', ...rest } = fields;
      const document = await uploaded(client, {
        fields: { amount: `${amount}`, document_type_id: `${typeId(type)}`, ...rest },
      });
      return document.id as number;
    },
    statusOf: async (id: number) => (await t.admin.get(`/validation/${id}/status`)).body,
    /** The steps of a document: `from → to action` */
    async steps(id: number): Promise<string[]> {
      const rows = await t.db.validationStep.findMany({ where: { documentId: id }, orderBy: { id: 'asc' } });
      return rows.map(({ fromStatus, toStatus, action }) => `${action}: ${fromStatus} → ${toStatus}`);
    },
    /** What users were told of a document, as `username: kind`, in order. */
    async told(documentId: number): Promise<string[]> {
      const rows = await t.db.notification.findMany({
        where: { documentId },
        orderBy: { id: 'asc' },
        include: { user: true },
      });
      return rows.map(({ user, kind }) => `${user.username}: ${kind}`);
    },
    async pendingOf(client: Client): Promise<number[]> {
      const { body } = await client.get('/validation/pending', { query: { limit: '200' } });
      expect(body.documents).toHaveLength(body.count);
      return body.documents.map(({ id }: { id: number }) => id);
    },
    /** A day, `YYYY-MM-DD`, so many days from today. */
    day: (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10),
    /** Moves the deadline of a document to so many hours from now. */
    dueIn: (id: number, hours: number) =>
      t.db.validationRequest.update({
        where: { documentId: id },
        data: { deadlineAt: new Date(Date.now() + hours * 3_600_000) },
      }),
  };
}
