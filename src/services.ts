import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from './config.ts';
import type { Database } from './database/client.ts';
import { pendingMigrations } from './database/migrations.ts';
import type { Presence } from './database/presence.ts';
import { createAuthService } from './modules/auth/auth.service.ts';
import { createLoginGuard } from './modules/auth/login-guard.ts';
import { createSessionStore } from './modules/auth/session-store.ts';
import { createCorrespondentsService } from './modules/correspondents/correspondents.service.ts';
import { createDocumentTypesService } from './modules/document-types/document-types.service.ts';
import { createDocumentsService } from './modules/documents/documents.service.ts';
import { foldKey } from './modules/documents/filing.ts';
import { createHealthService } from './modules/health/health.service.ts';
import { createMetrics } from './modules/health/metrics.ts';
import { createConnectionsService } from './modules/sync/connections.service.ts';
import { enqueue, enqueueType, letGo } from './modules/sync/journal.queries.ts';
import { createTargetRunner } from './modules/sync/run-target.ts';
import { createRunsService } from './modules/sync/runs.service.ts';
import { readTargetHealth } from './modules/sync/status.queries.ts';
import { createSyncService } from './modules/sync/sync.service.ts';
import { createTargetsService } from './modules/sync/targets.service.ts';
import { createRulebook } from './modules/tags/rules/rulebook.ts';
import { runRules } from './modules/tags/rules/run-rules.ts';
import { createTagsService } from './modules/tags/tags.service.ts';
import { createCredentials } from './modules/users/credentials.ts';
import { createUsersService } from './modules/users/users.service.ts';
import { createContentStore } from './storage/content-store.ts';

export type Services = Awaited<ReturnType<typeof createServices>>;

/** Every service of the server, each given what it needs. Nothing here listens, ticks or reads the environment. */
export async function createServices({
  config,
  version,
  db,
  presence,
  log,
}: {
  config: Config;
  version: string;
  db: Database;
  presence: Presence;
  log: FastifyBaseLogger;
}) {
  /** fires when the server stops: long work ends itself, resumably */
  const stop = new AbortController();
  const { signal } = stop;

  const root = path.join(config.dataDir, 'documents');
  await mkdir(root, { recursive: true, mode: 0o700 });
  const store = createContentStore({ db, root, instanceId: presence.instanceId });

  const credentials = createCredentials({ db });
  const users = createUsersService({ db });
  const sessions = createSessionStore({ db });
  const auth = createAuthService({ credentials, guard: createLoginGuard({ db }) });

  const rulebook = createRulebook();
  const tags = createTagsService({ db, signal });
  const correspondents = createCorrespondentsService({ db, signal });

  const documents = createDocumentsService({
    db,
    store,
    log,
    importDirs: config.importDirs,
    onFiled: enqueue,
    onPurged: letGo,
    onText: async (tx, { documentId }) => {
      await runRules(tx, { rulebook, documentId });
    },
    onBytes: async () => undefined,
    onSubject: async () => undefined,
  });
  const documentTypes = createDocumentTypesService({ db, onTypeMoved: enqueueType });

  const targets = createTargetsService({ db });
  const connections = createConnectionsService({ targets, signal });
  const runTarget = createTargetRunner({
    db,
    log,
    sourcePath: store.path,
    foldPath: foldKey,
    onMarked: targets.noteMarked,
  });
  const runs = createRunsService({ db, log, presence, runTarget });
  const sync = createSyncService({ db, targets, runs, connections, signal });

  const health = createHealthService({
    db,
    dataDir: config.dataDir,
    version,
    pendingMigrations: () => pendingMigrations({ query: (sql) => db.$queryRawUnsafe(sql) }),
    checkStore: () => access(root, constants.R_OK | constants.W_OK),
    targetHealth: () => readTargetHealth(db),
  });

  return {
    auth,
    connections,
    correspondents,
    documents,
    documentTypes,
    health,
    metrics: createMetrics({ health }),
    presence,
    runs,
    sessions,
    store,
    sync,
    tags,
    targets,
    users,
    signal,
    /** Ends long work and waits until it has cleaned up behind itself. */
    async close(): Promise<void> {
      stop.abort();
      await runs.close();
    },
  };
}
