import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { byStatus, databaseUnavailable, internal, malformedUrl, notFound } from './http.errors.ts';
import { describeIssues, InputError } from './input.ts';
import { pickLocale } from './locale.ts';

/** Addresses whose failures hold the message in `error`, as the FTP seed shows (contract §2). */
const underSync = /^\/api(\/v1)?\/sync([/?]|$)/;

/** Prisma's and PostgreSQL's words for "the database is not there at the moment". */
const databaseGone = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2037',
  'ECONNREFUSED',
  'ECONNRESET',
  '57P01',
  '57P03',
]);

function isDatabaseGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, meta } = error as {
    code?: string;
    meta?: { driverAdapterError?: { cause?: { kind?: string; code?: string } } };
  };
  const cause = meta?.driverAdapterError?.cause;
  return (
    [code, cause?.code].some((known) => known !== undefined && databaseGone.has(known)) ||
    cause?.kind === 'DatabaseNotReachable' ||
    cause?.kind === 'ConnectionClosed' ||
    /timeout exceeded when trying to connect|Connection terminated|is lost and being restored|connection is closed/i.test(
      error.message,
    ) ||
    isDatabaseGone(error.cause)
  );
}

/** Any thrown thing as the error to answer with; faults become a 500 or 503 that tells nothing of the inside. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const status = (error as Partial<FastifyError>)?.statusCode ?? 500;
  if (status < 500) return (byStatus[status] ?? byStatus[400] ?? internal)({ cause: error });
  return isDatabaseGone(error) ? databaseUnavailable({ cause: error }) : internal({ cause: error });
}

/** The failure body of contract §2. */
export function failureBody(
  error: AppError,
  request: Pick<FastifyRequest, 'id' | 'url' | 'locale' | 'routeOptions'>,
  issues: InputError['issues'] = [],
) {
  const message = error.say(request.locale);
  // By the route where there is one: `/api/v1/%73ync/` leads to the same.
  const address = request.routeOptions.url ?? request.url;
  const fields = Object.fromEntries(
    Object.entries(error.details.fields ?? {}).map(([field, texts]) => [
      field,
      texts.map((text) => text[request.locale]),
    ]),
  );
  return {
    success: false,
    error: error.status === 429 || underSync.test(address) ? message : true,
    message,
    code: error.code,
    errors: { ...fields, ...describeIssues(issues, request.locale) },
    ...error.details.body,
    request_id: request.id,
  };
}

function answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  const error = toAppError(thrown);
  if (error.status >= 500) request.fault = thrown;
  // Decided here too: a request refused before the language hook has run deserves its language.
  request.locale ??= pickLocale(request.headers['accept-language'], 'fr');
  return reply
    .code(error.status)
    .headers(error.details.headers ?? {})
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(failureBody(error, request, thrown instanceof InputError ? thrown.issues : []));
}

/** One handler for every error and every unknown address. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler(answer);
  app.setNotFoundHandler((request, reply) => answer(notFound(), request, reply));
}

/** Errors found before a route is: a malformed or overlong address. */
export function frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  answer(error.code === 'FST_ERR_BAD_URL' ? malformedUrl({ cause: error }) : error, request, reply);
}
