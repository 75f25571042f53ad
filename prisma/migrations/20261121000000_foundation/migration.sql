-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "document_types" (
    "id" SERIAL NOT NULL,
    "code" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "folder" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "document_types_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "correspondents" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "correspondents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tags" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "color" TEXT NOT NULL DEFAULT '#808080',
    "parent_id" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tags_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "document_tags" (
    "document_id" INTEGER NOT NULL,
    "tag_id" INTEGER NOT NULL,

    CONSTRAINT "document_tags_pkey" PRIMARY KEY ("document_id","tag_id")
);

-- CreateTable
CREATE TABLE "documents" (
    "id" SERIAL NOT NULL,
    "owner_id" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "document_type_id" INTEGER NOT NULL,
    "correspondent_id" INTEGER,
    "document_date" DATE,
    "amount" DECIMAL(14,2),
    "currency" CHAR(3) NOT NULL DEFAULT 'CHF',
    "asn" INTEGER,
    "version" INTEGER NOT NULL DEFAULT 1,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "sha256" CHAR(64) NOT NULL,
    "filed_month" DATE NOT NULL,
    "filed_name" TEXT NOT NULL,
    "filed_key" TEXT NOT NULL,
    "validation_status" TEXT NOT NULL DEFAULT 'na',
    "text_status" TEXT NOT NULL DEFAULT 'pending',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "trashed_at" TIMESTAMPTZ(3),
    "trashed_by_id" INTEGER,

    CONSTRAINT "documents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "document_versions" (
    "document_id" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "file_size" BIGINT NOT NULL,
    "mime_type" TEXT NOT NULL,
    "original_filename" TEXT NOT NULL,
    "created_by_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "document_versions_pkey" PRIMARY KEY ("document_id","number")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "user_id" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" CHAR(64) NOT NULL,
    "response" JSONB NOT NULL,
    "document_id" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("user_id","key")
);

-- CreateTable
CREATE TABLE "sync_targets" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "origin" TEXT NOT NULL DEFAULT 'api',
    "schedule" TEXT,
    "policy" TEXT NOT NULL DEFAULT 'keep',
    "options" JSONB NOT NULL,
    "marker_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "marked_at" TIMESTAMPTZ(3),
    "last_success_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sync_targets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sync_copies" (
    "target_id" INTEGER NOT NULL,
    "document_id" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "generation" INTEGER NOT NULL DEFAULT 1,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sending_path" TEXT,
    "sending_key" TEXT,
    "held_path" TEXT,
    "held_key" TEXT,
    "held_version" INTEGER,
    "held_sha256" CHAR(64),
    "synced_at" TIMESTAMPTZ(3),
    "verified_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_detail" TEXT,
    "run_id" INTEGER,

    CONSTRAINT "sync_copies_pkey" PRIMARY KEY ("target_id","document_id")
);

-- CreateTable
CREATE TABLE "sync_runs" (
    "id" SERIAL NOT NULL,
    "trigger" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'running',
    "requested_by_id" INTEGER,
    "instance_id" INTEGER NOT NULL,
    "total" INTEGER NOT NULL DEFAULT 0,
    "synced" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "sync_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sync_run_targets" (
    "run_id" INTEGER NOT NULL,
    "target_id" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "total" INTEGER NOT NULL DEFAULT 0,
    "synced" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "error_code" TEXT,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "sync_run_targets_pkey" PRIMARY KEY ("run_id","target_id")
);

-- CreateTable
CREATE TABLE "sync_run_errors" (
    "id" SERIAL NOT NULL,
    "run_id" INTEGER NOT NULL,
    "target_id" INTEGER NOT NULL,
    "document_id" INTEGER,
    "code" TEXT NOT NULL,
    "params" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sync_run_errors_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users" (
    "id" SERIAL NOT NULL,
    "username" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "email" TEXT,
    "password_hash" TEXT NOT NULL,
    "is_admin" BOOLEAN NOT NULL DEFAULT false,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" CHAR(64) NOT NULL,
    "user_id" INTEGER NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "login_attempts" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "last_failed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "locked_until" TIMESTAMPTZ(3),

    CONSTRAINT "login_attempts_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "document_types_code_key" ON "document_types"("code");

-- CreateIndex
CREATE INDEX "tags_parent_id_idx" ON "tags"("parent_id");

-- CreateIndex
CREATE INDEX "document_tags_tag_id_document_id_idx" ON "document_tags"("tag_id", "document_id");

-- CreateIndex
CREATE UNIQUE INDEX "documents_asn_key" ON "documents"("asn");

-- CreateIndex
CREATE INDEX "documents_document_type_id_idx" ON "documents"("document_type_id");

-- CreateIndex
CREATE INDEX "documents_correspondent_id_idx" ON "documents"("correspondent_id");

-- CreateIndex
CREATE UNIQUE INDEX "documents_owner_id_sha256_key" ON "documents"("owner_id", "sha256");

-- CreateIndex
CREATE UNIQUE INDEX "documents_filed_month_filed_key_key" ON "documents"("filed_month", "filed_key");

-- CreateIndex
CREATE INDEX "document_versions_sha256_idx" ON "document_versions"("sha256");

-- CreateIndex
CREATE INDEX "idempotency_keys_document_id_idx" ON "idempotency_keys"("document_id");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "sync_targets_name_key" ON "sync_targets"("name");

-- CreateIndex
CREATE INDEX "sync_copies_document_id_idx" ON "sync_copies"("document_id");

-- CreateIndex
CREATE INDEX "sync_copies_run_id_idx" ON "sync_copies"("run_id");

-- CreateIndex
CREATE INDEX "sync_runs_started_at_idx" ON "sync_runs"("started_at");

-- CreateIndex
CREATE INDEX "sync_run_targets_target_id_idx" ON "sync_run_targets"("target_id");

-- CreateIndex
CREATE INDEX "sync_run_errors_run_id_id_idx" ON "sync_run_errors"("run_id", "id");

-- CreateIndex
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "login_attempts_last_failed_at_idx" ON "login_attempts"("last_failed_at");

-- AddForeignKey
ALTER TABLE "tags" ADD CONSTRAINT "tags_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "tags"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_tags" ADD CONSTRAINT "document_tags_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_tags" ADD CONSTRAINT "document_tags_tag_id_fkey" FOREIGN KEY ("tag_id") REFERENCES "tags"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_trashed_by_id_fkey" FOREIGN KEY ("trashed_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_document_type_id_fkey" FOREIGN KEY ("document_type_id") REFERENCES "document_types"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "documents" ADD CONSTRAINT "documents_correspondent_id_fkey" FOREIGN KEY ("correspondent_id") REFERENCES "correspondents"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sync_copies" ADD CONSTRAINT "sync_copies_target_id_fkey" FOREIGN KEY ("target_id") REFERENCES "sync_targets"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sync_runs" ADD CONSTRAINT "sync_runs_requested_by_id_fkey" FOREIGN KEY ("requested_by_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sync_run_targets" ADD CONSTRAINT "sync_run_targets_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "sync_runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sync_run_targets" ADD CONSTRAINT "sync_run_targets_target_id_fkey" FOREIGN KEY ("target_id") REFERENCES "sync_targets"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sync_run_errors" ADD CONSTRAINT "sync_run_errors_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "sync_runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- From here on: what the Prisma schema cannot say.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Users ---------------------------------------------------------------------------------------

CREATE UNIQUE INDEX users_username_folded_key ON users (lower(username));

ALTER TABLE users
  ADD CONSTRAINT users_username_check CHECK (username <> '' AND length(username) <= 64),
  ADD CONSTRAINT users_password_hash_check CHECK (password_hash LIKE '$argon2id$%');

-- Whatever the code does, an active administrator remains. The lock makes two transactions that each
-- remove one of the last two wait for each other.
CREATE FUNCTION users_keep_an_administrator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.is_admin AND OLD.is_active THEN
    PERFORM pg_advisory_xact_lock(hashtext('classeur.last_administrator'));
    IF NOT EXISTS (SELECT 1 FROM users WHERE is_admin AND is_active) THEN
      RAISE EXCEPTION 'the last active administrator stays' USING ERRCODE = 'CL001';
    END IF;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER users_keep_an_administrator
  AFTER UPDATE OF is_admin, is_active OR DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION users_keep_an_administrator();

-- Document types ------------------------------------------------------------------------------

ALTER TABLE document_types
  ADD CONSTRAINT document_types_code_check CHECK (code ~ '^[a-z][a-z0-9_]{0,49}$'),
  ADD CONSTRAINT document_types_label_check CHECK (label <> '' AND length(label) <= 100),
  ADD CONSTRAINT document_types_folder_check
    CHECK (folder <> '' AND length(folder) <= 100 AND folder !~ '[/\\:*?"<>|[:cntrl:]]' AND folder !~ '(^[ .])|([ .]$)');

INSERT INTO document_types (code, label, folder) VALUES
  ('receipt', 'Ticket', 'tickets'),
  ('invoice', 'Facture', 'factures'),
  ('payslip', 'Fiche de salaire', 'salaires'),
  ('other', 'Autre', 'autres');

-- Documents -----------------------------------------------------------------------------------

CREATE UNIQUE INDEX correspondents_name_folded_key ON correspondents (lower(name));
CREATE UNIQUE INDEX tags_name_folded_key ON tags (coalesce(parent_id, 0), lower(name));

ALTER TABLE documents
  ADD CONSTRAINT documents_title_check CHECK (title <> '' AND length(title) <= 255),
  ADD CONSTRAINT documents_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  ADD CONSTRAINT documents_version_check CHECK (version >= 1 AND revision >= 1),
  ADD CONSTRAINT documents_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  ADD CONSTRAINT documents_filed_month_check CHECK (extract(day FROM filed_month) = 1),
  ADD CONSTRAINT documents_filed_name_check CHECK (filed_name <> '' AND octet_length(filed_name) <= 255 AND filed_name !~ '[/\\]'),
  ADD CONSTRAINT documents_validation_status_check CHECK (validation_status IN ('na', 'pending', 'approved', 'rejected')),
  ADD CONSTRAINT documents_text_status_check CHECK (text_status IN ('pending', 'done', 'none', 'failed')),
  ADD CONSTRAINT documents_trashed_check CHECK ((trashed_at IS NULL) = (trashed_by_id IS NULL));

ALTER TABLE document_versions
  ADD CONSTRAINT document_versions_number_check CHECK (number >= 1),
  ADD CONSTRAINT document_versions_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  ADD CONSTRAINT document_versions_file_size_check CHECK (file_size >= 0);

-- A document's current version exists and has the hash the document says. Deferred: both rows are
-- written in one transaction.
CREATE UNIQUE INDEX document_versions_content_key ON document_versions (document_id, number, sha256);
ALTER TABLE documents
  ADD CONSTRAINT documents_current_version_fkey
  FOREIGN KEY (id, version, sha256) REFERENCES document_versions (document_id, number, sha256)
  DEFERRABLE INITIALLY DEFERRED;

-- The list: newest first is the default order, for everybody and for one owner; the trash is apart.
CREATE INDEX documents_created_idx ON documents (created_at DESC, id DESC) WHERE trashed_at IS NULL;
CREATE INDEX documents_owner_created_idx ON documents (owner_id, created_at DESC, id DESC) WHERE trashed_at IS NULL;
CREATE INDEX documents_trashed_idx ON documents (trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX documents_title_trgm_idx ON documents USING gin (title gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX document_versions_original_filename_trgm_idx ON document_versions USING gin (original_filename gin_trgm_ops) WITH (fastupdate = off);

-- Sync ----------------------------------------------------------------------------------------

ALTER TABLE sync_targets
  ADD CONSTRAINT sync_targets_name_check CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,49}$'),
  ADD CONSTRAINT sync_targets_type_check CHECK (type IN ('smb', 'rsync', 'ftp', 'http')),
  ADD CONSTRAINT sync_targets_origin_check CHECK (origin IN ('environment', 'api')),
  ADD CONSTRAINT sync_targets_policy_check CHECK (policy IN ('keep', 'mirror'));

ALTER TABLE sync_copies
  ADD CONSTRAINT sync_copies_state_check CHECK (state IN ('pending', 'sending', 'synced', 'failed', 'kept')),
  ADD CONSTRAINT sync_copies_sending_check CHECK ((sending_path IS NULL) = (sending_key IS NULL)),
  ADD CONSTRAINT sync_copies_held_check CHECK (
    num_nonnulls(held_path, held_key, held_version, held_sha256) IN (0, 4)
    AND (state NOT IN ('synced', 'kept') OR held_path IS NOT NULL)),
  ADD CONSTRAINT sync_copies_error_check CHECK (state <> 'failed' OR error_code IS NOT NULL);

-- The work of a run, whatever the number of copies already there.
CREATE INDEX sync_copies_work_idx ON sync_copies (target_id, next_attempt_at, document_id) WHERE state = 'pending';
CREATE INDEX sync_copies_sending_idx ON sync_copies (target_id, run_id) WHERE state = 'sending';
CREATE INDEX sync_copies_failed_idx ON sync_copies (target_id, document_id) WHERE state = 'failed';
-- Two documents never share a path on one target, not even the path one of them has just left.
CREATE UNIQUE INDEX sync_copies_held_key ON sync_copies (target_id, held_key) WHERE held_key IS NOT NULL;
CREATE INDEX sync_copies_held_path_idx ON sync_copies (held_key) WHERE held_key IS NOT NULL;
CREATE INDEX sync_copies_sending_path_idx ON sync_copies (sending_key) WHERE sending_key IS NOT NULL;

ALTER TABLE sync_runs
  ADD CONSTRAINT sync_runs_state_check
    CHECK (state IN ('running', 'success', 'partial', 'failed', 'cancelled', 'interrupted')),
  ADD CONSTRAINT sync_runs_finished_check CHECK ((state = 'running') = (finished_at IS NULL));
ALTER TABLE sync_run_targets
  ADD CONSTRAINT sync_run_targets_state_check
    CHECK (state IN ('waiting', 'running', 'success', 'partial', 'failed', 'cancelled', 'interrupted'));

-- At most one run works on a target at a time, on however many servers.
CREATE UNIQUE INDEX sync_run_targets_one_running_key ON sync_run_targets (target_id) WHERE state = 'running';
