import { SyncTargetError } from '../../sync.errors.ts';

/** One call under way in the worker. The server kills the worker when a call stops moving (smb/client.ts). */
export interface Task {
  /** Between two steps: tells that the call has moved on; throws `cancelled` when it is to be given up. */
  step(): void;
  /** Runs it while the call waits for its turn, which is no standstill. */
  waiting<T>(turn: Promise<T>): Promise<T>;
}

/** Every call under way, and which of them moved since the last look. */
export function createTaskList() {
  const running = new Map<number, { moved: boolean; waiting: boolean }>();
  let cancelled = false;

  return {
    add(id: number): Task {
      const state = { moved: true, waiting: false };
      running.set(id, state);
      return {
        step() {
          state.moved = true;
          if (cancelled) throw new SyncTargetError('cancelled');
        },
        async waiting(turn) {
          state.waiting = true;
          try {
            return await turn;
          } finally {
            state.waiting = false;
            state.moved = true;
          }
        },
      };
    },
    delete(id: number) {
      running.delete(id);
    },
    cancelAll() {
      cancelled = true;
    },
    /** the calls that moved or waited since this was asked last */
    takeMoved(): number[] {
      const ids: number[] = [];
      for (const [id, state] of running) {
        if (state.moved || state.waiting) ids.push(id);
        state.moved = false;
      }
      return ids;
    },
  };
}
