import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../database/client.ts';
import { actorOf } from '../../http/request.ts';
import { recordAudit } from './record-audit.ts';

/** What the audit log calls the call of a route. */
interface Audited {
  /** module.verb, such as `roles.assign`: the one that the service records when it succeeds */
  action: string;
  /** what the call is on, and the parameter of the path that holds its id: `id` where none is named */
  object?: string;
  param?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** the call is in the audit log when it is refused or fails, too */
    audit?: Audited;
  }
}

/**
 * A refusal that an auditor wants to know of. Not those of requests that nobody could have done anything with
 * (400, 413 …), nor those of callers without a session: whoever finds the address could fill the log with them.
 */
function isWorthy(request: FastifyRequest, status: number): boolean {
  return request.user !== null && (status >= 500 || [403, 404, 409, 412].includes(status));
}

function codeOf(payload: unknown): unknown {
  try {
    return (JSON.parse(String(payload)) as { code?: unknown }).code;
  } catch {
    return undefined;
  }
}

/**
 * Records the calls that were refused or failed of routes that declare `config.audit`, before the caller hears
 * of it. What succeeded is recorded by the service, in the transaction that did it.
 */
export function auditRefusals(app: FastifyInstance, { db }: { db: Database }): void {
  app.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const { audit } = request.routeOptions.config;
    const { statusCode: status } = reply;
    if (!audit || !isWorthy(request, status)) return payload;
    const id = (request.params as Record<string, unknown>)[audit.param ?? 'id'];
    await recordAudit(db, {
      actor: actorOf(request),
      action: audit.action,
      ...(audit.object && { objectType: audit.object }),
      // Perhaps it has not been checked yet.
      ...(audit.object && /^[1-9]\d{0,9}$/.test(String(id)) && { objectId: String(id) }),
      outcome: status >= 500 ? 'failed' : 'refused',
      details: { status, code: codeOf(payload) },
    }).catch((error) => {
      // The answer is the same: when the database is away, it says so already.
      request.fault ??= error;
    });
    return payload;
  });
}
