import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Locale } from '../errors.ts';
import { byStatus, invalidRequest } from './http.errors.ts';

const statuses: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers bytes that are not HTTP (or headers past Node's limit) in the contract's form, then hangs up. */
export function clientErrorHandler(locale: Locale) {
  return (cause: Error & { code?: string }, socket: Socket): void => {
    if (cause.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const error = (byStatus[statuses[cause.code ?? ''] ?? 400] ?? invalidRequest)();
    const body = JSON.stringify({
      success: false,
      error: true,
      message: error.say(locale),
      code: error.code,
      errors: {},
      request_id: randomUUID(),
    });
    socket.end(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  };
}

/** What Node's server would refuse by itself, with no body and no word: a missing Host, an unknown `Expect`. */
export function answerBareRefusals(app: FastifyInstance): void {
  // A server need not meet an expectation that it does not know (RFC 9110 §10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.addHook('onRequest', async (request) => {
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) throw invalidRequest();
  });
}
