-- AlterTable
ALTER TABLE "document_tags" ADD COLUMN     "created_at" TIMESTAMPTZ(3);

-- DropIndex
DROP INDEX "document_tags_tag_id_document_id_idx";

-- DropIndex
DROP INDEX "document_count_changes_dimension_key_idx";

-- CreateTable
CREATE TABLE "document_spans" (
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "document_id" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "document_spans_pkey" PRIMARY KEY ("created_at","document_id")
);

-- CreateTable
CREATE TABLE "document_span_changes" (
    "id" BIGSERIAL NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "document_id" INTEGER NOT NULL,
    "change" INTEGER NOT NULL,

    CONSTRAINT "document_span_changes_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "document_tags_tag_id_created_at_document_id_idx" ON "document_tags"("tag_id", "created_at" DESC, "document_id" DESC);

-- CreateIndex
CREATE INDEX "document_count_changes_dimension_key_owner_id_idx" ON "document_count_changes"("dimension", "key", "owner_id");


-- From here on: what the Prisma schema cannot say.

-- Page 1 of every order, and of every filter in the order of creation, is read off one index ---------------------

CREATE INDEX documents_type_created_idx ON documents (document_type_id, created_at DESC, id DESC) WHERE trashed_at IS NULL;
CREATE INDEX documents_correspondent_created_idx ON documents (correspondent_id, created_at DESC, id DESC)
  WHERE trashed_at IS NULL AND correspondent_id IS NOT NULL;
CREATE INDEX documents_status_created_idx ON documents (validation_status, created_at DESC, id DESC) WHERE trashed_at IS NULL;
CREATE INDEX documents_trash_created_idx ON documents (created_at DESC, id DESC) WHERE trashed_at IS NOT NULL;
CREATE INDEX documents_updated_idx ON documents (updated_at DESC, id DESC) WHERE trashed_at IS NULL;
CREATE INDEX documents_title_idx ON documents (title COLLATE "und-x-icu", id) WHERE trashed_at IS NULL;
-- What has no date or no amount stands last in both directions, so each direction is an index.
CREATE INDEX documents_date_idx ON documents (document_date DESC NULLS LAST, id DESC) WHERE trashed_at IS NULL;
CREATE INDEX documents_date_up_idx ON documents (document_date, id) WHERE trashed_at IS NULL;
CREATE INDEX documents_amount_idx ON documents (amount DESC NULLS LAST, id DESC) WHERE trashed_at IS NULL;
CREATE INDEX documents_amount_up_idx ON documents (amount, id) WHERE trashed_at IS NULL;

-- A member's own documents in another order than that of creation are few: they are sorted, without a visit to each.
DROP INDEX documents_owner_created_idx;
CREATE INDEX documents_owner_created_idx ON documents (owner_id, created_at DESC, id DESC)
  INCLUDE (title, updated_at, document_date, amount) WHERE trashed_at IS NULL;

-- A tag's documents in the order of their creation, without a visit to each: when a document was created never
-- changes, but for a hand in the database.
UPDATE document_tags x SET created_at = d.created_at FROM documents d WHERE d.id = x.document_id;
ALTER TABLE document_tags ADD CONSTRAINT document_tags_created_at_check CHECK (created_at IS NOT NULL);

CREATE FUNCTION document_tags_know_when() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Where there is no such document, its foreign key says so.
  NEW.created_at := coalesce((SELECT d.created_at FROM documents d WHERE d.id = NEW.document_id), now());
  RETURN NEW;
END $$;
CREATE TRIGGER document_tags_know_when BEFORE INSERT ON document_tags
  FOR EACH ROW WHEN (NEW.created_at IS NULL) EXECUTE FUNCTION document_tags_know_when();

CREATE FUNCTION documents_tell_tags_when() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE document_tags SET created_at = NEW.created_at WHERE document_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER documents_tell_tags_when AFTER UPDATE OF created_at ON documents
  FOR EACH ROW WHEN (OLD.created_at <> NEW.created_at) EXECUTE FUNCTION documents_tell_tags_when();

-- Counts ----------------------------------------------------------------------------------------------------------

-- What a document counts in, but for its tags.
CREATE FUNCTION counted_in(trashed boolean, document_type_id integer, correspondent_id integer, status text)
  RETURNS TABLE (dimension text, key integer) LANGUAGE sql IMMUTABLE AS $$
  SELECT v.dimension, v.key
  FROM (VALUES ('all', 0), ('type', document_type_id), ('correspondent', correspondent_id),
    ('status', array_position(ARRAY['na', 'pending', 'approved', 'rejected'], status) - 1)) AS v (dimension, key)
  WHERE NOT trashed AND v.key IS NOT NULL
  UNION ALL SELECT 'trash', 0 WHERE trashed
$$;

-- Changes are added, never updated: uploads at the same time do not wait for each other. One row for each count
-- that a statement changes, however many documents it touches.
CREATE FUNCTION documents_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- Its tags count when they are inserted.
    INSERT INTO document_count_changes (dimension, key, owner_id, change)
    SELECT c.dimension, c.key, d.owner_id, count(*)
    FROM gained d CROSS JOIN LATERAL counted_in(d.trashed_at IS NOT NULL, d.document_type_id, d.correspondent_id, d.validation_status) c
    GROUP BY 1, 2, 3;
    INSERT INTO document_span_changes (created_at, document_id, change)
    SELECT created_at, id, 1 FROM gained WHERE trashed_at IS NULL;
  ELSIF TG_OP = 'DELETE' THEN
    -- Its tags went before it.
    INSERT INTO document_count_changes (dimension, key, owner_id, change)
    SELECT c.dimension, c.key, d.owner_id, -count(*)
    FROM lost d CROSS JOIN LATERAL counted_in(d.trashed_at IS NOT NULL, d.document_type_id, d.correspondent_id, d.validation_status) c
    GROUP BY 1, 2, 3;
    INSERT INTO document_span_changes (created_at, document_id, change)
    SELECT created_at, id, -1 FROM lost WHERE trashed_at IS NULL;
  ELSE
    -- Before and after of what changed in a way that counts. Grouped rather than joined: this plan is kept, and
    -- has to be good for one document and for thirty thousand.
    WITH moved AS MATERIALIZED (
      SELECT id, owner_id, trashed_at IS NOT NULL AS trashed, document_type_id, correspondent_id, validation_status,
        created_at, sum(change)::int AS change
      FROM (SELECT l.*, -1 AS change FROM lost l UNION ALL SELECT g.*, 1 FROM gained g) AS both_sides
      GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(change) <> 0),
    counted AS (
      INSERT INTO document_count_changes (dimension, key, owner_id, change)
      SELECT dimension, key, owner_id, sum(change) FROM (
        SELECT c.dimension, c.key, m.owner_id, m.change
        FROM moved m CROSS JOIN LATERAL counted_in(m.trashed, m.document_type_id, m.correspondent_id, m.validation_status) c
        UNION ALL
        SELECT 'tag', x.tag_id, m.owner_id, m.change
        FROM moved m JOIN document_tags x ON x.document_id = m.id WHERE NOT m.trashed) AS changes
      GROUP BY 1, 2, 3 HAVING sum(change) <> 0)
    INSERT INTO document_span_changes (created_at, document_id, change)
    SELECT created_at, id, sum(change) FROM moved WHERE NOT trashed GROUP BY 1, 2 HAVING sum(change) <> 0;
  END IF;
  RETURN NULL;
END $$;

-- Locks the documents: one that goes to the trash meanwhile, or comes back, waits, or is waited for, and who comes
-- second sees the other's work.
CREATE FUNCTION document_tags_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP IN ('INSERT', 'UPDATE') THEN
    WITH held AS MATERIALIZED (
      SELECT id, owner_id, trashed_at FROM documents WHERE id IN (SELECT document_id FROM gained) ORDER BY id FOR NO KEY UPDATE)
    INSERT INTO document_count_changes (dimension, key, owner_id, change)
    SELECT 'tag', x.tag_id, d.owner_id, count(*)
    FROM gained x JOIN held d ON d.id = x.document_id WHERE d.trashed_at IS NULL GROUP BY 2, 3;
  END IF;
  IF TG_OP IN ('DELETE', 'UPDATE') THEN
    WITH held AS MATERIALIZED (
      SELECT id, owner_id, trashed_at FROM documents WHERE id IN (SELECT document_id FROM lost) ORDER BY id FOR NO KEY UPDATE)
    INSERT INTO document_count_changes (dimension, key, owner_id, change)
    SELECT 'tag', x.tag_id, d.owner_id, -count(*)
    FROM lost x JOIN held d ON d.id = x.document_id WHERE d.trashed_at IS NULL GROUP BY 2, 3;
  END IF;
  RETURN NULL;
END $$;

-- A document's tags go before it does, while it can still be said whose they were.
CREATE FUNCTION documents_drop_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM document_tags WHERE document_id = OLD.id;
  RETURN OLD;
END $$;

CREATE TRIGGER documents_drop_tags BEFORE DELETE ON documents FOR EACH ROW EXECUTE FUNCTION documents_drop_tags();
CREATE TRIGGER documents_count_new AFTER INSERT ON documents REFERENCING NEW TABLE AS gained
  FOR EACH STATEMENT EXECUTE FUNCTION documents_count();
CREATE TRIGGER documents_count_changed AFTER UPDATE ON documents REFERENCING OLD TABLE AS lost NEW TABLE AS gained
  FOR EACH STATEMENT EXECUTE FUNCTION documents_count();
CREATE TRIGGER documents_count_gone AFTER DELETE ON documents REFERENCING OLD TABLE AS lost
  FOR EACH STATEMENT EXECUTE FUNCTION documents_count();
CREATE TRIGGER document_tags_count_new AFTER INSERT ON document_tags REFERENCING NEW TABLE AS gained
  FOR EACH STATEMENT EXECUTE FUNCTION document_tags_count();
CREATE TRIGGER document_tags_count_changed AFTER UPDATE ON document_tags REFERENCING OLD TABLE AS lost NEW TABLE AS gained
  FOR EACH STATEMENT EXECUTE FUNCTION document_tags_count();
CREATE TRIGGER document_tags_count_gone AFTER DELETE ON document_tags REFERENCING OLD TABLE AS lost
  FOR EACH STATEMENT EXECUTE FUNCTION document_tags_count();

-- Whatever loads documents with the triggers off: what is counted stays true.
ALTER TABLE documents
  ENABLE ALWAYS TRIGGER documents_count_new,
  ENABLE ALWAYS TRIGGER documents_count_changed,
  ENABLE ALWAYS TRIGGER documents_count_gone;
ALTER TABLE document_tags
  ENABLE ALWAYS TRIGGER document_tags_know_when,
  ENABLE ALWAYS TRIGGER document_tags_count_new,
  ENABLE ALWAYS TRIGGER document_tags_count_changed,
  ENABLE ALWAYS TRIGGER document_tags_count_gone;

-- The slow way, for the check.
CREATE VIEW document_recounts AS
  SELECT c.dimension, c.key, d.owner_id, count(*)::int AS count
  FROM documents d CROSS JOIN LATERAL counted_in(d.trashed_at IS NOT NULL, d.document_type_id, d.correspondent_id, d.validation_status) c
  GROUP BY 1, 2, 3
  UNION ALL
  SELECT 'tag', x.tag_id, d.owner_id, count(*)::int
  FROM document_tags x JOIN documents d ON d.id = x.document_id WHERE d.trashed_at IS NULL
  GROUP BY 2, 3;

-- Where the counts, with what is not yet folded in, are not what a recount of the same moment says; `count` is too much.
CREATE VIEW document_count_differences AS
  SELECT dimension, key, owner_id, sum(count)::int AS count FROM (
    SELECT dimension, key, owner_id, count FROM document_counts
    UNION ALL SELECT dimension, key, owner_id, change FROM document_count_changes
    UNION ALL SELECT dimension, key, owner_id, -count FROM document_recounts) AS sides
  GROUP BY 1, 2, 3 HAVING sum(count) <> 0;

-- The list by its stretches ---------------------------------------------------------------------------------------

-- The newest edge is beyond every document.
INSERT INTO document_spans VALUES ('infinity', 2147483647, 0);

-- How many documents stand in the list before each span, newest first, at this very moment.
CREATE VIEW document_span_places AS
  SELECT created_at, document_id, count, before FROM (
    SELECT created_at, document_id, edge, count,
      coalesce(sum(count) OVER (ORDER BY created_at DESC, document_id DESC, edge DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::int AS before
    FROM (
      SELECT created_at, document_id, count, TRUE AS edge FROM document_spans
      UNION ALL SELECT created_at, document_id, change, FALSE FROM document_span_changes) AS events) AS placed
  WHERE edge;

-- Where a span, by its place, does not have as many documents as a recount of the same moment says.
CREATE VIEW document_span_differences AS
  SELECT span, sum(count)::int AS count FROM (
    SELECT count(*) FILTER (WHERE edge) OVER (ORDER BY created_at DESC, document_id DESC, edge DESC)::int AS span, count
    FROM (
      SELECT created_at, document_id, count, TRUE AS edge FROM document_spans
      UNION ALL SELECT created_at, document_id, change, FALSE FROM document_span_changes
      UNION ALL SELECT created_at, id, -1, FALSE FROM documents WHERE trashed_at IS NULL) AS events) AS placed
  GROUP BY 1 HAVING sum(count) <> 0;

-- Counts one span anew and cuts it into pieces of 1,000 documents. One statement counts, so all it sees is of one
-- moment; what it sees of changes that are not yet folded in is taken off, since it will be.
CREATE FUNCTION document_span_cut(top timestamptz, top_id integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  bottom timestamptz;
  bottom_id integer;
BEGIN
  SELECT created_at, document_id INTO bottom, bottom_id FROM document_spans
  WHERE (created_at, document_id) < (top, top_id) ORDER BY created_at DESC, document_id DESC LIMIT 1;
  bottom := coalesce(bottom, '-infinity');
  bottom_id := coalesce(bottom_id, 0);
  DELETE FROM document_spans WHERE created_at = top AND document_id = top_id;
  WITH piece AS MATERIALIZED (
    SELECT CASE WHEN n < 1000 THEN top ELSE created_at END AS created_at, CASE WHEN n < 1000 THEN top_id ELSE id END AS id,
      lead(created_at, 1, bottom) OVER newest AS until, lead(id, 1, bottom_id) OVER newest AS until_id,
      lead(n, 1, size) OVER newest - n AS count
    FROM (
      SELECT created_at, id, row_number() OVER (ORDER BY created_at DESC, id DESC)::int - 1 AS n, count(*) OVER ()::int AS size
      FROM documents
      WHERE trashed_at IS NULL AND (created_at, id) <= (top, top_id) AND (created_at, id) > (bottom, bottom_id)
      UNION ALL
      -- a span without documents is one all the same
      SELECT top, top_id, 0, 0 WHERE NOT EXISTS (
        SELECT FROM documents
        WHERE trashed_at IS NULL AND (created_at, id) <= (top, top_id) AND (created_at, id) > (bottom, bottom_id))
    ) AS numbered
    WHERE n % 1000 = 0
    WINDOW newest AS (ORDER BY n))
  INSERT INTO document_spans (created_at, document_id, count)
  SELECT p.created_at, p.id, p.count - coalesce((
    SELECT sum(c.change) FROM document_span_changes c
    WHERE (c.created_at, c.document_id) <= (p.created_at, p.id) AND (c.created_at, c.document_id) > (p.until, p.until_id)), 0)
  FROM piece p;
END $$;

-- Folding -----------------------------------------------------------------------------------------------------------

-- Moves the changes that are committed by now into the counts and the spans; returns how many. Who reads a count
-- in one statement sees each change either there or here. One at a time: another call returns 0 at once.
CREATE FUNCTION counts_fold() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  folded integer;
  moved integer;
  large record;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('classeur.counts')) THEN RETURN 0; END IF;
  WITH taken AS (DELETE FROM document_count_changes RETURNING dimension, key, owner_id, change),
  added AS (
    INSERT INTO document_counts AS c (dimension, key, owner_id, count)
    SELECT dimension, key, owner_id, sum(change) FROM taken GROUP BY 1, 2, 3 HAVING sum(change) <> 0
    ON CONFLICT (dimension, key, owner_id) DO UPDATE SET count = c.count + EXCLUDED.count)
  SELECT count(*) INTO folded FROM taken;
  IF folded > 0 THEN DELETE FROM document_counts WHERE count = 0; END IF;

  WITH taken AS (DELETE FROM document_span_changes RETURNING created_at, document_id, change),
  added AS (
    UPDATE document_spans s SET count = s.count + t.change
    FROM (
      SELECT e.created_at, e.document_id, sum(taken.change) AS change
      FROM taken CROSS JOIN LATERAL (
        SELECT x.created_at, x.document_id FROM document_spans x
        WHERE (x.created_at, x.document_id) >= (taken.created_at, taken.document_id)
        ORDER BY x.created_at, x.document_id LIMIT 1) AS e
      GROUP BY 1, 2) AS t
    WHERE s.created_at = t.created_at AND s.document_id = t.document_id)
  SELECT count(*) INTO moved FROM taken;
  IF moved > 0 THEN
    FOR large IN SELECT created_at, document_id FROM document_spans WHERE count > 2000 LOOP
      PERFORM document_span_cut(large.created_at, large.document_id);
    END LOOP;
    -- What is left of a span without documents belongs to the one before it.
    DELETE FROM document_spans WHERE count = 0 AND created_at < 'infinity';
  END IF;
  RETURN folded + moved;
END $$;

-- Counts everything anew: after a load with the triggers off, or when the check found a difference. What is not
-- yet folded in stays so, and is taken off.
CREATE FUNCTION counts_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('classeur.counts'));
  INSERT INTO document_counts AS c (dimension, key, owner_id, count)
  SELECT dimension, key, owner_id, -count FROM document_count_differences
  ON CONFLICT (dimension, key, owner_id) DO UPDATE SET count = c.count + EXCLUDED.count;
  DELETE FROM document_counts WHERE count = 0;
  DELETE FROM document_spans WHERE created_at < 'infinity';
  PERFORM document_span_cut('infinity', 2147483647);
END $$;

-- Nothing is left to count.
CREATE FUNCTION documents_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM counts_rebuild();
  RETURN NULL;
END $$;
CREATE TRIGGER documents_emptied AFTER TRUNCATE ON documents FOR EACH STATEMENT EXECUTE FUNCTION documents_emptied();

SELECT counts_rebuild();
