import { z } from 'zod';

/** PostgreSQL's integer. */
const maxInt = 2_147_483_647;

/** Whole numbers in a path or a query, written in the one usual way: `1e3`, `0x10`, ` 1` and `01` are refused. */
export function intText({ min, max = maxInt }: { min: number; max?: number }) {
  return z
    .string()
    .regex(/^(0|[1-9]\d{0,9})$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max });
}

export const idText = intText({ min: 1 });
export const idParams = z.strictObject({ id: idText });

/** An id in a JSON body. */
export const idNumber = z.number().int().min(1).max(maxInt);

/** `page` and `per_page` of every list (seed 004). */
export const pageQuery = {
  page: intText({ min: 1 }).default(1).describe('Page number, from 1'),
  per_page: intText({ min: 1, max: 100 }).default(20).describe('Rows of a page'),
};

export const pagination = z.object({
  page: z.int(),
  per_page: z.int(),
  total: z.int(),
  total_pages: z.int(),
});

export function paginate({ page, perPage, total }: { page: number; perPage: number; total: number }) {
  return { page, per_page: perPage, total, total_pages: Math.ceil(total / perPage) };
}

/** Times in answers: ISO 8601, UTC, with `Z`. */
export const instant = z.iso.datetime();

/** The answer to success of contract §2, around its data. */
export const success = <T extends z.ZodType>(data: T) => z.object({ success: z.literal(true), data });

export const successPage = <T extends z.ZodType>(row: T) =>
  z.object({ success: z.literal(true), data: z.array(row), pagination });

/** The failure of contract §2. Under `/sync`, `error` holds the message. */
export const failure = z.looseObject({
  success: z.literal(false),
  error: z.union([z.literal(true), z.string()]),
  message: z.string(),
  code: z.string(),
  errors: z.record(z.string(), z.array(z.string())),
  request_id: z.string(),
});
