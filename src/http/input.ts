import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { $ZodType, safeParse } from 'zod/v4/core';
import type { Locale, Text } from '../errors.ts';
import { fieldTexts, invalidRequest, malformedJson } from './http.errors.ts';

type Issue = z.core.$ZodIssue;

/** What a schema found wrong with one part of a request; written in the reader's language when it is answered. */
export class InputError extends Error {
  readonly statusCode = 400;
  readonly issues: Issue[];
  constructor(issues: Issue[]) {
    super('the request does not match its schema');
    this.issues = issues;
  }
}

/** Validates with zod; unlike the type provider's own, it keeps what is needed to translate the messages. */
export const validatorCompiler: FastifySchemaCompiler<unknown> =
  ({ schema }) =>
  (data: unknown) => {
    if (!(schema instanceof $ZodType)) throw new Error('a route schema is not a zod schema');
    const result = safeParse(schema, data, { reportInput: true });
    return result.success ? { value: result.data } : { error: new InputError(result.error.issues) };
  };

const zodTexts = { fr: z.locales.fr().localeError, en: z.locales.en().localeError };

function describe(issue: Issue, locale: Locale): string {
  if (issue.code === 'unrecognized_keys') return fieldTexts.unknownKey[locale];
  if ('input' in issue && issue.input === undefined) return fieldTexts.missing[locale];
  // A rule of our own names its sentences itself: `{ params: { text: { fr, en } } }`.
  if (issue.code === 'custom' && issue.params?.text)
    return (issue.params.text as Record<Locale, string>)[locale];
  const text = zodTexts[locale](issue as z.core.$ZodRawIssue);
  return typeof text === 'string' ? text : (text?.message ?? issue.message);
}

/** An answer names this many fields at most, and so much of each: a hostile body does not make a long answer. */
const fieldsNamed = 100;
const nameLength = 200;

/** zod's issues as the contract's `errors: {field: [sentence]}`; the field of an unknown key is the key. */
export function describeIssues(issues: Issue[], locale: Locale): Record<string, string[]> {
  // A map: a field may be called `constructor` or `__proto__`.
  const fields = new Map<string, string[]>();
  const add = (field: string, sentence: () => string) => {
    const name = field.slice(0, nameLength).toWellFormed();
    const sentences = fields.get(name) ?? [];
    if (sentences.length === 0 && fields.size === fieldsNamed) return;
    if (sentences.length < fieldsNamed) fields.set(name, [...sentences, sentence()]);
  };
  for (const issue of issues) {
    const at = issue.path.map(String).join('.');
    const sentence = () => describe(issue, locale);
    if (issue.code !== 'unrecognized_keys') add(at || 'body', sentence);
    else for (const key of issue.keys) add(at ? `${at}.${key}` : key, sentence);
  }
  return Object.fromEntries(fields);
}

/** No body of the contract is nested deeper than a few levels; what reads them may go one call deeper with each. */
const deepest = 50;

/** What is wrong with a text, or with something in it, and where: `at` and the keys to it. */
function findUnsafe(value: unknown, at: string, depth = 0): { field: string; text: Text } | undefined {
  if (typeof value === 'string') {
    const safe = !value.includes('\0') && value.isWellFormed();
    return safe ? undefined : { field: at, text: fieldTexts.forbiddenCharacters };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === deepest) return { field: at, text: fieldTexts.tooDeep };
  for (const [key, inner] of Object.entries(value)) {
    const field = at ? `${at}.${key}` : key;
    const found = findUnsafe(key, field) ?? findUnsafe(inner, field, depth + 1);
    if (found) return found;
  }
  return undefined;
}

/**
 * Refuses NUL and ill-formed Unicode anywhere in the body, the query and the path: PostgreSQL stores no NUL,
 * and an unpaired surrogate would be stored as another character. And bodies nested beyond all reason.
 */
export function refuseUnsafeText(request: FastifyRequest): void {
  for (const part of [request.params, request.query, request.body]) {
    if (part instanceof Uint8Array) continue;
    const found = findUnsafe(part, '');
    if (!found) continue;
    const name = found.field.replaceAll('\0', '\\0').slice(0, nameLength).toWellFormed();
    throw invalidRequest({ fields: Object.fromEntries([[name, [found.text]]]) });
  }
}

/** A route that takes no body takes an empty one too, and nothing else: an unknown key is a 400 (contract §2). */
function checkUnexpectedBody(request: FastifyRequest, body: unknown): InputError | null {
  const { schema, config } = request.routeOptions;
  // A form's route says itself that it takes nothing else.
  if (schema?.body !== undefined || config.form) return null;
  const issues = body === null ? [] : (z.strictObject({}).safeParse(body).error?.issues ?? []);
  return issues.length > 0 ? new InputError(issues) : null;
}

/** JSON bodies: bytes that are not UTF-8 are refused instead of replaced; no body at all is `undefined`. */
export function parseJsonStrictly(app: FastifyInstance): void {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    let text: string;
    try {
      text = decoder.decode(body as Buffer);
    } catch (error) {
      return done(malformedJson({ cause: error }));
    }
    void parse(request, text, (error, value) => {
      if (error) done(malformedJson({ cause: error }));
      else done(checkUnexpectedBody(request, value), value);
    });
  });
  app.removeContentTypeParser('text/plain');
}
