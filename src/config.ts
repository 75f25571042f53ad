import { isIP } from 'node:net';
import path from 'node:path';
import { z } from 'zod';

/** A bad environment variable; the message is the one line that `npm start` ends with (contract §9). */
export class ConfigError extends Error {}

const switchValue = z.enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], {
  error: 'expected true or false',
});
const toBoolean = (value: string) => ['true', '1', 'yes', 'on'].includes(value);

const list = z.string().transform((value) => value.split(',').flatMap((part) => part.trim() || []));

const httpUrl = z.url({ protocol: /^https?$/, error: 'expected an http(s) address' });

/** What Fastify takes as the proxies to trust: addresses, networks, or names of well-known ones, comma-separated. */
const isProxyList = (value: string) =>
  value.split(',').every((part) => {
    const [address = '', bits = '0', ...rest] = part.trim().split('/');
    if (['loopback', 'linklocal', 'uniquelocal'].includes(part.trim())) return true;
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
  });

const port = z.coerce.number({ error: 'expected a number' }).int().min(0).max(65535);

const variables = z.object({
  PORT: port.default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('./data'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected postgresql://user:password@host:port/database' })
    .optional(),
  SESSION_SECRET: z.string().min(32, 'expected at least 32 characters').optional(),
  SECRETS_KEY: z.string().min(32, 'expected at least 32 characters').optional(),
  ADMIN_USERNAME: z.string().min(1).default('admin'),
  ADMIN_PASSWORD: z.string().optional(),
  RATE_LIMIT_MAX: z.coerce.number({ error: 'expected a number' }).int().min(0).default(100),
  TRUST_PROXY: z
    .string()
    .default('false')
    .refine(
      (value) => switchValue.safeParse(value).success || isProxyList(value),
      'expected true, false, or the proxies\u2019 addresses',
    )
    .transform((value) => {
      if (!switchValue.safeParse(value).success) return value;
      // Every hop would let callers write their own address: the proxy is taken to be near.
      return toBoolean(value) ? 'loopback, linklocal, uniquelocal' : false;
    }),
  CORS_ALLOWED_ORIGINS: list.pipe(z.array(httpUrl.transform((value) => new URL(value).origin))).default([]),
  APP_LOCALE: z.enum(['fr', 'en'], { error: 'expected fr or en' }).default('fr'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'expected fatal, error, warn, info, debug, trace or silent',
    })
    .default('info'),
  IMPORT_DIRS: list.pipe(z.array(z.string().refine(path.isAbsolute, 'expected absolute paths'))).default([]),
  APPROVAL_THRESHOLD: z.coerce.number({ error: 'expected an amount' }).min(0).optional(),
  NAS_MOUNT_PATH: z.string().refine(path.isAbsolute, 'expected an absolute path').optional(),
  NAS_HOST: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N}.:_-]*$/u, 'expected a host name or an address')
    .optional(),
  NAS_USER: z
    .string()
    .regex(/^[a-z_][a-z0-9_.-]*$/i, 'expected a user name')
    .optional(),
  NAS_PATH: z.string().min(1).optional(),
  NAS_PORT: port.default(22),
  NAS_SSH_KEY: z.string().optional(),
  NAS_KNOWN_HOSTS: z.string().optional(),
  BACKUP_URL: httpUrl.optional(),
  BACKUP_TOKEN: z.string().min(1).optional(),
});

export type Config = Readonly<ReturnType<typeof loadConfig>>;

/**
 * The environment as one frozen, typed value; relative paths are made absolute against the working folder.
 * Throws ConfigError with one line that names the first bad variable and the rule it broke, never its value.
 */
export function loadConfig(environment: Record<string, string | undefined>) {
  // An empty value in a .env file means "not set", as it does for Docker Compose.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(`${String(issue?.path[0])}: ${issue?.message}`);
  }
  const v = parsed.data;
  return Object.freeze({
    port: v.PORT,
    host: v.HOST,
    dataDir: path.resolve(v.DATA_DIR),
    databaseUrl: v.DATABASE_URL,
    sessionSecret: v.SESSION_SECRET,
    secretsKey: v.SECRETS_KEY,
    admin: Object.freeze({ username: v.ADMIN_USERNAME, password: v.ADMIN_PASSWORD }),
    rateLimitMax: v.RATE_LIMIT_MAX,
    trustProxy: v.TRUST_PROXY,
    corsAllowedOrigins: v.CORS_ALLOWED_ORIGINS,
    locale: v.APP_LOCALE,
    logLevel: v.LOG_LEVEL,
    importDirs: v.IMPORT_DIRS,
    approvalThreshold: v.APPROVAL_THRESHOLD,
    targets: Object.freeze({
      nasMountPath: v.NAS_MOUNT_PATH,
      nas: Object.freeze({
        host: v.NAS_HOST,
        user: v.NAS_USER,
        path: v.NAS_PATH,
        port: v.NAS_PORT,
        sshKey: v.NAS_SSH_KEY,
        knownHosts: v.NAS_KNOWN_HOSTS,
      }),
      backup: Object.freeze({ url: v.BACKUP_URL, token: v.BACKUP_TOKEN }),
    }),
  });
}

/** The names that `.env.example` documents; a test holds the two together. */
export const variableNames = Object.keys(variables.shape);
