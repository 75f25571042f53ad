import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from './config.ts';
import type { Database, Transaction } from './database/client.ts';
import type { Listener } from './database/listener.ts';
import { pendingMigrations } from './database/migrations.ts';
import type { Presence } from './database/presence.ts';
import type { Jobs } from './jobs/jobs.ts';
import { createAuditService } from './modules/audit/audit.service.ts';
import { createAuthService } from './modules/auth/auth.service.ts';
import { createLoginGuard } from './modules/auth/login-guard.ts';
import { createSessionStore } from './modules/auth/session-store.ts';
import { createCorrespondentsService } from './modules/correspondents/correspondents.service.ts';
import { createDocumentTypesService } from './modules/document-types/document-types.service.ts';
import { createCountsService } from './modules/documents/counts.service.ts';
import { createDocumentsService } from './modules/documents/documents.service.ts';
import { foldKey } from './modules/documents/filing.ts';
import { createSharesService } from './modules/documents/shares.service.ts';
import { createHealthService } from './modules/health/health.service.ts';
import { createMetrics } from './modules/health/metrics.ts';
import { createNotificationStreams } from './modules/notifications/notification-streams.ts';
import { createNotificationsService } from './modules/notifications/notifications.service.ts';
import { createRolesService } from './modules/roles/roles.service.ts';
import { createSearchService } from './modules/search/search.service.ts';
import { createConnectionsService } from './modules/sync/connections.service.ts';
import { enqueue, enqueueType, letGo } from './modules/sync/journal.queries.ts';
import { createTargetRunner } from './modules/sync/run-target.ts';
import { createRunsService } from './modules/sync/runs.service.ts';
import { readTargetHealth } from './modules/sync/status.queries.ts';
import { createSyncService } from './modules/sync/sync.service.ts';
import { createTargetsService } from './modules/sync/targets.service.ts';
import { createRulebook } from './modules/tags/rules/rulebook.ts';
import { runRules } from './modules/tags/rules/run-rules.ts';
import { trainLabels } from './modules/tags/rules/train-labels.ts';
import { createTagsService } from './modules/tags/tags.service.ts';
import { createTextService } from './modules/text/text.service.ts';
import { createCredentials } from './modules/users/credentials.ts';
import { createUsersService } from './modules/users/users.service.ts';
import { createDelegationsService } from './modules/validation/delegations.service.ts';
import { createValidationService } from './modules/validation/validation.service.ts';
import { createContentStore } from './storage/content-store.ts';

export type Services = Awaited<ReturnType<typeof createServices>>;

/** Every service of the server, each given what it needs. Nothing here listens, ticks or reads the environment. */
export async function createServices({
  config,
  version,
  db,
  presence,
  listener,
  jobs,
  log,
}: {
  config: Config;
  version: string;
  db: Database;
  presence: Presence;
  listener: Listener;
  jobs: Jobs;
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
  const auth = createAuthService({ db, credentials, guard: createLoginGuard({ db }) });
  const audit = createAuditService({ db });
  const roles = createRolesService({ db });
  const shares = createSharesService({ db });

  const rulebook = createRulebook();
  const onAuto = (tx: Transaction) => jobs.send('train-labels', {}, { tx });
  const tags = createTagsService({ db, rulebook, onAuto, signal });
  const correspondents = createCorrespondentsService({ db, rulebook, onAuto, signal });
  jobs.work('train-labels', (_, until) => trainLabels({ db, signal: until }));
  jobs.schedule('train-labels', '23 3 * * *');

  const texts = createTextService({ db, store, rulebook, jobs, log });
  jobs.work('extract-text', texts.extract, { concurrency: 2 });

  const { approvalThreshold } = config;
  const validation = createValidationService({ db, approvalThreshold, signal });
  jobs.work('validation-reminders', async (_, until) => {
    await validation.remind(until);
  });
  jobs.schedule('validation-reminders', '*/5 * * * *');
  const delegations = createDelegationsService({ db });

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
    onBytes: texts.queue,
    onSubject: validation.noteSubject,
  });
  const counts = createCountsService({ db, log });
  const search = createSearchService({ db });
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

  const notifications = createNotificationsService({ db });
  const notificationStreams = await createNotificationStreams({ db, listener, log });

  const health = createHealthService({
    db,
    dataDir: config.dataDir,
    version,
    pendingMigrations: () => pendingMigrations({ query: (sql) => db.$queryRawUnsafe(sql) }),
    checkStore: () => access(root, constants.R_OK | constants.W_OK),
    targetHealth: () => readTargetHealth(db),
    jobCounts: jobs.counts,
  });

  return {
    audit,
    auth,
    db,
    connections,
    correspondents,
    counts,
    delegations,
    documents,
    documentTypes,
    health,
    jobs,
    metrics: createMetrics({ health }),
    notifications,
    notificationStreams,
    presence,
    roles,
    runs,
    search,
    sessions,
    shares,
    store,
    sync,
    tags,
    targets,
    texts,
    users,
    validation,
    signal,
    /** Ends long work and waits until it has cleaned up behind itself. */
    async close(): Promise<void> {
      stop.abort();
      await Promise.all([runs.close(), jobs.stop()]);
    },
  };
}
