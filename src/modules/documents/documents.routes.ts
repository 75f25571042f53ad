import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { adminRequired, invalidRequest } from '../../http/http.errors.ts';
import { actorOf, currentUser } from '../../http/request.ts';
import { idParams, paginate, success, successPage } from '../../http/schemas.ts';
import type { ContentStore } from '../../storage/content-store.ts';
import { fieldErrors } from './documents.errors.ts';
import type { ShownDocument } from './documents.queries.ts';
import {
  deleteQuery,
  documentAnswer,
  idempotencyHeader,
  ifMatchHeader,
  importBody,
  listQuery,
  updateBody,
  uploadFields,
} from './documents.schemas.ts';
import type { DocumentsService } from './documents.service.ts';
import { checkIdempotencyKey } from './idempotency.ts';
import { checkFilename, parseInput, readUpload } from './upload.ts';

/** One document as the answer to a request, its validator in `ETag`. */
export function sendDocument(reply: FastifyReply, { document, etag }: ShownDocument) {
  reply.header('ETag', etag);
  return { success: true as const, data: document };
}

const answer = { 200: success(documentAnswer) };

/** Documents but for their bytes (contract §4, seed 004 “Documents”); see `files.routes.ts` for those. */
export function documentsRoutes({
  documents,
  store,
}: {
  documents: DocumentsService;
  store: ContentStore;
}): FastifyPluginAsyncZod {
  const tags = ['Documents'];
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/documents',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'List documents',
        querystring: listQuery,
        response: { 200: successPage(documentAnswer) },
      },
      handler: async (request) => {
        const { query } = request;
        const { documents: rows, total } = await documents.list({ user: currentUser(request), query });
        return {
          success: true as const,
          data: rows,
          pagination: paginate({ page: query.page, perPage: query.per_page, total }),
        };
      },
    });

    app.route({
      method: 'POST',
      url: '/documents',
      config: { access: 'session', form: uploadFields },
      schema: {
        tags,
        headers: idempotencyHeader,
        summary: 'Create a document from an uploaded file or from one in an import folder',
        consumes: ['application/json'],
        body: importBody.nullish(),
        response: { 201: success(documentAnswer) },
      },
      handler: async (request, reply) => {
        const user = currentUser(request);
        const idempotencyKey = checkIdempotencyKey(request.headers['idempotency-key']);
        const created = request.isMultipart()
          ? await documents.create({
              user,
              idempotencyKey,
              ...(await readUpload(request, { store, schema: uploadFields })),
            })
          : await documents.importFile({ user, idempotencyKey, ...importInput(request.body) });
        reply.code(201).header('Location', `/api/v1/documents/${created.document.id}`);
        if (created.replayed) reply.header('Idempotency-Replayed', 'true');
        return sendDocument(reply, created);
      },
    });

    app.route({
      method: 'GET',
      url: '/documents/:id',
      config: { access: 'document:read' },
      schema: { tags, summary: 'Read a document', params: idParams, response: answer },
      handler: async (request, reply) => sendDocument(reply, await documents.get(request.params.id)),
    });

    app.route({
      method: 'PUT',
      url: '/documents/:id',
      config: { access: 'document:write' },
      schema: {
        tags,
        summary: 'Change what is said of a document',
        params: idParams,
        headers: ifMatchHeader,
        body: updateBody,
        response: answer,
      },
      handler: async (request, reply) =>
        sendDocument(
          reply,
          await documents.update({
            user: currentUser(request),
            id: request.params.id,
            ifMatch: request.headers['if-match'],
            fields: request.body,
          }),
        ),
    });

    app.route({
      method: 'DELETE',
      url: '/documents/:id',
      config: { access: 'document:own' },
      schema: {
        tags,
        summary: 'Move a document to the trash, or delete it for good',
        params: idParams,
        querystring: deleteQuery,
        headers: ifMatchHeader,
        response: answer,
      },
      handler: async (request, reply) => {
        const user = currentUser(request);
        const target = { id: request.params.id, ifMatch: request.headers['if-match'] };
        const permanent = request.query.permanent === 'true' || request.query.permanent === '1';
        if (permanent && !user.isAdmin) throw adminRequired();
        return sendDocument(
          reply,
          permanent
            ? await documents.purge({ ...target, actor: actorOf(request) })
            : await documents.trash({ user, ...target }),
        );
      },
    });

    app.route({
      method: 'POST',
      url: '/documents/:id/restore',
      config: { access: 'document:own' },
      schema: {
        tags,
        summary: 'Take a document out of the trash',
        params: idParams,
        headers: ifMatchHeader,
        response: answer,
      },
      handler: async (request, reply) =>
        sendDocument(
          reply,
          await documents.restore({ id: request.params.id, ifMatch: request.headers['if-match'] }),
        ),
    });
  };
}

/** The body of an import; no body at all is one without its fields. */
function importInput(body: z.output<typeof importBody> | null | undefined) {
  const { file_path: filePath, filename, ...fields } = parseInput(importBody, body ?? {});
  if (filename == null) return { filePath, fields };
  const name = checkFilename(filename);
  if (name === null) throw invalidRequest({ fields: { filename: [fieldErrors.filename] } });
  return { filePath, filename: name, fields };
}
