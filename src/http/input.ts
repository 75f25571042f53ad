import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { $ZodType, safeParse } from 'zod/v4/core';
import type { Locale } from '../errors.ts';
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
  // A rule of our own names its sentences itself: `{ params: { text: { fr, en } } }`.
  if (issue.code === 'custom' && issue.params?.text)
    return (issue.params.text as Record<Locale, string>)[locale];
  const text = zodTexts[locale](issue as z.core.$ZodRawIssue);
  return typeof text === 'string' ? text : (text?.message ?? issue.message);
}

/** zod's issues as the contract's `errors: {field: [sentence]}`; the field of an unknown key is the key. */
export function describeIssues(issues: Issue[], locale: Locale): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  const add = (field: string, sentence: string) => {
    fields[field] ??= [];
    fields[field].push(sentence);
  };
  for (const issue of issues) {
    const at = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) add(at ? `${at}.${key}` : key, describe(issue, locale));
    } else {
      add(at || 'body', describe(issue, locale));
    }
  }
  return fields;
}

/** PostgreSQL stores no NUL, and an unpaired surrogate would be stored as another character. */
function findUnsafeText(value: unknown, at: string): string | undefined {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? at : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const field = at ? `${at}.${key}` : key;
    const found = findUnsafeText(key, field) ?? findUnsafeText(inner, field);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Refuses NUL and ill-formed Unicode anywhere in the body, the query and the path. */
export function refuseUnsafeText(request: FastifyRequest): void {
  for (const part of [request.params, request.query, request.body]) {
    if (part instanceof Uint8Array) continue;
    const field = findUnsafeText(part, '');
    if (field !== undefined) {
      throw invalidRequest({
        fields: { [field.replaceAll('\0', '\\0').toWellFormed()]: [fieldTexts.forbiddenCharacters] },
      });
    }
  }
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
    void parse(request, text, (error, value) => done(error ? malformedJson({ cause: error }) : null, value));
  });
  app.removeContentTypeParser('text/plain');
}
