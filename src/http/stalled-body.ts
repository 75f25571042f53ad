import { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A body that is announced and does not come holds a connection, and a temporary file, for so long at most. */
const patienceMs = 60_000;

/**
 * Hangs up on callers whose body stops coming; however long it takes in all, as long as it comes. Answers are
 * not timed: a run may take hours.
 */
export function cutStalledBodies(
  app: FastifyInstance,
  { afterMs = patienceMs }: { afterMs?: number } = {},
): void {
  app.addHook('onRequest', async ({ raw }) => {
    if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return;
    const { socket } = raw;
    // A request that was injected came over no line.
    if (!(socket instanceof Socket)) return;
    const cut = () => socket.destroy();
    // Named again: a connection that is kept alive would collect one listener with each request.
    const calm = () => socket.setTimeout(0, cut);
    socket.setTimeout(afterMs, cut);
    raw.once('close', calm).once('end', calm);
  });
}
