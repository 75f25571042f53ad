import fs from 'node:fs';
import { promisify } from 'node:util';

/*
 * The calls of node:fs that a copy is made of, on bare descriptors: FileHandles cost a third more for small
 * files. No copyFile anywhere: onto CIFS it can fail with EPERM from its chmod.
 */
export const open = promisify(fs.open);
export const close = promisify(fs.close);
export const fstat = promisify(fs.fstat);
export const fsync = promisify(fs.fsync);
export const fdatasync = promisify(fs.fdatasync);
export const futimes = promisify(fs.futimes);

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** No link is followed and no pipe or device waited for; whether it is a file, fstat tells. */
export const READ_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** Fills the buffer from where the descriptor stands; fewer bytes only at the end of the file. */
export async function readFull(fd: number, buffer: Buffer): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const read = await readSome(fd, buffer, filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

/** The same in this thread, for files on our own disk. */
export function readFullSync(fd: number, buffer: Buffer): number {
  let filled = 0;
  while (filled < buffer.length) {
    const read = fs.readSync(fd, buffer, filled, buffer.length - filled, null);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

export async function writeFull(fd: number, buffer: Buffer): Promise<void> {
  let written = 0;
  while (written < buffer.length) written += await writeSome(fd, buffer, written);
}

/** Opens, works and closes again whatever happens. */
export async function withFile<T>(
  path: string,
  flags: string | number,
  work: (fd: number) => Promise<T>,
): Promise<T> {
  const fd = await open(path, flags, 0o666);
  try {
    return await work(fd);
  } finally {
    await close(fd);
  }
}

function readSome(fd: number, buffer: Buffer, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, from, buffer.length - from, null, (error, read) =>
      error ? reject(error) : resolve(read),
    );
  });
}

function writeSome(fd: number, buffer: Buffer, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, buffer, from, buffer.length - from, null, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });
}
