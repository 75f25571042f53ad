import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { callerOf, currentUser } from '../../http/request.ts';
import { idParams } from '../../http/schemas.ts';
import { ifMatchHeader } from '../documents/documents.schemas.ts';
import { parseInput } from '../documents/upload.ts';
import type { Decision } from './make-decision.ts';
import {
  canValidateAnswer,
  commentBody,
  decisionAnswer,
  decisionBody,
  historyAnswer,
  pendingAnswer,
  pendingQuery,
  rejectBody,
  statisticsAnswer,
  statisticsQuery,
  statusAnswer,
} from './validation.schemas.ts';
import type { ValidationService } from './validation.service.ts';

const tags = ['Validation'];
const refused =
  ' A 403 says why not in `reason`: `own_document`, `no_role`, `scope`, `expired` or `amount`; a document that ' +
  'awaits no decision, or no longer, is a 409 (`not_pending`).';

/** `/validation` (contract §6, seed 004 “Validation”); see `delegations.routes.ts` for delegations. */
export function validationRoutes({ validation }: { validation: ValidationService }): FastifyPluginAsyncZod {
  async function decide(
    request: FastifyRequest,
    reply: FastifyReply,
    o: { id: number; decision: Decision; comment: string | null },
  ) {
    const { id, decision, comment } = o;
    const ifMatch = request.headers['if-match'];
    const decided = await validation.decide({ caller: callerOf(request), id, ifMatch, decision, comment });
    reply.header('ETag', decided.etag);
    return {
      success: true as const,
      status: decided.status,
      validated_by: decided.validatedBy,
      role: decided.role,
      on_behalf_of: decided.delegatorId,
    };
  }
  /** Who may only read gets there too: the decision itself says who may decide, and why not. */
  const deciding = {
    access: 'document:decide',
    audit: { action: 'validation.decide', object: 'document' },
  } as const;
  const decisionSchema = {
    tags,
    params: idParams,
    headers: ifMatchHeader,
    response: { 200: decisionAnswer },
  };

  return async (app) => {
    app.route({
      method: 'GET',
      url: '/validation/pending',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'List the documents that await the caller’s decision',
        description: 'By deadline, the most urgent first.',
        querystring: pendingQuery,
        response: { 200: pendingAnswer },
      },
      handler: async (request) => {
        const { limit } = request.query;
        const found = await validation.pending({ userId: currentUser(request).id, limit });
        return { success: true as const, ...found };
      },
    });

    app.route({
      method: 'GET',
      url: '/validation/statistics',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Count decisions and what waits',
        description:
          'Over the documents that the caller may see. Decisions of the period, with the amounts they were made ' +
          'on; what waits, now. Amounts are added up whatever their currency.',
        querystring: statisticsQuery,
        response: { 200: statisticsAnswer },
      },
      handler: async (request) => {
        const { period, user_id: validatorId } = request.query;
        const user = currentUser(request);
        const statistics = await validation.statistics({ user, period, validatorId });
        return { success: true as const, period, statistics };
      },
    });

    app.route({
      method: 'GET',
      url: '/validation/can-validate/:id',
      config: { access: 'document:read' },
      schema: {
        tags,
        summary: 'Whether the caller may decide on a document, by which role, or why not',
        description: 'The decision asks the same question of the same function.',
        params: idParams,
        response: { 200: canValidateAnswer },
      },
      handler: async (request) => {
        const { id } = request.params;
        const verdict = await validation.canValidate({ documentId: id, userId: currentUser(request).id });
        const answer = { success: true as const, document_id: id, can_validate: verdict.can };
        if (verdict.can)
          return {
            ...answer,
            role: verdict.role,
            max_amount: verdict.maxAmount,
            on_behalf_of: verdict.delegatorId,
          };
        const { reason, error } = verdict;
        const nothing = { role: null, max_amount: null, on_behalf_of: null };
        return { ...answer, ...nothing, reason, message: error.say(request.locale) };
      },
    });

    app.route({
      method: 'POST',
      url: '/validation/:id/submit',
      config: { access: 'document:write' },
      schema: {
        tags,
        summary: 'Ask for approval of a document by hand',
        description:
          'Its validators are told. A 409 where it awaits a decision already, or is approved as it is.',
        params: idParams,
        headers: ifMatchHeader,
        body: commentBody.nullish(),
        response: { 200: statusAnswer },
      },
      handler: async (request, reply) => {
        const { id } = request.params;
        const comment = request.body?.comment || null;
        const ifMatch = request.headers['if-match'];
        const { etag } = await validation.submit({ user: currentUser(request), id, ifMatch, comment });
        reply.header('ETag', etag);
        return { success: true as const, ...(await validation.status(id)) };
      },
    });

    app.route({
      method: 'POST',
      url: '/validation/:id/status',
      config: deciding,
      schema: {
        ...decisionSchema,
        summary: 'Decide on a document: approved, rejected, or that no approval is needed',
        description: `The decision holds for the document’s version, amount and currency.${refused}`,
        body: decisionBody,
      },
      handler: (request, reply) => {
        const { status: decision, comment } = request.body;
        return decide(request, reply, { id: request.params.id, decision, comment: comment || null });
      },
    });

    app.route({
      method: 'POST',
      url: '/validation/:id/approve',
      config: deciding,
      schema: {
        ...decisionSchema,
        summary: 'Approve a document',
        description: `The approval holds for the document’s version, amount and currency.${refused}`,
        body: commentBody.nullish(),
      },
      handler: (request, reply) =>
        decide(request, reply, {
          id: request.params.id,
          decision: 'approved',
          comment: request.body?.comment || null,
        }),
    });

    app.route({
      method: 'POST',
      url: '/validation/:id/reject',
      config: deciding,
      schema: {
        ...decisionSchema,
        summary: 'Reject a document, and say why',
        description: `The comment is read by who submitted it.${refused}`,
        body: rejectBody.nullish(),
      },
      handler: (request, reply) => {
        // No body at all is one without its comment.
        const { comment } = parseInput(rejectBody, request.body ?? {});
        return decide(request, reply, { id: request.params.id, decision: 'rejected', comment });
      },
    });

    app.route({
      method: 'GET',
      url: '/validation/:id/status',
      config: { access: 'document:read' },
      schema: {
        tags,
        summary: 'Read where the approval of a document stands',
        params: idParams,
        response: { 200: statusAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        ...(await validation.status(request.params.id)),
      }),
    });

    app.route({
      method: 'GET',
      url: '/validation/:id/history',
      config: { access: 'document:read' },
      schema: {
        tags,
        summary: 'List every step of a document’s approval, the oldest first',
        description: 'It is only ever added to.',
        params: idParams,
        response: { 200: historyAnswer },
      },
      handler: async (request) => {
        const { id } = request.params;
        return { success: true as const, document_id: id, history: await validation.history(id) };
      },
    });
  };
}
