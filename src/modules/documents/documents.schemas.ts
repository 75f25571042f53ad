import { z } from 'zod';
import { idNumber, idText, instant, pageQuery } from '../../http/schemas.ts';
import { fieldErrors } from './documents.errors.ts';

const currencies = new Set(Intl.supportedValuesOf('currency'));

export const date = z.iso
  .date()
  .refine((value) => !value.startsWith('0000'), { params: { text: fieldErrors.date } });

export const isDay = (text: string) => text.length === 10;

/** The beginning of a day, or a moment; what names no zone is UTC, as all times of the API. */
export const toMoment = (text: string) =>
  new Date(isDay(text) || /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);

/** A day (all of it, UTC) or a moment; without a zone, UTC. PostgreSQL knows no year 0. */
export const dateOrTime = z
  .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })])
  .refine((value) => toMoment(value).getUTCFullYear() >= 1, { params: { text: fieldErrors.time } });

const validationStatus = z.enum(['na', 'pending', 'approved', 'rejected']);
const textStatus = z.enum(['pending', 'done', 'none', 'failed']);

/** A document as every answer shows it: the fields of seed 004, and beside them what this server adds. */
export const documentAnswer = z.object({
  id: z.int(),
  title: z.string(),
  filename: z.string().describe('The name it is filed under'),
  original_filename: z.string(),
  file_path: z.string().describe('Where it is filed on every target: YYYY/MM/folder/name'),
  file_size: z.int().describe('Bytes'),
  mime_type: z.string(),
  document_type_id: z.int(),
  document_type_code: z.string(),
  document_type_label: z.string(),
  correspondent_id: z.int().nullable(),
  correspondent_name: z.string().nullable(),
  document_date: z.iso.date().nullable(),
  amount: z.number().nullable(),
  currency: z.string(),
  created_at: instant,
  updated_at: instant,
  asn: z.int().nullable().describe('Archive serial number: what is written on the paper'),
  owner_id: z.int(),
  owner_name: z.string(),
  sha256: z.string(),
  version: z.int().describe('Number of the current file version, from 1'),
  validation_status: validationStatus,
  text_status: textStatus,
  trashed_at: instant.nullable(),
  tags: z.array(z.object({ id: z.int(), name: z.string(), color: z.string() })),
});
export type DocumentAnswer = z.output<typeof documentAnswer>;

export const versionAnswer = z.object({
  version: z.int(),
  current: z.boolean(),
  original_filename: z.string(),
  file_size: z.int(),
  mime_type: z.string(),
  sha256: z.string(),
  created_at: instant,
  created_by: z.object({ id: z.int(), username: z.string(), display_name: z.string() }),
});

export const listQuery = z.strictObject({
  ...pageQuery,
  search: z.string().max(200).optional().describe('Part of the title or of the original file name'),
  document_type_id: idText.optional(),
  correspondent_id: idText.optional(),
  tag_id: idText.optional(),
  status: validationStatus.optional(),
  created_after: dateOrTime.optional().describe('Inclusive; a date means that whole day, UTC'),
  created_before: dateOrTime.optional().describe('Inclusive; a date means that whole day, UTC'),
  trashed: z.enum(['true', 'false', '1', '0']).default('false').describe('true: only what is in the trash'),
  order_by: z
    .enum(['id', 'title', 'created_at', 'updated_at', 'document_date', 'amount'])
    .default('created_at'),
  order: z
    .string()
    .regex(/^(asc|desc)$/i)
    .default('DESC')
    .describe('ASC or DESC'),
});
export type ListQuery = z.output<typeof listQuery>;

const title = z.string().trim().normalize().min(1).max(255);
const amount = z
  .number()
  .min(-999_999_999_999.99)
  .max(999_999_999_999.99)
  .refine((value) => Number(value.toFixed(2)) === value, { params: { text: fieldErrors.amount } })
  .describe('At most 12 digits before the point and 2 after; negative for a credit note');
const currency = z
  .string()
  .toUpperCase()
  .refine((value) => currencies.has(value), { params: { text: fieldErrors.currency } })
  .describe('ISO 4217');
const tags = z.array(idNumber).max(100).describe('Ids of tags');

/** What may be said of a document when it is created (seed 004); null and absent are the same. */
const createFields = {
  title: title.nullish().describe('Default: the original file name without its extension'),
  document_type_id: idNumber.nullish().describe('Default: the type `other`'),
  correspondent_id: idNumber.nullish(),
  document_date: date.nullish(),
  amount: amount.nullish(),
  currency: currency.nullish().describe('ISO 4217; default CHF'),
  asn: idNumber.nullish(),
  tags: tags.nullish(),
};
export const uploadFields = z.strictObject(createFields);
export type CreateFields = z.output<typeof uploadFields>;

export const importBody = z
  .strictObject({
    filename: z.string().min(1).max(1024).nullish().describe('Default: the last part of file_path'),
    file_path: z.string().min(1).max(4096).describe('A regular file inside one of IMPORT_DIRS'),
    ...createFields,
  })
  .describe(
    'As application/json; or multipart/form-data with one part `file` and the same fields but file_path',
  );

export const updateBody = z.strictObject({
  title: title.optional(),
  document_type_id: idNumber.optional(),
  correspondent_id: idNumber.nullable().optional(),
  document_date: date.nullable().optional(),
  amount: amount.nullable().optional(),
  currency: currency.optional(),
  asn: idNumber.nullable().optional(),
  tags: tags
    .optional()
    .describe(
      'Ids of tags. A new one brings those above it; one that is left out goes, with those below it. The same list again changes nothing: what only came along with a tag below it need not be listed',
    ),
});
export type UpdateFields = z.output<typeof updateBody>;

export const deleteQuery = z.strictObject({
  permanent: z
    .enum(['true', 'false', '1', '0'])
    .default('false')
    .describe('true: deletes it for good (administrators only); otherwise it goes to the trash'),
});

export const downloadQuery = z.strictObject({ version: idText.optional() });

/** Headers are read by the handlers, which say what is wrong with them; here they are only described. */
const header = (description: string) => z.string().optional().describe(description);

export const ifMatchHeader = z.looseObject({
  'if-match': header('The `ETag` the change was made from; another one by now is a 412'),
});

export const idempotencyHeader = z.looseObject({
  'idempotency-key': header(
    'Up to 255 visible ASCII characters: a retry with the same key gets the same 201',
  ),
});

export const rangeHeaders = z.looseObject({
  range: header('One range of bytes, such as `bytes=0-99`'),
  'if-range': header('The `ETag` the range belongs to; the whole file is sent when it is another'),
  'if-none-match': header('The `ETag` at hand; a 304 when it is still the file’s'),
});
