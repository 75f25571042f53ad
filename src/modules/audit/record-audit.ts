import type { Database, Transaction } from '../../database/client.ts';
import type { Actor } from '../../http/request.ts';

/** What the server does by itself. */
export const theServer: Actor = { user: null, address: null };

export interface AuditEvent {
  actor: Actor;
  /** module.verb, such as `roles.assign` */
  action: string;
  objectType?: string;
  objectId?: string | number;
  outcome: 'success' | 'refused' | 'failed';
  /** no secrets */
  details?: Record<string, unknown>;
}

/**
 * Adds to the audit log (contract §7), in the transaction of what it tells of; the database makes the chain. As
 * late in the transaction as can be: every entry of every server waits for its commit.
 */
export async function recordAudit(client: Database | Transaction, event: AuditEvent): Promise<void> {
  const { actor, action, objectType = null, objectId = null, outcome, details = {} } = event;
  await client.$executeRaw`
    INSERT INTO audit_log (actor_id, actor_name, address, action, object_type, object_id, outcome, details)
    VALUES (${actor.user?.id ?? null}::int, ${actor.user?.username ?? null}, ${actor.address}, ${action},
      ${objectType}, ${objectId === null ? null : String(objectId)}, ${outcome}, ${JSON.stringify(details)}::jsonb)`;
}
