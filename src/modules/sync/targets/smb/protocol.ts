import type { TextParams } from '../../../../errors.ts';
import type { TargetFaultCode } from '../../sync.errors.ts';
import type { ExpectedFile, Marker } from '../../sync-target.ts';

/** What the server and the process that does the file work say to each other, as JSON over the IPC channel. */

/** Times are milliseconds since 1970. */
export interface WireFile extends ExpectedFile {
  source: string;
  modifiedAt: number | null;
  maybeHeld: boolean;
  replaces: string | null;
}

export interface WireHeld {
  size: number;
  modifiedAt: number;
  sha256: string | null;
}

export interface WireProbe {
  clockDriftMs: number;
  freeBytes: number;
  totalBytes: number;
}

export interface WireFolder {
  folders: string[];
  files: { name: string; size: number; modifiedAt: number }[];
}

/** Every operation: what goes in, what comes out. */
export interface Operations {
  /** must be the first */
  begin: { input: { root: string }; output: null };
  readMarker: { input: null; output: Marker | null };
  writeMarker: { input: { marker: Marker; adopt: boolean }; output: null };
  access: { input: null; output: { exists: boolean; writable: boolean } };
  probe: { input: null; output: WireProbe };
  put: { input: WireFile; output: { sentBytes: number } };
  verify: { input: ExpectedFile; output: 'ok' | 'missing' | 'corrupt' };
  stat: { input: { path: string; hash: boolean }; output: WireHeld | null };
  listFolder: { input: { path: string }; output: WireFolder };
  get: {
    input: { path: string; to: string; sha256: string | null };
    output: { sha256: string; size: number };
  };
  move: { input: { from: string; to: string }; output: null };
  remove: { input: { path: string }; output: boolean };
  sweep: { input: null; output: number };
}

export type OperationName = keyof Operations;

export type ToWorker =
  | {
      kind: 'call';
      id: number;
      name: OperationName;
      input: Operations[OperationName]['input'];
    }
  /** give up everything under way and clean up behind it */
  | { kind: 'cancel' };

export type FromWorker =
  | { kind: 'done'; id: number; output: Operations[OperationName]['output'] }
  | { kind: 'fault'; id: number; code: TargetFaultCode; params: TextParams; detail: string | null }
  /** these calls have moved on, or wait for their turn, since the last such message */
  | { kind: 'beat'; ids: number[] };
