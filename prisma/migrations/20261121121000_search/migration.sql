-- What a search reads: document_search, one slim row a document, written by what is below and by nothing else.

CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Names that stand in indexes are qualified: PostgreSQL builds and vacuums those with an empty search path.
CREATE TEXT SEARCH CONFIGURATION classeur_french (COPY = pg_catalog.french);
ALTER TEXT SEARCH CONFIGURATION classeur_french
  ALTER MAPPING FOR asciiword, word, asciihword, hword, hword_asciipart, hword_part
  WITH public.unaccent, pg_catalog.french_stem;
CREATE TEXT SEARCH CONFIGURATION classeur_english (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION classeur_english
  ALTER MAPPING FOR asciiword, word, asciihword, hword, hword_asciipart, hword_part
  WITH public.unaccent, pg_catalog.english_stem;

-- Words --------------------------------------------------------------------------------------

-- Letters without accents and digits, all else a space: PostgreSQL's parser then sees no addresses, file names,
-- versions or signs, whatever the locale of the database, and `2026-0042` is the words 2026 and 0042. Soft hyphens
-- are inside of words. Unaccent makes up to eighteen letters of one.
CREATE FUNCTION search_fold(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 AS $$
  SELECT left(regexp_replace(
    public.unaccent('public.unaccent'::regdictionary, replace(left(said, 200000), U&'\00AD', '')),
    '[^0-9A-Za-z\u00aa\u00b5\u00ba\u00c0-\u1fff\u2c00-\u2dff\u3005-\u3007\u3021-\u302f\u3031-\u30fa\u30fc-\ud7ff\uf900-\ufdcf\ufdf0-\ufe0f\ufe70-\ufefc\uff66-\uffdc\U00010000-\U0001efff\U00020000-\U0003ffff]+',
    ' ', 'g'), 200000)
$$;

-- Of a title (as stems A, as written C) and a file name (B): what a rank reads of every hit.
CREATE FUNCTION search_heads(title text, file text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
  SELECT setweight(to_tsvector('public.classeur_french', t), 'A') || setweight(to_tsvector('public.classeur_english', t), 'A')
    || setweight(to_tsvector('pg_catalog.simple', t), 'C')
    || setweight(to_tsvector('public.classeur_french', f), 'B') || setweight(to_tsvector('public.classeur_english', f), 'B')
  FROM (SELECT public.search_fold(title) AS t, coalesce(public.search_fold(file), '') AS f) folded
$$;

-- Stems of title (A), file name (B) and text (D). Each vector knows 16,383 places: the text's in the French
-- vector are kept for phrases, which that one has whatever their language.
CREATE FUNCTION search_words(title text, file text, body text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
  SELECT setweight(to_tsvector('public.classeur_french', t), 'A') || setweight(to_tsvector('public.classeur_english', t), 'A')
    || setweight(to_tsvector('public.classeur_french', f), 'B') || setweight(to_tsvector('public.classeur_english', f), 'B')
    || to_tsvector('public.classeur_french', b) || strip(to_tsvector('public.classeur_english', b))
  FROM (SELECT public.search_fold(title) AS t, coalesce(public.search_fold(file), '') AS f,
    coalesce(public.search_fold(body), '') AS b) folded
$$;

-- Numbers and references, lower case and with what is inside of them: at most 500 of at most 64 characters.
CREATE FUNCTION search_refs(title text, file text, body text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
  SELECT coalesce(string_agg(ref, ' ' ORDER BY place), '') FROM (
    SELECT ref, min(place) AS place
    FROM regexp_matches(
      lower(public.unaccent('public.unaccent'::regdictionary,
        concat_ws(' ', title, file, left(body, 50000)))),
      '([a-z0-9./_:''+#-]*[0-9][a-z0-9./_:''+#-]*)', 'g') WITH ORDINALITY AS found (refs, place)
    CROSS JOIN LATERAL left(found.refs[1], 64) AS ref
    WHERE length(ref) >= 3
    GROUP BY ref ORDER BY min(place) LIMIT 500) AS distinct_refs
$$;

-- Of the name of a correspondent or a tag: as written and as stems.
CREATE FUNCTION search_name(name text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
  SELECT to_tsvector('pg_catalog.simple', n) || to_tsvector('public.classeur_french', n) || to_tsvector('public.classeur_english', n)
  FROM (SELECT public.search_fold(name) AS n) folded
$$;
CREATE INDEX correspondents_search_idx ON correspondents USING gin (search_name(name)) WITH (fastupdate = off);
CREATE INDEX tags_search_idx ON tags USING gin (search_name(name)) WITH (fastupdate = off);

-- One term of a query, a word or a phrase: in both languages, either of which will do. `stop`: one of them holds
-- that it says nothing. What a prefix, of two letters at least, begins is meant as it is written too.
CREATE FUNCTION search_term(term text, prefix boolean, OUT query tsquery, OUT stop boolean) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET client_min_messages = warning AS $$
DECLARE
  folded text := btrim(public.search_fold(term));
  start text := substring(folded FROM '[^ ]*$');
  before text := left(folded, length(folded) - length(start));
  config regconfig;
  found tsquery;
BEGIN
  query := '';
  stop := FALSE;
  prefix := prefix AND length(start) >= 2;
  FOREACH config IN ARRAY ARRAY['public.classeur_french', 'public.classeur_english', 'pg_catalog.simple']::regconfig[] LOOP
    IF NOT prefix THEN
      EXIT WHEN config = 'pg_catalog.simple'::regconfig;
      found := phraseto_tsquery(config, folded);
      stop := stop OR numnode(found) = 0;
    ELSE
      found := to_tsquery(config, quote_literal(start) || ':*');
      -- The phrase with a word in the place of the prefix, so that the places of stop words are counted.
      IF numnode(found) > 0 AND before <> '' THEN
        found := replace(phraseto_tsquery(config, before || '0qz0')::text, '''0qz0''', '(' || found::text || ')')::tsquery;
      END IF;
    END IF;
    IF numnode(query) = 0 THEN query := found;
    ELSIF numnode(found) > 0 AND position(found::text IN query::text) = 0 THEN query := query || found;
    END IF;
  END LOOP;
END $$;

-- The table -----------------------------------------------------------------------------------

-- Every hit of a broad search is visited, so its row is to be short. PostgreSQL moves a long value (the words) out
-- of a row only where the row is longer than 2,000 bytes: the ballast, which is 35 bytes on the disk, sees to that.
-- What else is in the row stays there. There is room on each page for rows whose tags change, since a row that
-- finds none is written anew to the indexes, one entry for each word.
ALTER TABLE document_search SET (toast_tuple_target = 1024, fillfactor = 80);
ALTER TABLE document_search
  ALTER tag_ids SET STORAGE MAIN, ALTER heads SET STORAGE MAIN, ALTER refs SET STORAGE MAIN, ALTER ballast SET STORAGE MAIN,
  ALTER tag_ids SET NOT NULL;

-- What document_search holds, of each document: the one place that says so.
CREATE VIEW document_search_source AS
  SELECT d.id AS document_id, d.owner_id, d.document_type_id, d.correspondent_id,
    ARRAY(SELECT x.tag_id FROM document_tags x WHERE x.document_id = d.id ORDER BY x.tag_id) AS tag_ids,
    d.amount, d.created_at, d.trashed_at IS NOT NULL AS trashed,
    search_heads(d.title, v.original_filename) AS heads,
    search_refs(d.title, v.original_filename, t.text) AS refs,
    search_words(d.title, v.original_filename, t.text) AS words,
    d.title
  FROM documents d
  LEFT JOIN document_versions v ON v.document_id = d.id AND v.number = d.version
  LEFT JOIN document_texts t ON t.document_id = d.id AND t.version = d.version;

-- Words that titles and names are written with, to tell what a word with a slip in it may stand for. None is ever
-- taken out: a word that nobody uses leads to nothing.
CREATE FUNCTION search_learn(said text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO search_vocabulary (word)
  SELECT word FROM (
    SELECT DISTINCT word FROM unnest(said) AS s, unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', search_fold(s)))) AS word
    WHERE length(word) BETWEEN 3 AND 40 AND word !~ '[0-9]') AS words
  WHERE NOT EXISTS (SELECT FROM search_vocabulary v WHERE v.word = words.word)
  -- In one order, so that two of us wait for each other at most once.
  ORDER BY word
  ON CONFLICT DO NOTHING
$$;

-- Writes the rows of some documents anew, or of all. What loads in bulk with triggers off calls it at its end.
CREATE FUNCTION search_rebuild(ids integer[] DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM document_search WHERE ids IS NULL OR document_id = ANY(ids) ORDER BY document_id FOR UPDATE;
  DELETE FROM document_search WHERE ids IS NULL OR document_id = ANY(ids);
  INSERT INTO document_search
    (document_id, owner_id, document_type_id, correspondent_id, tag_ids, amount, created_at, trashed, heads, refs, words)
  SELECT document_id, owner_id, document_type_id, correspondent_id, tag_ids, amount, created_at, trashed, heads, refs, words
  FROM document_search_source WHERE ids IS NULL OR document_id = ANY(ids);
  PERFORM search_learn(array_agg(title)) FROM documents WHERE ids IS NULL OR id = ANY(ids);
END $$;

SELECT search_rebuild();
SELECT search_learn(array_agg(name)) FROM (SELECT name FROM correspondents UNION ALL SELECT name FROM tags) AS names;

-- Of one index, since a search has several of these to go by at once. In the trash nothing is searched.
CREATE INDEX document_search_found_idx ON document_search
  USING gin (words, heads, refs gin_trgm_ops, owner_id) WITH (fastupdate = off) WHERE NOT trashed;
CREATE INDEX document_search_created_idx ON document_search (created_at DESC, document_id DESC) WHERE NOT trashed;
CREATE INDEX document_search_owner_created_idx ON document_search (owner_id, created_at DESC, document_id DESC) WHERE NOT trashed;

-- Lists search here too now: parts of words are no longer looked for in titles and file names.
DROP INDEX documents_title_trgm_idx;
DROP INDEX document_versions_original_filename_trgm_idx;

-- Triggers ------------------------------------------------------------------------------------

-- The lock makes two transactions that change the same document's words wait for each other; the statement after
-- it sees what the other one left.
CREATE FUNCTION search_refresh(id integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM document_search WHERE document_id = id FOR UPDATE;
  UPDATE document_search s SET heads = w.heads, refs = w.refs, words = w.words, ballast = DEFAULT
  FROM document_search_source w WHERE s.document_id = id AND w.document_id = id;
END $$;

CREATE FUNCTION documents_to_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- The words come with the version, in the same transaction.
    INSERT INTO document_search
      (document_id, owner_id, document_type_id, correspondent_id, tag_ids, amount, created_at, trashed, heads, refs, words)
    VALUES (NEW.id, NEW.owner_id, NEW.document_type_id, NEW.correspondent_id, '{}', NEW.amount, NEW.created_at,
      NEW.trashed_at IS NOT NULL, '', '', '');
    PERFORM search_learn(ARRAY[NEW.title]);
    RETURN NULL;
  END IF;
  UPDATE document_search SET owner_id = NEW.owner_id, document_type_id = NEW.document_type_id,
    correspondent_id = NEW.correspondent_id, amount = NEW.amount, created_at = NEW.created_at,
    trashed = NEW.trashed_at IS NOT NULL
  WHERE document_id = NEW.id;
  IF NEW.title <> OLD.title OR NEW.version <> OLD.version THEN PERFORM search_refresh(NEW.id); END IF;
  IF NEW.title <> OLD.title THEN PERFORM search_learn(ARRAY[NEW.title]); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER documents_to_search_insert AFTER INSERT ON documents
  FOR EACH ROW EXECUTE FUNCTION documents_to_search();
-- By the row, with the condition here: most updates (of revision, of what the targets hold) are none of ours.
CREATE TRIGGER documents_to_search_update AFTER UPDATE ON documents
  FOR EACH ROW WHEN (
    (OLD.owner_id, OLD.document_type_id, OLD.correspondent_id, OLD.amount, OLD.created_at, OLD.trashed_at IS NULL, OLD.title, OLD.version)
    IS DISTINCT FROM
    (NEW.owner_id, NEW.document_type_id, NEW.correspondent_id, NEW.amount, NEW.created_at, NEW.trashed_at IS NULL, NEW.title, NEW.version))
  EXECUTE FUNCTION documents_to_search();

CREATE FUNCTION document_words_to_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM search_refresh(CASE TG_OP WHEN 'DELETE' THEN OLD.document_id ELSE NEW.document_id END);
  RETURN NULL;
END $$;
CREATE TRIGGER document_versions_to_search AFTER INSERT OR UPDATE OF original_filename ON document_versions
  FOR EACH ROW EXECUTE FUNCTION document_words_to_search();
CREATE TRIGGER document_texts_to_search AFTER INSERT OR DELETE OR UPDATE OF text, version ON document_texts
  FOR EACH ROW EXECUTE FUNCTION document_words_to_search();

-- Tags come and go many at a time; the words stay as they are.
CREATE FUNCTION document_tags_to_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM document_search WHERE document_id IN (SELECT document_id FROM changed) ORDER BY document_id FOR UPDATE;
  UPDATE document_search s
  SET tag_ids = ARRAY(SELECT x.tag_id FROM document_tags x WHERE x.document_id = s.document_id ORDER BY x.tag_id)
  WHERE s.document_id IN (SELECT document_id FROM changed);
  RETURN NULL;
END $$;
CREATE TRIGGER document_tags_to_search_insert AFTER INSERT ON document_tags
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION document_tags_to_search();
CREATE TRIGGER document_tags_to_search_delete AFTER DELETE ON document_tags
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION document_tags_to_search();

CREATE FUNCTION names_to_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM search_learn(ARRAY[NEW.name]);
  RETURN NULL;
END $$;
CREATE TRIGGER correspondents_to_search AFTER INSERT OR UPDATE OF name ON correspondents
  FOR EACH ROW EXECUTE FUNCTION names_to_search();
CREATE TRIGGER tags_to_search AFTER INSERT OR UPDATE OF name ON tags
  FOR EACH ROW EXECUTE FUNCTION names_to_search();
