import { spawnSync } from 'node:child_process';

/**
 * Installs those of the Debian packages that are missing, where that is possible: as root, with apt-get.
 * Elsewhere it says which are missing; what needs them then says itself that it cannot be done.
 */
export async function installSystemPackages(names: string[]): Promise<void> {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !hasAptGet()) {
    console.error(`Missing system packages: ${missing.join(' ')}. Install them for all tests to run.`);
    return;
  }
  console.error(`Setting up: installing ${missing.join(' ')} (apt-get) …`);
  if (aptGet(['update']) && aptGet(['install', '--yes', '--no-install-recommends', ...missing])) return;
  console.error(
    `These packages could not be installed: ${missing.join(' ')}. Tests that need them will be skipped.`,
  );
}

function isInstalled(name: string): boolean {
  const { stdout } = spawnSync('dpkg', ['--status', name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return /^Status: .* installed$/m.test(stdout ?? '');
}

const hasAptGet = () => spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;

function aptGet(args: string[]): boolean {
  const { status, stderr } = spawnSync('apt-get', ['--quiet', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) process.stderr.write(stderr ?? '');
  return status === 0;
}
