import { parseArgs } from 'node:util';

/** A bad argument; the message is one line that names it. */
export class ArgumentError extends Error {}

export interface SeedArguments {
  /** how many documents to add */
  documents: number;
  seed: number;
}

const mostDocuments = 10_000_000;
const largestSeed = 2 ** 32 - 1;

function wholeNumber(name: string, value: string | undefined, most: number): number {
  const number = Number(value);
  if (value === undefined || !/^\d{1,10}$/.test(value) || number > most)
    throw new ArgumentError(`--${name}: expected a whole number from 0 to ${most}`);
  return number;
}

/** Reads `--documents N [--seed S]` (contract §9). Throws ArgumentError. */
export function readArguments(args: string[]): SeedArguments {
  let values: { documents?: string; seed?: string };
  try {
    ({ values } = parseArgs({ args, options: { documents: { type: 'string' }, seed: { type: 'string' } } }));
  } catch (error) {
    // Node's own sentence names the argument; what follows in other lines is advice.
    throw new ArgumentError(error instanceof Error ? error.message.split('\n', 1)[0] : String(error));
  }
  return {
    documents: wholeNumber('documents', values.documents, mostDocuments),
    seed: wholeNumber('seed', values.seed ?? '1', largestSeed),
  };
}
