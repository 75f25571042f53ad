import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { Config } from './config.ts';
import { authorize } from './http/authorization.ts';
import { answerBareRefusals, clientErrorHandler } from './http/client-error.ts';
import { frameworkErrors, handleErrors } from './http/error-handler.ts';
import { malformedUrl, stopping } from './http/http.errors.ts';
import { parseJsonStrictly, refuseUnsafeText, validatorCompiler } from './http/input.ts';
import { pickLocale } from './http/locale.ts';
import { logRequests, requestId } from './http/logging.ts';
import { answerOtherMethods } from './http/method-not-allowed.ts';
import { describeApi, serveApiDescription } from './http/openapi.ts';
import { refuseForeignOrigin } from './http/origin.ts';
import { limitRate } from './http/rate-limit.ts';
import { cutStalledBodies } from './http/stalled-body.ts';
import { auditRefusals } from './modules/audit/audit.plugin.ts';
import { auditRoutes } from './modules/audit/audit.routes.ts';
import { authPlugin } from './modules/auth/auth.plugin.ts';
import { authRoutes } from './modules/auth/auth.routes.ts';
import { correspondentsRoutes } from './modules/correspondents/correspondents.routes.ts';
import { documentTypesRoutes } from './modules/document-types/document-types.routes.ts';
import { documentsRoutes } from './modules/documents/documents.routes.ts';
import { filesRoutes } from './modules/documents/files.routes.ts';
import { sharesRoutes } from './modules/documents/shares.routes.ts';
import { healthRoutes } from './modules/health/health.routes.ts';
import { notificationsRoutes } from './modules/notifications/notifications.routes.ts';
import { rolesRoutes } from './modules/roles/roles.routes.ts';
import { searchRoutes } from './modules/search/search.routes.ts';
import { syncRoutes } from './modules/sync/sync.routes.ts';
import { targetsRoutes } from './modules/sync/targets.routes.ts';
import { tagsRoutes } from './modules/tags/tags.routes.ts';
import { usersRoutes } from './modules/users/users.routes.ts';
import { delegationsRoutes } from './modules/validation/delegations.routes.ts';
import { validationRoutes } from './modules/validation/validation.routes.ts';
import type { Services } from './services.ts';

/** JSON and form fields; files are streamed past it. */
const bodyLimit = 1024 * 1024;

/**
 * The whole server, in the order a request meets it. It does not listen; closing it ends long work first,
 * then waits for the requests under way.
 */
export async function buildApp({
  config,
  services,
  sessionSecret,
  version,
  log,
}: {
  config: Config;
  services: Services;
  sessionSecret: string;
  version: string;
  log: FastifyBaseLogger;
}): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    trustProxy: config.trustProxy,
    bodyLimit,
    return503OnClosing: false,
    frameworkErrors,
    http: { requireHostHeader: false },
    clientErrorHandler: clientErrorHandler(config.locale),
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('fault', null);
  app.decorateRequest('locale', config.locale);
  app.addHook('preClose', () => services.close());

  logRequests(app);
  handleErrors(app);
  answerBareRefusals(app);
  cutStalledBodies(app);
  parseJsonStrictly(app);
  const otherMethods = answerOtherMethods(app);
  await describeApi(app, version);

  app.addHook('onRequest', async (request, reply) => {
    request.locale = pickLocale(request.headers['accept-language'], config.locale);
    reply.headers({
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'X-Frame-Options': 'DENY',
    });
    if (services.signal.aborted) throw stopping({ headers: { Connection: 'close' } });
    if (!isWellEncoded(request.url)) throw malformedUrl();
  });
  await app.register(cors, {
    origin: config.corsAllowedOrigins,
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      ...[
        'ETag',
        'Location',
        'Content-Disposition',
        'Content-Range',
        'Accept-Ranges',
        'Idempotency-Replayed',
      ],
      ...['X-Request-Id', 'Retry-After', 'X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'],
    ],
    strictPreflight: false,
  });
  app.addHook('onRequest', refuseForeignOrigin(config.corsAllowedOrigins));
  await limitRate(app, config.rateLimitMax);
  await app.register(authPlugin, { store: services.sessions, secret: sessionSecret });
  authorize(app, { findDocumentAccess: services.documents.access });
  auditRefusals(app, services);
  await app.register(multipart, {
    limits: { files: 1, fields: 100, fieldSize: 64 * 1024, fileSize: Number.POSITIVE_INFINITY },
  });
  app.addHook('preValidation', async (request) => refuseUnsafeText(request));
  services.metrics.observe(app);

  await app.register(healthRoutes(services));
  for (const prefix of ['/api/v1', '/api']) {
    await app.register(
      async (api) => {
        await api.register(authRoutes(services));
        await api.register(usersRoutes(services));
        await api.register(rolesRoutes(services));
        await api.register(auditRoutes(services));
        await api.register(documentsRoutes(services));
        await api.register(filesRoutes(services));
        await api.register(sharesRoutes(services));
        await api.register(documentTypesRoutes(services));
        await api.register(tagsRoutes(services));
        await api.register(correspondentsRoutes(services));
        await api.register(validationRoutes(services));
        await api.register(delegationsRoutes(services));
        await api.register(notificationsRoutes(services));
        await api.register(searchRoutes(services));
        await api.register(syncRoutes(services));
        await api.register(targetsRoutes(services));
      },
      { prefix },
    );
  }
  await serveApiDescription(app);
  otherMethods.addRefusals();
  return app;
}

function isWellEncoded(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
