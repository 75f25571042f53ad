import { create as contentDisposition } from 'content-disposition';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { currentUser } from '../../http/request.ts';
import { idParams, success } from '../../http/schemas.ts';
import type { ContentStore } from '../../storage/content-store.ts';
import { parseRange } from './byte-range.ts';
import { noPreview, notMultipart, rangeNotSatisfiable } from './documents.errors.ts';
import type { StoredVersion } from './documents.queries.ts';
import { sendDocument } from './documents.routes.ts';
import {
  documentAnswer,
  downloadQuery,
  ifMatchHeader,
  rangeHeaders,
  versionAnswer,
} from './documents.schemas.ts';
import type { DocumentsService } from './documents.service.ts';
import { matchesIfNoneMatch } from './etag.ts';
import { safeName } from './filing.ts';
import { readUpload } from './upload.ts';

/** What a browser shows by itself without running any of it. */
const shownInline = new Set([
  'application/pdf',
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'text/plain',
]);

/** The bytes of documents: their versions, download and preview (contract §4). */
export function filesRoutes({
  documents,
  store,
}: {
  documents: DocumentsService;
  store: ContentStore;
}): FastifyPluginAsyncZod {
  const tags = ['Documents'];
  return async (app) => {
    app.route({
      method: 'PUT',
      url: '/documents/:id/file',
      config: { access: 'document:write', form: z.object({}) },
      schema: {
        tags,
        summary: 'Store a new version of the file',
        consumes: ['multipart/form-data'],
        params: idParams,
        headers: ifMatchHeader,
        response: { 200: success(documentAnswer) },
      },
      handler: async (request, reply) => {
        if (!request.isMultipart()) throw notMultipart();
        const { received, originalFilename } = await readUpload(request, {
          store,
          schema: z.strictObject({}),
        });
        const ifMatch = request.headers['if-match'];
        const user = currentUser(request);
        return sendDocument(
          reply,
          await documents.replaceFile({ id: request.params.id, ifMatch, user, received, originalFilename }),
        );
      },
    });

    app.route({
      method: 'GET',
      url: '/documents/:id/versions',
      config: { access: 'document:read' },
      schema: {
        tags,
        summary: 'Every version of the file, the newest first',
        params: idParams,
        response: { 200: success(z.array(versionAnswer)) },
      },
      handler: async (request) => {
        const versions = await documents.versions(request.params.id);
        return {
          success: true as const,
          data: versions.map((row) => ({
            version: row.number,
            current: row.current,
            original_filename: row.originalFilename,
            file_size: Number(row.fileSize),
            mime_type: row.mimeType,
            sha256: row.sha256,
            created_at: row.createdAt.toISOString(),
            created_by: {
              id: row.createdBy.id,
              username: row.createdBy.username,
              display_name: row.createdBy.displayName,
            },
          })),
        };
      },
    });

    for (const [url, disposition, summary] of [
      ['/documents/:id/download', 'attachment', 'Download the file, whole or one range of it'],
      ['/documents/:id/preview', 'inline', 'The file as a browser can show it; 415 for other types'],
    ] as const) {
      app.route({
        method: ['GET', 'HEAD'],
        url,
        config: { access: 'document:read' },
        schema: {
          tags,
          summary,
          params: idParams,
          querystring: downloadQuery,
          headers: rangeHeaders,
          produces: ['application/octet-stream'],
        },
        handler: async (request, reply) => {
          const stored = await documents.version({
            documentId: request.params.id,
            version: request.query.version,
          });
          // without the charset
          const [type = ''] = stored.mimeType.split(';', 1);
          if (disposition === 'inline' && !shownInline.has(type)) throw noPreview();
          return sendFile({ request, reply, stored, disposition, documents });
        },
      });
    }
  };
}

/**
 * What comes from outside runs nothing in our name. Browsers' own PDF viewers refuse to work in a sandbox, and
 * run what is in a PDF in one of their own.
 */
function contentPolicy(mimeType: string, disposition: 'attachment' | 'inline'): string {
  return disposition === 'inline' && mimeType === 'application/pdf' ? "frame-ancestors 'self'" : 'sandbox';
}

async function sendFile({
  request,
  reply,
  stored,
  disposition,
  documents,
}: {
  request: FastifyRequest;
  reply: FastifyReply;
  stored: StoredVersion;
  disposition: 'attachment' | 'inline';
  documents: DocumentsService;
}) {
  const etag = `"${stored.sha256}"`;
  const { headers } = request;
  const shared = {
    ETag: etag,
    'Accept-Ranges': 'bytes',
    // Asked again each time: who may read it can change, its bytes cannot.
    'Cache-Control': 'private, no-cache',
  };
  if (matchesIfNoneMatch(headers['if-none-match'], etag)) return reply.code(304).headers(shared).send();

  // A range of other bytes than the reader has begun with is of no use: the whole then.
  const wanted =
    request.method === 'GET' && (headers['if-range'] ?? etag) === etag ? headers.range : undefined;
  const range = parseRange(wanted, stored.size);
  if (range === 'unsatisfiable') {
    throw rangeNotSatisfiable({ headers: { 'Content-Range': `bytes */${stored.size}` } });
  }
  const stream = await documents.read(stored, range);
  reply.headers({
    ...shared,
    'Content-Type': /^text\/[^;]*$/.test(stored.mimeType)
      ? `${stored.mimeType}; charset=utf-8`
      : stored.mimeType,
    'Content-Length': range ? range.end - range.start + 1 : stored.size,
    'Content-Disposition': contentDisposition(safeName(stored.originalFilename), { type: disposition }),
    'Content-Security-Policy': contentPolicy(stored.mimeType, disposition),
    // A page of our own may frame a preview.
    ...(disposition === 'inline' && { 'X-Frame-Options': 'SAMEORIGIN' }),
    'X-Content-Type-Options': 'nosniff',
  });
  if (request.method === 'HEAD') {
    stream.destroy();
    return reply.send();
  }
  if (range) reply.code(206).header('Content-Range', `bytes ${range.start}-${range.end}/${stored.size}`);
  return reply.send(stream);
}
