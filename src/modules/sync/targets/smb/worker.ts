import { SyncTargetError } from '../../sync.errors.ts';
import { createChanges } from './change.ts';
import { faultOf } from './faults.ts';
import { createFolders } from './folders.ts';
import { createMarkerFile } from './marker.ts';
import type { FromWorker, OperationName, Operations, ToWorker } from './protocol.ts';
import { createWriter } from './put.ts';
import { createReader } from './read.ts';
import { openRoot } from './root.ts';
import { createSlots } from './slots.ts';
import { createTaskList, type Task } from './task.ts';

/*
 * The process that touches the mount, so that the server never does: a mount that hangs blocks the threads
 * of whoever asked it, for good, and this process can be killed. Started by smb/client.ts with an IPC
 * channel and the ms between two signs of life. When the channel closes, its server is gone or done, and it
 * ends at once.
 */

type Input<N extends OperationName> = Operations[N]['input'];
type Handlers = { [N in OperationName]: (input: Input<N>, task: Task) => Promise<Operations[N]['output']> };

const tasks = createTaskList();
let handlers: Omit<Handlers, 'begin'> | null = null;

// Not process.exit(): it waits for the file threads, which may hang.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C and service managers signal the whole group; when to end is the server's decision.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

setInterval(beat, Number(process.argv[2]));

process.on('message', (message: ToWorker) => {
  if (message.kind === 'cancel') tasks.cancelAll();
  else void answer(message);
});

async function answer({ id, name, input }: Extract<ToWorker, { kind: 'call' }>): Promise<void> {
  const task = tasks.add(id);
  try {
    const output = await run(name, input, task);
    say({ kind: 'done', id, output });
  } catch (error) {
    const { code, params, detail } = faultOf(error, 'document', name);
    say({ kind: 'fault', id, code, params, detail });
  } finally {
    tasks.delete(id);
  }
}

async function run(
  name: OperationName,
  input: unknown,
  task: Task,
): Promise<Operations[OperationName]['output']> {
  task.step();
  if (name === 'begin') return begin(input as Input<'begin'>);
  if (!handlers) throw new SyncTargetError('closed');
  const handler = handlers[name] as (
    given: unknown,
    task: Task,
  ) => Promise<Operations[OperationName]['output']>;
  return handler(input, task);
}

async function begin({ root: path }: Input<'begin'>): Promise<null> {
  const root = await openRoot(path);
  const folders = createFolders(root);
  const slots = createSlots();
  const marker = createMarkerFile({ root, folders });
  const reader = createReader({ folders, slots });
  const writer = createWriter({ root, folders, reader, slots });
  const changes = createChanges({ root, folders, isOwnTemp: writer.isOwn });
  handlers = {
    readMarker: () => marker.read(),
    writeMarker: async (input) => {
      await marker.write(input.marker, input.adopt);
      return null;
    },
    access: () => root.access(),
    probe: (_, task) => changes.probe(task),
    put: (file, task) => writer.put(file, task),
    verify: async (file, task) => {
      const state = await reader.verify(file, task);
      // an empty folder where the mount was would make every document missing
      if (state !== 'ok') await root.check();
      return state;
    },
    stat: ({ path: at, hash }, task) => reader.stat(at, { hash }, task),
    listFolder: ({ path: at }, task) => reader.listFolder(at, task),
    get: (input, task) => reader.get(input, task),
    move: ({ from, to }) => changes.move(from, to),
    remove: ({ path: at }) => changes.remove(at),
    sweep: (_, task) => changes.sweep(task),
  };
  return null;
}

function beat(): void {
  const ids = tasks.takeMoved();
  if (ids.length > 0) say({ kind: 'beat', ids });
}

function say(message: FromWorker): void {
  // what cannot be said any more is told by the channel's end
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
