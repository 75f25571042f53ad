import type { Text } from '../../errors.ts';
import type { SyncTargetError } from './sync.errors.ts';

/**
 * The contract of a sync target (contract §7): what the engine may count on, whatever lies behind — a
 * mounted folder, rsync over SSH, FTP or HTTP. `test/contracts/sync-target.contract.ts` holds every target
 * to it.
 *
 * Faults are `SyncTargetError` (sync.errors.ts), with code, scope and whether a later try can help.
 *
 * Paths are relative, `/`-separated and NFC, already safe for SMB and FTP; `''` is the root. A target still
 * refuses (`path_refused`) what is absolute, empty, holds NUL or a `.`/`..` part, lies under `.classeur/`
 * other than `.classeur/trash/`, or leaves the root through a link. Where `addressing` is `hash`, a path is
 * the file's SHA-256 itself.
 *
 * On the target, `.classeur/` is the server's own: `target.json` (the marker), `tmp/` (every temporary, so
 * that sweeping never walks the tree and rename stays on one file system), `trash/`.
 */
export interface SyncTarget {
  readonly type: TargetType;
  readonly capabilities: Capabilities;
  /** What people read: host and root folder. No secret. For smb the host is `SMB Mount` (seed 001). */
  readonly address: { host: string; path: string };
  /** Where a file stands, as people read it: the end of `Synchronisé vers …`. */
  placeOf(path: string): string;
  /**
   * One session for one run, test, verify or restore. It looks at no marker and writes nothing: that is
   * `openMarked()`, which everything that will write goes through (targets/target-marker.ts).
   *
   * `signal` governs the whole session: once aborted, calls under way clean up behind themselves and reject
   * with `cancelled` within seconds, and later calls reject at once. The session is still to be closed.
   *
   * Throws `not_configured`, `path_missing`, `target_permission`, `login_refused`, `unreachable`, `timeout`,
   * `cancelled`; then nothing is left open.
   */
  open(options: { signal: AbortSignal }): Promise<SyncSession>;
}

export type TargetType = 'smb' | 'rsync' | 'ftp' | 'http';

/** Facts about a target that the engine or a person reads. */
export interface Capabilities {
  /** How `put` proves that the target holds the bytes. */
  proof: ProofKind;
  /** `path`: files lie in folders under their names. `hash`: a file's path is its SHA-256, moves never happen. */
  addressing: 'path' | 'hash';
  /** At most so many files are taken from `put`'s and `verify`'s input ahead of their results. */
  lookAhead: number;
  /** Files larger than this are refused with `too_large`; null: no limit known. */
  maxObjectBytes: number | null;
}

/**
 * - `read-back`: opened again on the target, read through, compared byte for byte or by SHA-256
 * - `server-hash`: the target hashed what it stored and answered the same SHA-256
 * - `checksum-pass`: a second pass compared checksums on both sides (rsync -c)
 * - `size`: only the length could be compared
 */
export type ProofKind = 'read-back' | 'server-hash' | 'checksum-pass' | 'size';

/**
 * Not more than one `put` or `verify` at a time; the other calls may run beside it. After a fault of scope
 * `session` or `target` every further call rejects: close it and open another.
 */
export interface SyncSession {
  /** Reads `.classeur/target.json`; null where there is none. Throws `marker_unreadable` when it is no marker. */
  readMarker(): Promise<Marker | null>;

  /**
   * Writes the marker, complete or not at all. Where one with the same `target_id` stands, nothing happens.
   * Throws `wrong_target` (or `marker_unreadable`) where another stands. With `adopt` it writes whatever
   * stands there.
   */
  writeMarker(marker: Marker, options?: { adopt?: boolean }): Promise<void>;

  /**
   * What the target says of its root without being written to (seed 001: `path_exists`, `path_writable`).
   * `writable` is null where only writing would tell; `probe()` proves it.
   */
  access(): Promise<{ exists: boolean; writable: boolean | null }>;

  /**
   * The “test connection” button: writes a file under `.classeur/tmp/`, reads it back, renames another over
   * it, deletes it. Throws what stands in the way; leaves nothing behind, killed: what `sweep()` removes.
   */
  probe(): Promise<ProbeReport>;

