/**
 * Asks one address again and again on a few connections that stay open, from a process of its own. By hand on
 * the socket: a full HTTP client would take as much of the machine as the servers that it measures.
 */
import net from 'node:net';
import type { Load, LoadResult } from './load.ts';

const headEnd = Buffer.from('\r\n\r\n');

/** Reads one answer after the other off a connection; the bytes of each go to nobody. */
function answers(socket: net.Socket, onAnswer: (status: number) => void): void {
  let held: Buffer = Buffer.alloc(0);
  let missing = 0;
  let status = 0;
  socket.on('data', (bytes: Buffer) => {
    if (missing > bytes.length) {
      missing -= bytes.length;
      return;
    }
    if (missing > 0) {
      held = bytes.subarray(missing);
      missing = 0;
      onAnswer(status);
    } else held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    for (let end = held.indexOf(headEnd); end >= 0; end = held.indexOf(headEnd)) {
      const head = held.toString('latin1', 0, end);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
      if (Number.isNaN(length)) throw new Error(`an answer without a length: ${head}`);
      status = Number(head.slice(9, 12));
      const stop = end + headEnd.length + length;
      if (stop > held.length) {
        missing = stop - held.length;
        held = Buffer.alloc(0);
        return;
      }
      held = held.subarray(stop);
      onAnswer(status);
    }
  });
}

function run({ url, cookie, connections, ms }: Load): Promise<LoadResult> {
  const { hostname, port, pathname, search } = new URL(url);
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`;
  return new Promise((resolve, reject) => {
    const times: number[] = [];
    let open = connections;
    const began = performance.now();
    for (let i = 0; i < connections; i++) {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      let sent = 0;
      const send = () => {
        sent = performance.now();
        socket.write(request);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      answers(socket, (status) => {
        if (status !== 200) return reject(new Error(`${url} was answered ${status}`));
        const now = performance.now();
        times.push(now - sent);
        if (now - began < ms) return send();
        socket.destroy();
        open -= 1;
        if (open > 0) return;
        times.sort((a, b) => a - b);
        const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
        resolve({ perSecond: (times.length * 1000) / (now - began), p50: at(0.5), p99: at(0.99) });
      });
    }
  });
}

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
