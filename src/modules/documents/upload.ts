import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Text } from '../../errors.ts';
import { AppError } from '../../errors.ts';
import { fieldTexts, invalidRequest } from '../../http/http.errors.ts';
import { InputError } from '../../http/input.ts';
import type { ContentStore, Received } from '../../storage/content-store.ts';
import { badMultipart, fieldErrors } from './documents.errors.ts';

export interface Upload<T> {
  received: Received;
  originalFilename: string;
  /** the other parts */
  fields: T;
}

/** No size: documents are as large as the disk. Two files are let in so that the second can be named as too many. */
const limits = {
  fileSize: Number.POSITIVE_INFINITY,
  files: 2,
  fields: 300,
  parts: 302,
  fieldSize: 64 * 1024,
  headerPairs: 50,
};

const badText = /[\0\ufffd]/;

/** What a file is called, or null: missing, over-long, not UTF-8 or with a NUL. Any path before it is dropped. */
export function checkFilename(filename: string | undefined): string | null {
  // Browsers write a quote as %22 (HTML, multipart/form-data).
  const name = (filename ?? '').replaceAll('%22', '"').split(/[/\\]/).at(-1) ?? '';
  return name === '' ||
    name === '.' ||
    name === '..' ||
    name.length > 1024 ||
    badText.test(name) ||
    !name.isWellFormed()
    ? null
    : name;
}

/** What a schema makes of a value that Fastify has not validated. Throws a 400 that names the fields. */
export function parseInput<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (!parsed.success) throw new InputError(parsed.error.issues);
  return parsed.data;
}

/** A fault of the disk has a system call; a fault of the form or of the line has not. */
function asUploadError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { statusCode, syscall } = error as { statusCode?: number; syscall?: string };
  return statusCode !== undefined || syscall !== undefined ? error : badMultipart({ cause: error });
}

/**
 * Reads a multipart body of exactly one part `file` and the text fields of `schema`, before or after it; the
 * file goes straight to the store. Throws a 400 that names the field, with nothing left in the store.
 */
export async function readUpload<T extends z.ZodType>(
  request: FastifyRequest,
  { store, schema }: { store: ContentStore; schema: T },
): Promise<Upload<z.output<T>>> {
  const fields = new Map<string, unknown[]>();
  const problems: Record<string, Text[]> = {};
  let received: Received | undefined;
  let originalFilename: string | null = null;
  try {
    for await (const part of request.parts({ limits })) {
      if (part.type === 'file') {
        const name = checkFilename(part.filename);
        if (part.fieldname === 'file' && !received && name !== null) {
          received = await store.receive(part.file);
          originalFilename = name;
          continue;
        }
        if (part.fieldname !== 'file') problems[part.fieldname] = [fieldTexts.unknownKey];
        else problems.file = [received || !part.filename ? fieldErrors.oneFile : fieldErrors.filename];
        // To its end: the sender hears the answer only when it has sent everything.
        part.file.resume();
      } else if (part.valueTruncated || (typeof part.value === 'string' && badText.test(part.value))) {
        problems[part.fieldname] = [fieldErrors.text];
      } else {
        fields.set(part.fieldname, [...(fields.get(part.fieldname) ?? []), part.value]);
      }
    }
    if (!received) problems.file ??= [fieldErrors.oneFile];
    if (Object.keys(problems).length > 0) throw invalidRequest({ fields: problems });
    if (!received || originalFilename === null) throw badMultipart();
    return { received, originalFilename, fields: parseInput(schema, fieldsToBody(fields)) };
  } catch (error) {
    request.raw.unpipe();
    request.raw.resume();
    await received?.discard();
    throw asUploadError(error);
  }
}

const numeric = new Set(['document_type_id', 'correspondent_id', 'amount', 'asn']);

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,20}(\.\d{1,20})?$/.test(value.trim()) ? Number(value) : value;
}

/** `tags` as a JSON array, as `1,2`, or as a part for each. */
function toTags(values: unknown[]): unknown {
  return values.flatMap((value) => {
    if (typeof value !== 'string') return value;
    const text = value.trim();
    if (!text.startsWith('[')) return text === '' ? [] : text.split(',').map((id) => toNumber(id));
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  });
}

/**
 * The text fields of a form as the JSON body they stand for: numbers as numbers, empty ones absent. What is
 * no number stays as it is, for the schema to name.
 */
export function fieldsToBody(fields: Map<string, unknown[]>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, values] of fields) {
    if (name === 'tags' || name === 'tags[]') {
      body.tags = toTags(values);
      continue;
    }
    if (values.length > 1) throw invalidRequest({ fields: { [name]: [fieldErrors.once] } });
    const [value] = values;
    if (typeof value === 'string' && value.trim() === '') continue;
    body[name] = numeric.has(name) ? toNumber(value) : value;
  }
  return body;
}
