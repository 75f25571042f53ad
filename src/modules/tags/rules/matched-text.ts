import { Prisma } from '../../../database/generated/client.ts';

/**
 * What the rules run over, of the documents `d`: the one place that says so. Contract §5 says title and text;
 * no document has a text as yet.
 */
export const matchedText = Prisma.sql`d.title`;
