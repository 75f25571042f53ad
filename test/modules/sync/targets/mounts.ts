import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether this machine lets us mount: an administrator on Linux, not in a container without the right to. */
export const canMount = tries('unshare', ['--mount', 'true']);
/** Whether it also has loop devices, for a file system that can be frozen. */
export const canFreeze = canMount && tries('losetup', ['--find']) && tries('fsfreeze', ['--version']);

/** A folder on the local disk that file systems are mounted over, like the one a share is mounted on. */
export async function createMountPoint() {
  const outer = await mkdtemp(path.join(tmpdir(), 'classeur-mounts-'));
  const folder = path.join(outer, 'nas');
  let depth = 0;
  let frozen = false;
  await run('mkdir', [folder]);

  const mount = async (args: string[]) => {
    await run('mount', [...args, folder]);
    depth++;
  };
  /** As when a share goes away under whoever uses it. */
  const vanish = async () => {
    await run('umount', ['--lazy', folder]);
    depth--;
  };
  const thaw = async () => {
    if (frozen) await run('fsfreeze', ['--unfreeze', folder]);
    frozen = false;
  };

  return {
    folder,
    mountDisk: (size = '64m') => mount(['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs']),
    async mountFreezable() {
      const image = path.join(outer, 'image');
      await run('truncate', ['--size', '64M', image]);
      await run('mkfs.ext4', ['-q', image]);
      await mount(['-o', 'loop', image]);
      await run('rm', ['-rf', path.join(folder, 'lost+found')]);
    },
    readOnly: () => run('mount', ['-o', 'remount,ro', folder]),
    vanish,
    /** Every write hangs in the kernel, as on a share whose server does not answer. */
    async freeze() {
      await run('fsfreeze', ['--freeze', folder]);
      frozen = true;
    },
    thaw,
    async dispose() {
      await thaw();
      while (depth > 0) await vanish();
      await rm(outer, { recursive: true, force: true });
    },
  };
}

/** The processes that this one has started for a mount and that still run. */
export async function workers(): Promise<number[]> {
  const { stdout } = await run('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(process.pid)]);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, state, ...args]) => !state?.startsWith('Z') && args.join(' ').includes('smb/worker.ts'))
    .map(([pid]) => Number(pid));
}

export async function stateOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return text?.slice(text.lastIndexOf(')') + 2).charAt(0) ?? null;
}

function tries(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
