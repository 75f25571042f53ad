import { SyncTargetError } from '../sync.errors.ts';
import type { Marker, SyncSession, SyncTarget } from '../sync-target.ts';

export interface OpenMarkedOptions {
  markerId: string;
  name: string;
  /** whether this target was marked before (`sync_targets.marked_at`): then a missing marker is a refusal */
  marked: boolean;
  /** take it whatever marker it bears, or none (`POST /sync/targets/{id}/adopt`) */
  adopt?: boolean;
  signal: AbortSignal;
}

/**
 * Opens a session on the target that this row means, and no other (contract §7). The way for runs, tests,
 * verify, restore and adopt alike:
 *
 * | on the target          | never marked  | marked         | adopt     |
 * |------------------------|---------------|----------------|-----------|
 * | our marker             | open          | open           | write it  |
 * | no marker              | write it      | `target_gone`  | write it  |
 * | another's, or not one  | `wrong_target`, `marker_unreadable` (both) | replace it |
 *
 * A refusal has written nothing and left nothing open. The caller sets `marked_at` when `wrote` is true; a
 * kill between the two is harmless, as our own marker is found there the next time.
 */
export async function openMarked(
  target: SyncTarget,
  { markerId, name, marked, adopt = false, signal }: OpenMarkedOptions,
): Promise<{ session: SyncSession; wrote: boolean }> {
  const session = await target.open({ signal });
  try {
    const found = adopt ? null : await session.readMarker();
    if (found?.target_id === markerId) return { session, wrote: false };
    if (!adopt) {
      if (found) throw new SyncTargetError('wrong_target', { params: { name: found.name } });
      if (marked) throw new SyncTargetError('target_gone', { detail: 'no marker' });
    }
    await session.writeMarker(newMarker(markerId, name), { adopt });
    return { session, wrote: true };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function newMarker(markerId: string, name: string): Marker {
  return { format: 1, target_id: markerId, name, created_at: new Date().toISOString() };
}

/** Null when the text is no marker of ours. */
export function parseMarker(text: string): Marker | null {
  try {
    const { format, target_id, name, created_at } = JSON.parse(text) as Record<string, unknown>;
    if (format !== 1 || typeof target_id !== 'string') return null;
    if (typeof name !== 'string' || typeof created_at !== 'string') return null;
    return { format, target_id, name, created_at };
  } catch {
    return null;
  }
}
