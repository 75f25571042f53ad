import { lastAdministrator, usernameTaken } from './users.errors.ts';

/** The SQLSTATE behind an error of Prisma. */
function sqlState(error: unknown): string | undefined {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: string } } } };
  return meta?.driverAdapterError?.cause?.originalCode;
}

/** What the database alone can decide, whatever runs beside: unique names, and the trigger's CL001. */
export function explainConflict(error: unknown): never {
  if (sqlState(error) === '23505') throw usernameTaken({ cause: error });
  if (sqlState(error) === 'CL001') throw lastAdministrator({ cause: error });
  throw error;
}
