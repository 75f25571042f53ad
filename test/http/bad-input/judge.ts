import { failure } from '../../../src/http/schemas.ts';

export interface Judged {
  method: string;
  /** the address of the operation as the document has it */
  path: string;
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

/** Words of the inside, and of English, that no French sentence to a caller holds. */
const inside =
  /node_modules|\.(ts|mjs|js)\b|\bat (async )?[\w.<>]+ \(|prisma|postgres|\bsql\b|\bselect\b|\binsert\b|\bupdate\b|constraint|relation "|zod|fastify|FST_|TypeError|RangeError|\bundefined\b|\[object|\/tmp\/|\/root\/|\/home\//i;
const systemCode = /\bE[A-Z]{4,}\b/;
const english = /\b(the|is|was|expected|must|should|received|too|unknown|cannot|failed|request)\b/i;

/** What is wrong with an answer that refuses, as sentences; none when it is exactly the contract's (§2). */
export function judgeFailure({ method, path, status, headers, text }: Judged): string[] {
  if (status >= 500) return [`a ${status}: ${text.slice(0, 300)}`];
  if (method === 'HEAD') return text === '' ? [] : ['a body to HEAD'];
  if (!/^application\/json/.test(String(headers['content-type'])))
    return [`not JSON but ${headers['content-type']}: ${text.slice(0, 100)}`];
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [`no JSON: ${text.slice(0, 100)}`];
  }
  const parsed = failure.safeParse(body);
  if (!parsed.success) return [`not the failure form: ${parsed.error.message}: ${text.slice(0, 300)}`];
  const { error, message, errors, request_id } = parsed.data;
  const wrong: string[] = [];
  const holdsMessage = status === 429 || path.startsWith('/api/v1/sync/');
  if (error !== (holdsMessage ? message : true)) wrong.push(`error is ${JSON.stringify(error)}`);
  if (!/^[\w.-]{8,100}$/.test(request_id)) wrong.push(`request_id is ${request_id}`);
  if (headers['x-request-id'] !== undefined && headers['x-request-id'] !== request_id)
    wrong.push('X-Request-Id is another than request_id');
  for (const sentence of [message, ...Object.values(errors).flat()]) {
    if (sentence.length < 3 || sentence.length > 400)
      wrong.push(`a message of ${sentence.length} characters`);
    if (inside.test(sentence) || systemCode.test(sentence)) wrong.push(`tells of the inside: ${sentence}`);
    // What it quotes are the contract's own words.
    if (english.test(sentence.replace(/"[^"]*"/g, ''))) wrong.push(`not French: ${sentence}`);
  }
  if (text.length > 50_000) wrong.push(`an answer of ${text.length} characters`);
  return wrong;
}

/** The fields that an answer names. */
export function namedFields(text: string): string[] {
  if (text === '') return [];
  return Object.keys((JSON.parse(text) as { errors?: object }).errors ?? {});
}
