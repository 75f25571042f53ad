import { z } from 'zod';
import { instant, success } from '../../../http/schemas.ts';
import { matchingAlgorithms } from '../../matching/rule.ts';

const tooLong = { fr: 'Au plus 256 caractères', en: 'At most 256 characters' };

// Counted as the database does: zod would count an emoji as two.
const match = z
  .string()
  .refine((value) => Array.from(value).length <= 256, { params: { text: tooLong } })
  .meta({ maxLength: 256 })
  .describe('What to look for in title and text; blank never matches, `none` and `auto` do not look at it');
const algorithm = z.enum(matchingAlgorithms);
const algorithms =
  '`any`, `all`: words, and phrases in double quotes; `exact`: one phrase; `regex`: a regular expression; ' +
  '`fuzzy`: nearly so; `auto`: learned from documents filed by hand, once five have it; `none`: only by hand';
const isInsensitive = z.boolean().describe('Whether A and a are the same');

/** The rule of a new tag or correspondent (contract §5); null and absent are the same. */
export const newRuleFields = {
  match: match.nullish(),
  matching_algorithm: algorithm.nullish().describe(`${algorithms}. Default: none`),
  is_insensitive: isInsensitive.nullish().describe('Whether A and a are the same. Default: true'),
};

export const changedRuleFields = {
  match: match.optional(),
  matching_algorithm: algorithm.optional().describe(algorithms),
  is_insensitive: isInsensitive.optional(),
};

export const shownRuleFields = {
  match: z.string(),
  matching_algorithm: algorithm,
  is_insensitive: z.boolean(),
  learned: z
    .object({
      documents: z.int().describe('Documents that it was learned from'),
      accuracy: z.number().describe('Share of documents held out whose likeliest one was right, 0 to 1'),
      baseline: z.number().describe('The same for always saying the most frequent one'),
      trained_at: instant,
    })
    .nullable()
    .describe('Of all that are `auto` together; null: not `auto`, or on too few documents yet'),
};

export const documentCount = z
  .int()
  .describe('Documents that have it, of those the caller may see, without the trash');

export const applyBody = z.strictObject({
  dry_run: z.boolean().default(false).describe('true: only says what would be done'),
});

export const applyAnswer = success(
  z.object({
    total: z.int().describe('Documents that match, of those the caller may see, without the trash'),
    changed: z.int().describe('Those of them that this changed or, in a dry run, would change'),
    documents: z
      .array(
        z.object({
          id: z.int(),
          title: z.string(),
          excerpts: z
            .array(z.string())
            .describe('Where it matches; with `auto`, the words that speak for it most'),
          confidence: z.number().nullable().describe('How sure `auto` is, 0 to 1; null with other rules'),
          changed: z.boolean(),
        }),
      )
      .describe('The first 100 that match, by id'),
  }),
);
