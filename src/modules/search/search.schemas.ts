import { z } from 'zod';
import { idText, pageQuery, pagination } from '../../http/schemas.ts';
import { dateOrTime, documentAnswer } from '../documents/documents.schemas.ts';
import { fieldErrors } from './search.errors.ts';

const longest = 200;

/** An amount in a query: the digits that a document's amount may have. */
const amountText = z
  .string()
  .refine((text) => /^-?\d{1,12}(\.\d{1,2})?$/.test(text), { params: { text: fieldErrors.amount } })
  .transform(Number)
  .meta({ type: 'number' });

const ids = z
  .union([idText, z.array(idText).max(50)])
  .transform((value) => [value].flat())
  .optional();

export const searchQuery = z.strictObject({
  ...pageQuery,
  q: z
    .string()
    .max(longest)
    .optional()
    .describe(
      'Words, all of which are looked for in title, file name, text and the names of correspondent and tags; "a phrase", -without, begin*',
    ),
  correspondent_id: idText.optional(),
  document_type_id: idText.optional(),
  'tag_ids[]': ids.describe('Documents that have all of these tags; may be repeated'),
  tag_ids: ids.describe('The same as `tag_ids[]`'),
  created_after: dateOrTime.optional().describe('Inclusive; a date means that whole day, UTC'),
  created_before: dateOrTime.optional().describe('Inclusive; a date means that whole day, UTC'),
  amount_min: amountText.optional().describe('Inclusive'),
  amount_max: amountText.optional().describe('Inclusive'),
  order_by: z
    .enum(['relevance', 'created_at'])
    .optional()
    .describe('Default: relevance where there is a `q`, else created_at, the newest first'),
});
export type SearchQuery = z.output<typeof searchQuery>;

const facet = z.array(z.object({ id: z.int(), name: z.string(), count: z.int() }));

export const searchAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    documents: z.array(
      documentAnswer.extend({
        highlights: z
          .object({
            title: z.string().describe('The title'),
            text: z
              .string()
              .nullable()
              .describe('Where the text has what was looked for; null where it has not'),
          })
          .describe('HTML: `<mark>` around what was found, all else escaped'),
      }),
    ),
    total: z.int(),
    search_time: z.number().describe('Seconds'),
    facets: z
      .object({ correspondents: facet, document_types: facet, tags: facet })
      .describe('Of all that was found, the page aside: the twenty most frequent of each'),
  }),
  pagination,
});
export type SearchAnswer = z.output<typeof searchAnswer>;

export const suggestQuery = z.strictObject({
  q: z.string().max(longest).default('').describe('What has been typed so far'),
  limit: z
    .string()
    .regex(/^[1-9]\d?$/)
    .transform(Number)
    .pipe(z.number().max(50))
    .default(10)
    .meta({ type: 'integer', minimum: 1, maximum: 50 }),
});

export const suggestAnswer = z.object({
  success: z.literal(true),
  suggestions: z.array(z.object({ text: z.string(), type: z.enum(['document', 'correspondent', 'tag']) })),
});
export type Suggestion = z.output<typeof suggestAnswer>['suggestions'][number];
