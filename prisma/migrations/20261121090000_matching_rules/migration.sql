-- AlterTable
ALTER TABLE "correspondents" ADD COLUMN     "is_insensitive" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "match" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "matching_algorithm" TEXT NOT NULL DEFAULT 'none';

-- AlterTable
ALTER TABLE "tags" ADD COLUMN     "is_insensitive" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "match" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "matching_algorithm" TEXT NOT NULL DEFAULT 'none';

-- CreateTable
CREATE TABLE "matching_state" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "revision" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "matching_state_pkey" PRIMARY KEY ("id")
);


-- From here on: what the Prisma schema cannot say.

-- A colour that is none would stop the checks below.
UPDATE tags SET color = CASE WHEN color ~* '^#[0-9a-f]{6}$' THEN lower(color) ELSE '#808080' END
  WHERE color !~ '^#[0-9a-f]{6}$';

ALTER TABLE tags
  ADD CONSTRAINT tags_color_check CHECK (color ~ '^#[0-9a-f]{6}$'),
  ADD CONSTRAINT tags_match_check CHECK (length(match) <= 256),
  ADD CONSTRAINT tags_matching_algorithm_check
    CHECK (matching_algorithm IN ('none', 'any', 'all', 'exact', 'regex', 'fuzzy', 'auto'));
ALTER TABLE correspondents
  ADD CONSTRAINT correspondents_match_check CHECK (length(match) <= 256),
  ADD CONSTRAINT correspondents_matching_algorithm_check
    CHECK (matching_algorithm IN ('none', 'any', 'all', 'exact', 'regex', 'fuzzy', 'auto'));

-- One row. Its revision is raised in the transaction of every change of a rule, so that it is seen exactly with
-- the change, on whichever server: neither a clock nor a sequence would be.
ALTER TABLE matching_state ADD CONSTRAINT matching_state_one_row_check CHECK (id = 1);
INSERT INTO matching_state DEFAULT VALUES;

CREATE FUNCTION rules_raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE matching_state SET revision = revision + 1;
  RETURN NULL;
END $$;

CREATE TRIGGER tags_raise_revision
  AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF id, match, matching_algorithm, is_insensitive ON tags
  FOR EACH STATEMENT EXECUTE FUNCTION rules_raise_revision();
CREATE TRIGGER correspondents_raise_revision
  AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF id, match, matching_algorithm, is_insensitive ON correspondents
  FOR EACH STATEMENT EXECUTE FUNCTION rules_raise_revision();

-- Whatever the code does, the tags are trees of at most five levels, with no cycles. The lock makes two
-- transactions that each move a tag below the other's wait for each other; it is the one that services take.
CREATE FUNCTION tags_keep_a_tree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  levels_above integer;
  levels_below integer;
BEGIN
  IF NEW.parent_id IS NULL THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('classeur.labels'));
  WITH RECURSIVE up (parent_id, level) AS (
    SELECT parent_id, 1 FROM tags WHERE id = NEW.id
    UNION ALL SELECT t.parent_id, up.level + 1 FROM tags t JOIN up ON t.id = up.parent_id WHERE up.level < 6)
  SELECT max(up.level) INTO levels_above FROM up;
  WITH RECURSIVE down (id, level) AS (
    SELECT NEW.id, 0
    UNION ALL SELECT t.id, down.level + 1 FROM tags t JOIN down ON t.parent_id = down.id WHERE down.level < 6)
  SELECT max(down.level) INTO levels_below FROM down;
  IF levels_above + levels_below > 5 THEN
    RAISE EXCEPTION 'tags are trees of at most five levels' USING ERRCODE = 'CL002';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER tags_keep_a_tree
  AFTER INSERT OR UPDATE OF id, parent_id ON tags
  FOR EACH ROW EXECUTE FUNCTION tags_keep_a_tree();