  /**
   * Sends files; the target chooses how many at once, or takes them as one batch. Files are pulled from
   * `files` only when about to be sent (`capabilities.lookAhead`), so what the engine writes into its journal
   * as it yields a file is written before the first byte leaves.
   *
   * For each file pulled there is one result, in any order, carrying the very object that was pulled:
   * - `ok`: the target proved to hold these bytes at the final path, durably (as far as it can tell);
   *   missing folders were made. A file that stood there with these bytes, or with those of `replaces`, is
   *   replaced in one step. Any other is not ours and is kept: moved to `.classeur/trash/<YYYY-MM-DD>/<path>`
   *   first (UTC; targets/trash-path.ts), where nothing is ever overwritten;
   * - not `ok`: a fault of scope `file`; `path_conflict` where a folder, a link or another thing that is no
   *   file stands. The final path is as it was, no temporary is left. Should the last step fail after a file
   *   that is not ours was moved aside, that file lies in the trash.
   *
   * A fault of scope `session` or `target` ends the iteration: the results known by then come first, then the
   * error is thrown. Files without a result may or may not have arrived complete; send them again with
   * `maybeHeld`. Never is anything but a complete file at a final path: not while it is sent, not after a
   * kill, not after `cancelled`. A kill leaves temporaries, which `sweep()` removes.
   *
   * When `files` itself throws, what is under way is finished, then that error is thrown. Leaving the loop
   * early finishes what is under way and drops its results.
   */
  put<F extends OutgoingFile>(files: FileStream<F>): AsyncIterable<PutResult<F>>;

  /**
   * Reads what the target holds and compares: one result for each file, in any order, faults as with `put`.
   * Writes nothing.
   */
  verify<F extends ExpectedFile>(files: FileStream<F>): AsyncIterable<VerifyResult<F>>;

  /** Null where there is no file (a folder, a link or a pipe is none). `hash` costs reading it through. */
  stat(path: string, options?: { hash?: boolean }): Promise<HeldFile | null>;

  /** Every file below `folder`, to any depth, never `.classeur/`. A missing folder holds none. */
  list(folder: string): AsyncIterable<ListedFile>;

  /**
   * Fetches a file into `to`, an absolute path on this machine that must not exist. The local file is durable
   * when this resolves; on any fault it is removed (a kill leaves it: `to` belongs in a temporary folder).
   * Throws `file_missing`, `hash_mismatch` (when `sha256` is given), `local_write_failed`.
   */
  get(path: string, options: { to: string; sha256?: string }): Promise<{ sha256: string; size: number }>;

  /**
   * Renames in one step, making folders; what stands at `to` is replaced. Throws `file_missing` when there is
   * nothing at `from` — also when a killed run had already moved it: `put` with `maybeHeld` settles it.
   * With `to` under `.classeur/trash/` this is how the policy `mirror` throws a file away.
   */
  move(from: string, to: string): Promise<void>;

  /** Deletes a file for good. False when there was none. Folders stay. */
  remove(path: string): Promise<boolean>;

  /**
   * Removes the temporaries of sessions that were killed, and says how many. The caller makes sure that no
   * other session is sending to this target (the engine's lock); a probe running elsewhere is left alone.
   */
  sweep(): Promise<number>;

  /** Ends the session and its processes or connections, within seconds. Never rejects; may be called twice. */
  close(): Promise<void>;
}

export type FileStream<F> = AsyncIterable<F> | Iterable<F>;

export interface ExpectedFile {
  /** the final path on the target */
  path: string;
  /** lower-case hex */
  sha256: string;
  /** bytes */
  size: number;
}

export interface OutgoingFile extends ExpectedFile {
  /** absolute path of the bytes on this machine, in the content store */
  source: string;
  /** the time the copy is to bear; kept where the target can */
  modifiedAt?: Date;
  /** A killed run may already have brought it there: look first, and send only if it is not these bytes. */
  maybeHeld?: boolean;
  /**
   * SHA-256, lower-case hex: the content that the journal says this document's copy has at that path. Only this
   * may be replaced there, besides the very bytes being sent; without it, whatever else stands there is not ours.
   */
  replaces?: string;
}

export type PutResult<F extends OutgoingFile = OutgoingFile> =
  | { file: F; ok: true; proof: Proof }
  | { file: F; ok: false; error: SyncTargetError };

export interface Proof {
  how: ProofKind;
  sha256: string;
  size: number;
  /** bytes that went out; 0 when `maybeHeld` found them there */
  sentBytes: number;
}

export type VerifyResult<F extends ExpectedFile = ExpectedFile> =
  | { file: F; state: 'ok' | 'missing' | 'corrupt' }
  | { file: F; state: 'unknown'; error: SyncTargetError };

export interface HeldFile {
  path: string;
  size: number;
  modifiedAt: Date | null;
  /** null unless asked for */
  sha256: string | null;
}

export interface ListedFile {
  path: string;
  size: number;
  modifiedAt: Date | null;
}

/** `.classeur/target.json`, exactly these keys. */
export interface Marker {
  format: 1;
  /** UUID of the target's row */
  target_id: string;
  /** the target's name, for people */
  name: string;
  /** ISO 8601 UTC */
  created_at: string;
}

export interface ProbeReport {
  /** `Montage NAS accessible en lecture/écriture` and the like */
  message: Text;
  /** the target's clock minus ours; null where it cannot be read */
  clockDriftMs: number | null;
  freeBytes: number | null;
  totalBytes: number | null;
  durationMs: number;
}
