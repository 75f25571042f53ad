-- Every server hears of what a user is told, and of what they have read, when it is committed and not before:
-- '<user>:<notification>' and '<user>:'.
CREATE FUNCTION notifications_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('classeur_notifications', user_id || ':' || id) FROM told ORDER BY id;
  RETURN NULL;
END $$;
CREATE TRIGGER notifications_tell
  AFTER INSERT ON notifications REFERENCING NEW TABLE AS told
  FOR EACH STATEMENT EXECUTE FUNCTION notifications_tell();

CREATE FUNCTION notifications_tell_read() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('classeur_notifications', user_id || ':') FROM (SELECT DISTINCT user_id FROM told) users;
  RETURN NULL;
END $$;
CREATE TRIGGER notifications_tell_read
  AFTER UPDATE ON notifications REFERENCING NEW TABLE AS told
  FOR EACH STATEMENT EXECUTE FUNCTION notifications_tell_read();

-- What is old goes at night.
CREATE INDEX notifications_created_at_idx ON notifications (created_at);
