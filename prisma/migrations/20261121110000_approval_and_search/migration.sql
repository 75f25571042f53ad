-- AlterTable
ALTER TABLE "document_tags" ADD COLUMN     "named" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "origin" TEXT NOT NULL DEFAULT 'hand';

-- AlterTable
ALTER TABLE "document_types" ADD COLUMN     "approval_days" INTEGER,
ADD COLUMN     "approval_threshold" DECIMAL(14,2),
ADD COLUMN     "requires_approval" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "documents" ADD COLUMN     "correspondent_origin" TEXT NOT NULL DEFAULT 'hand';

-- CreateTable
CREATE TABLE "document_texts" (
    "document_id" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "document_texts_pkey" PRIMARY KEY ("document_id")
);

-- CreateTable
CREATE TABLE "document_shares" (
    "document_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "access" TEXT NOT NULL DEFAULT 'read',
    "created_by_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "document_shares_pkey" PRIMARY KEY ("document_id","user_id")
);

-- CreateTable
CREATE TABLE "notifications" (
    "id" SERIAL NOT NULL,
    "user_id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "priority" TEXT NOT NULL DEFAULT 'normal',
    "document_id" INTEGER,
    "params" JSONB NOT NULL DEFAULT '{}',
    "read_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "notifications_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "role_assignments" (
    "id" SERIAL NOT NULL,
    "user_id" INTEGER NOT NULL,
    "role_code" TEXT NOT NULL,
    "document_type_id" INTEGER,
    "max_amount" DECIMAL(14,2),
    "valid_from" DATE,
    "valid_to" DATE,
    "assigned_by_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "role_assignments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "id" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "actor_id" INTEGER,
    "actor_name" TEXT,
    "address" TEXT,
    "action" TEXT COLLATE "C" NOT NULL,
    "object_type" TEXT,
    "object_id" TEXT,
    "outcome" TEXT NOT NULL,
    "details" JSONB NOT NULL DEFAULT '{}',
    "hash" CHAR(64) NOT NULL,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_head" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "entry_id" BIGINT NOT NULL DEFAULT 0,
    "hash" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "document_search" (
    "document_id" INTEGER NOT NULL,
    "owner_id" INTEGER NOT NULL,
    "document_type_id" INTEGER NOT NULL,
    "correspondent_id" INTEGER,
    "tag_ids" INTEGER[],
    "amount" DECIMAL(14,2),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "trashed" BOOLEAN NOT NULL,
    "heads" tsvector NOT NULL,
    "refs" TEXT NOT NULL,
    "words" tsvector NOT NULL,
    "ballast" TEXT NOT NULL DEFAULT repeat(' '::text, 2000),

    CONSTRAINT "document_search_pkey" PRIMARY KEY ("document_id")
);

-- CreateTable
CREATE TABLE "search_vocabulary" (
    "word" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "search_vocabulary_pkey" PRIMARY KEY ("word")
);

-- CreateTable
CREATE TABLE "document_counts" (
    "dimension" TEXT NOT NULL,
    "key" INTEGER NOT NULL,
    "owner_id" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "document_counts_pkey" PRIMARY KEY ("dimension","key","owner_id")
);

-- CreateTable
CREATE TABLE "document_count_changes" (
    "id" BIGSERIAL NOT NULL,
    "dimension" TEXT NOT NULL,
    "key" INTEGER NOT NULL,
    "owner_id" INTEGER NOT NULL,
    "change" INTEGER NOT NULL,

    CONSTRAINT "document_count_changes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "learned_models" (
    "kind" TEXT NOT NULL,
    "model" BYTEA NOT NULL,
    "labels" INTEGER[],
    "documents" INTEGER NOT NULL,
    "accuracy" DOUBLE PRECISION NOT NULL,
    "baseline" DOUBLE PRECISION NOT NULL,
    "trained_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "learned_models_pkey" PRIMARY KEY ("kind")
);

-- CreateTable
CREATE TABLE "validation_requests" (
    "document_id" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "amount" DECIMAL(14,2),
    "currency" CHAR(3) NOT NULL,
    "by_hand" BOOLEAN NOT NULL DEFAULT false,
    "submitted_by_id" INTEGER NOT NULL,
    "submitted_at" TIMESTAMPTZ(3) NOT NULL,
    "deadline_at" TIMESTAMPTZ(3) NOT NULL,
    "escalated_at" TIMESTAMPTZ(3),
    "reminded_at" TIMESTAMPTZ(3),
    "overdue_notice_at" TIMESTAMPTZ(3),
    "decided_by_id" INTEGER,
    "decided_at" TIMESTAMPTZ(3),
    "role_code" TEXT,
    "delegator_id" INTEGER,
    "comment" TEXT,

    CONSTRAINT "validation_requests_pkey" PRIMARY KEY ("document_id")
);

-- CreateTable
CREATE TABLE "validation_history" (
    "id" BIGSERIAL NOT NULL,
    "document_id" INTEGER NOT NULL,
    "action" TEXT NOT NULL,
    "from_status" TEXT,
    "to_status" TEXT NOT NULL,
    "performed_by_id" INTEGER,
    "delegator_id" INTEGER,
    "role_code" TEXT,
    "comment" TEXT,
    "version" INTEGER NOT NULL,
    "amount" DECIMAL(14,2),
    "currency" CHAR(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "validation_history_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "delegations" (
    "id" SERIAL NOT NULL,
    "delegator_id" INTEGER NOT NULL,
    "delegate_id" INTEGER NOT NULL,
    "document_type_id" INTEGER,
    "max_amount" DECIMAL(14,2),
    "valid_from" DATE NOT NULL,
    "valid_to" DATE NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "delegations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "document_shares_user_id_idx" ON "document_shares"("user_id");

-- CreateIndex
CREATE INDEX "notifications_user_id_id_idx" ON "notifications"("user_id", "id" DESC);

-- CreateIndex
CREATE INDEX "notifications_document_id_idx" ON "notifications"("document_id");

-- CreateIndex
CREATE INDEX "role_assignments_user_id_idx" ON "role_assignments"("user_id");

-- CreateIndex
CREATE INDEX "role_assignments_document_type_id_idx" ON "role_assignments"("document_type_id");

-- CreateIndex
CREATE INDEX "audit_log_actor_id_id_idx" ON "audit_log"("actor_id", "id");

-- CreateIndex
CREATE INDEX "audit_log_object_type_object_id_id_idx" ON "audit_log"("object_type", "object_id", "id");

-- CreateIndex
CREATE INDEX "audit_log_action_id_idx" ON "audit_log"("action", "id");

-- CreateIndex
CREATE INDEX "audit_log_created_at_idx" ON "audit_log"("created_at");

-- CreateIndex
CREATE INDEX "document_count_changes_dimension_key_idx" ON "document_count_changes"("dimension", "key");

-- CreateIndex
CREATE INDEX "validation_history_document_id_id_idx" ON "validation_history"("document_id", "id");

-- CreateIndex
CREATE INDEX "delegations_delegate_id_idx" ON "delegations"("delegate_id");

-- CreateIndex
CREATE INDEX "delegations_delegator_id_idx" ON "delegations"("delegator_id");

-- CreateIndex
CREATE INDEX "delegations_document_type_id_idx" ON "delegations"("document_type_id");

-- AddForeignKey
ALTER TABLE "document_texts" ADD CONSTRAINT "document_texts_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_shares" ADD CONSTRAINT "document_shares_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_shares" ADD CONSTRAINT "document_shares_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_shares" ADD CONSTRAINT "document_shares_created_by_id_fkey" FOREIGN KEY ("created_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "role_assignments" ADD CONSTRAINT "role_assignments_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "role_assignments" ADD CONSTRAINT "role_assignments_assigned_by_id_fkey" FOREIGN KEY ("assigned_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "role_assignments" ADD CONSTRAINT "role_assignments_document_type_id_fkey" FOREIGN KEY ("document_type_id") REFERENCES "document_types"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_search" ADD CONSTRAINT "document_search_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "validation_requests" ADD CONSTRAINT "validation_requests_document_id_fkey" FOREIGN KEY ("document_id") REFERENCES "documents"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "validation_requests" ADD CONSTRAINT "validation_requests_submitted_by_id_fkey" FOREIGN KEY ("submitted_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "validation_requests" ADD CONSTRAINT "validation_requests_decided_by_id_fkey" FOREIGN KEY ("decided_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "validation_history" ADD CONSTRAINT "validation_history_performed_by_id_fkey" FOREIGN KEY ("performed_by_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delegations" ADD CONSTRAINT "delegations_delegator_id_fkey" FOREIGN KEY ("delegator_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delegations" ADD CONSTRAINT "delegations_delegate_id_fkey" FOREIGN KEY ("delegate_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delegations" ADD CONSTRAINT "delegations_document_type_id_fkey" FOREIGN KEY ("document_type_id") REFERENCES "document_types"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- From here on: what the Prisma schema cannot say.

ALTER TABLE document_types
  ADD CONSTRAINT document_types_approval_check
    CHECK ((approval_threshold IS NULL OR approval_threshold >= 0) AND (approval_days IS NULL OR approval_days BETWEEN 1 AND 365));
ALTER TABLE document_tags
  ADD CONSTRAINT document_tags_origin_check CHECK (origin IN ('hand', 'rule', 'auto'));
ALTER TABLE documents
  ADD CONSTRAINT documents_correspondent_origin_check CHECK (correspondent_origin IN ('hand', 'rule', 'auto'));
ALTER TABLE document_texts
  ADD CONSTRAINT document_texts_version_check CHECK (version >= 1);
ALTER TABLE document_shares
  ADD CONSTRAINT document_shares_access_check CHECK (access IN ('read', 'write'));
ALTER TABLE document_counts
  ADD CONSTRAINT document_counts_dimension_check
    CHECK (dimension IN ('all', 'trash', 'type', 'correspondent', 'tag', 'status'));

-- What is done cannot be edited or removed, whoever asks: validation and audit show it as it was.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  empty boolean;
BEGIN
  EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM %I)', TG_TABLE_NAME) INTO empty;
  IF empty THEN RETURN NULL; END IF;
  RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'CL003';
END $$;

-- Roles ---------------------------------------------------------------------------------------

ALTER TABLE role_assignments
  ADD CONSTRAINT role_assignments_role_code_check CHECK (role_code IN ('VALIDATOR_L1', 'VALIDATOR_L2', 'APPROVER')),
  ADD CONSTRAINT role_assignments_max_amount_check CHECK (max_amount >= 0),
  ADD CONSTRAINT role_assignments_valid_check CHECK (valid_from <= valid_to);
CREATE UNIQUE INDEX role_assignments_scope_key
  ON role_assignments (user_id, role_code, coalesce(document_type_id, 0));

ALTER TABLE delegations
  ADD CONSTRAINT delegations_others_check CHECK (delegator_id <> delegate_id),
  ADD CONSTRAINT delegations_max_amount_check CHECK (max_amount >= 0),
  ADD CONSTRAINT delegations_valid_check CHECK (valid_from <= valid_to);

-- Validation ----------------------------------------------------------------------------------

ALTER TABLE validation_requests
  ADD CONSTRAINT validation_requests_decided_check
    CHECK (num_nonnulls(decided_by_id, decided_at, role_code) IN (0, 3)),
  ADD CONSTRAINT validation_requests_others_check CHECK (decided_by_id <> submitted_by_id);
ALTER TABLE validation_history
  ADD CONSTRAINT validation_history_action_check CHECK (action IN
    ('submitted', 'resubmitted', 'approved', 'rejected', 'dismissed', 'withdrawn', 'escalated')),
  ADD CONSTRAINT validation_history_status_check CHECK (
    from_status IN ('na', 'pending', 'approved', 'rejected') AND to_status IN ('na', 'pending', 'approved', 'rejected'));
CREATE TRIGGER validation_history_stays
  BEFORE UPDATE OR DELETE OR TRUNCATE ON validation_history
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A decision holds for the very version and amount it was made on, whatever the code does.
CREATE FUNCTION documents_keep_to_their_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject integer;
BEGIN
  IF TG_TABLE_NAME = 'documents' THEN subject := NEW.id; ELSE subject := OLD.document_id; END IF;
  IF EXISTS (
    SELECT 1 FROM documents d LEFT JOIN validation_requests r ON r.document_id = d.id
    WHERE d.id = subject AND d.validation_status <> 'na' AND NOT coalesce(
      r.version = d.version AND r.amount IS NOT DISTINCT FROM d.amount AND r.currency = d.currency
      AND (d.validation_status = 'pending') = (r.decided_at IS NULL), FALSE))
  THEN
    RAISE EXCEPTION 'document % is not what its validation is about', subject USING ERRCODE = 'CL004';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER documents_keep_to_their_decision
  AFTER INSERT OR UPDATE OF validation_status, version, amount, currency ON documents
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.validation_status <> 'na')
  EXECUTE FUNCTION documents_keep_to_their_decision();
CREATE CONSTRAINT TRIGGER documents_keep_to_their_decision
  AFTER UPDATE OF document_id, version, amount, currency, decided_at OR DELETE ON validation_requests
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION documents_keep_to_their_decision();

-- What waits is a small part of all documents, however many have been decided. These two hold all that says who
-- may decide on it: a validator's lists ask for that each time.
CREATE INDEX documents_awaiting_idx ON documents (id) INCLUDE (owner_id, document_type_id, amount)
  WHERE validation_status = 'pending' AND trashed_at IS NULL;
CREATE INDEX validation_requests_open_idx ON validation_requests (document_id) INCLUDE (submitted_by_id, deadline_at)
  WHERE decided_at IS NULL;
-- Looked at by the reminders.
CREATE INDEX validation_requests_due_idx ON validation_requests (deadline_at)
  WHERE decided_at IS NULL AND overdue_notice_at IS NULL;
-- Who has decided on a document still sees it.
CREATE INDEX validation_history_decided_idx ON validation_history (performed_by_id, document_id)
  WHERE action IN ('approved', 'rejected', 'dismissed');
-- Counted by period: the statistics.
CREATE INDEX validation_history_decisions_idx ON validation_history (created_at)
  INCLUDE (action, performed_by_id, document_id, amount) WHERE action IN ('approved', 'rejected');

-- Who may decide: by a role, as an administrator, or for somebody who lent it. What is lent never exceeds what
-- its owner has, neither in scope nor in amount nor in time, and is not lent on.
CREATE VIEW validation_powers AS
  WITH own AS NOT MATERIALIZED (
    SELECT a.user_id, a.role_code, a.document_type_id, a.max_amount, a.valid_from, a.valid_to
    FROM role_assignments a JOIN users u ON u.id = a.user_id AND u.is_active
    UNION ALL
    SELECT u.id, 'ADMIN', NULL, NULL, NULL, NULL FROM users u WHERE u.is_admin AND u.is_active)
  SELECT user_id, role_code, document_type_id, max_amount, valid_from, valid_to, NULL::integer AS delegator_id FROM own
  UNION ALL
  SELECT g.delegate_id, own.role_code, coalesce(own.document_type_id, g.document_type_id),
    least(own.max_amount, g.max_amount), greatest(own.valid_from, g.valid_from), least(own.valid_to, g.valid_to),
    g.delegator_id
  FROM delegations g
  JOIN own ON own.user_id = g.delegator_id
    AND (own.document_type_id IS NULL OR g.document_type_id IS NULL OR own.document_type_id = g.document_type_id)
  JOIN users u ON u.id = g.delegate_id AND u.is_active
  WHERE g.revoked_at IS NULL;

-- Whose power reaches which document that approval was asked for: who may decide on it, or could if it still waited.
CREATE VIEW validation_reach AS
  SELECT d.id AS document_id, d.validation_status, r.decided_at, p.user_id, p.role_code, p.delegator_id
  FROM documents d
  JOIN validation_requests r ON r.document_id = d.id
  JOIN validation_powers p ON p.user_id <> d.owner_id AND p.user_id <> r.submitted_by_id
    AND (p.delegator_id IS NULL OR (p.delegator_id <> d.owner_id AND p.delegator_id <> r.submitted_by_id))
    AND (p.document_type_id IS NULL OR p.document_type_id = d.document_type_id)
    AND (p.max_amount IS NULL OR abs(coalesce(d.amount, 0)) <= p.max_amount)
    AND (p.valid_from IS NULL OR p.valid_from <= CURRENT_DATE)
    AND (p.valid_to IS NULL OR p.valid_to >= CURRENT_DATE)
  WHERE d.trashed_at IS NULL;

-- Who may decide now on which document that waits. `decide.ts` says the same of one document and user, with the
-- reason; a test holds the two together.
CREATE VIEW validation_deciders AS
  SELECT document_id, user_id, role_code, delegator_id FROM validation_reach
  WHERE validation_status = 'pending' AND decided_at IS NULL;

-- The documents that a user may decide now.
CREATE FUNCTION awaiting_decision_of(member integer) RETURNS TABLE (document_id integer) LANGUAGE sql STABLE AS $$
  SELECT DISTINCT v.document_id FROM validation_deciders v WHERE v.user_id = member
$$;

-- Notifications -------------------------------------------------------------------------------

ALTER TABLE notifications
  ADD CONSTRAINT notifications_priority_check CHECK (priority IN ('urgent', 'high', 'normal', 'low'));
CREATE INDEX notifications_unread_idx ON notifications (user_id, priority, id DESC) INCLUDE (document_id) WHERE read_at IS NULL;

-- Audit ---------------------------------------------------------------------------------------

ALTER TABLE audit_log
  ADD CONSTRAINT audit_log_outcome_check CHECK (outcome IN ('success', 'refused', 'failed'));
CREATE TRIGGER audit_log_stays
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_head ADD CONSTRAINT audit_head_one_row_check CHECK (id = 1);
INSERT INTO audit_head DEFAULT VALUES;
CREATE TRIGGER audit_head_stays
  BEFORE DELETE OR TRUNCATE ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who sees what -------------------------------------------------------------------------------

-- What a member sees who sees more than their own (contract §4): what they own, what was shared with them, what
-- awaits or had their decision; of others' documents nothing that is in the trash.
CREATE FUNCTION visible_to(member integer) RETURNS TABLE (document_id integer) LANGUAGE sql STABLE AS $$
  SELECT id FROM documents WHERE owner_id = member
  UNION
  SELECT d.id FROM document_shares s JOIN documents d ON d.id = s.document_id
  WHERE s.user_id = member AND d.trashed_at IS NULL
  UNION
  SELECT d.id FROM validation_history h JOIN documents d ON d.id = h.document_id
  WHERE h.performed_by_id = member AND h.action IN ('approved', 'rejected', 'dismissed') AND d.trashed_at IS NULL
  UNION
  SELECT document_id FROM awaiting_decision_of(member)
$$;

-- Each row's hash covers the one before: who removes or changes one behind the database's back breaks the chain,
-- and the head tells when its end was cut off. The columns are named: one that is added later is to leave the
-- hashes that are there as they are. The head's lock gives the rows one order, and is held until the commit.
CREATE FUNCTION audit_log_hash(before text, entry audit_log) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(before || jsonb_build_array(entry.id, extract(epoch FROM entry.created_at),
    entry.actor_id, entry.actor_name, entry.address, entry.action, entry.object_type, entry.object_id,
    entry.outcome, entry.details)::text, 'UTF8')), 'hex')
$$;
CREATE FUNCTION audit_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head audit_head;
BEGIN
  SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
  NEW.id := head.entry_id + 1;
  NEW.created_at := date_trunc('milliseconds', clock_timestamp());
  NEW.hash := audit_log_hash(head.hash, NEW);
  UPDATE audit_head SET entry_id = NEW.id, hash = NEW.hash;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_chain();
