-- A text is of the current version or there is none: no search and no rule finds what a document no longer says.
CREATE FUNCTION documents_forget_old_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM document_texts WHERE document_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER documents_forget_old_text
  AFTER UPDATE OF version ON documents
  FOR EACH ROW WHEN (OLD.version <> NEW.version)
  EXECUTE FUNCTION documents_forget_old_text();

-- What waits for its text is looked for at every start and every hour, and is a small part of all documents.
CREATE INDEX documents_text_pending_idx ON documents (id) WHERE text_status = 'pending';
