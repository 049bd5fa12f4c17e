-- Schema 2. Released: never edit, add a file. Indexes for the queries of store/hot_queries.h, what
-- they rest on, and the number that tells caches of answers when they are out of date.

-- What an exchange was for; null until it is classified.
ALTER TABLE item ADD COLUMN intent INTEGER;
-- Freshness is the age of `touched`: the newest evidence or use, 0 when neither tells a time.
ALTER TABLE item ADD COLUMN touched INTEGER NOT NULL DEFAULT 0;
-- 1 once a sweep found the item too old. A query that leaves stale items out also compares touched.
ALTER TABLE item ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
UPDATE item SET touched = max(coalesce(last_seen, first_seen, 0),
  coalesce((SELECT last_used FROM item_use WHERE item_use.item = item.id), 0));

CREATE TRIGGER item_seen AFTER UPDATE OF first_seen, last_seen ON item BEGIN
  UPDATE item SET stale = 0, touched = max(coalesce(new.last_seen, new.first_seen, 0),
    coalesce((SELECT last_used FROM item_use WHERE item_use.item = new.id), 0))
    WHERE number = new.number;
END;
CREATE TRIGGER item_used_first AFTER INSERT ON item_use BEGIN
  UPDATE item SET stale = 0, touched = max(touched, new.last_used) WHERE id = new.item;
END;
CREATE TRIGGER item_used_again AFTER UPDATE OF last_used ON item_use BEGIN
  UPDATE item SET stale = 0, touched = max(touched, new.last_used) WHERE id = new.item;
END;

CREATE INDEX item_type_newest ON item(type, coalesce(last_seen, first_seen, 0) DESC, id DESC);
CREATE INDEX item_project_newest
  ON item(project_name, coalesce(last_seen, first_seen, 0) DESC, id DESC);
CREATE INDEX item_project_freshness ON item(project_name, touched DESC, id DESC);
CREATE INDEX item_intent_confidence ON item(intent, confidence DESC, id) WHERE intent IS NOT NULL;
CREATE INDEX item_current ON item(project_name, confidence DESC, id, touched, project)
  WHERE stale = 0;
CREATE INDEX item_stale ON item(stale, touched);

-- These two did half of what their followers do.
DROP INDEX session_project_name;
CREATE INDEX session_project_newest
  ON session(project_name, coalesce(started, 0) DESC, id DESC);
DROP INDEX observation_item;
CREATE INDEX observation_item_seen ON observation(item, coalesce(seen, 0), number);

-- Grows with every change that a search can see, in the transaction of the change.
CREATE TABLE content (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  generation INTEGER NOT NULL
) STRICT;
INSERT INTO content(one, generation) VALUES (1, 1);

CREATE TRIGGER content_item_added AFTER INSERT ON item BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_item_changed
AFTER UPDATE OF type, title, statement, confidence, project, project_name, session, first_seen,
  last_seen, support, intent ON item BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_item_removed AFTER DELETE ON item BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_exchange_added AFTER INSERT ON exchange BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_exchange_changed AFTER UPDATE OF session, time, steps, text_bytes ON exchange
BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_exchange_removed AFTER DELETE ON exchange BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_session_moved AFTER UPDATE OF project, project_name ON session
WHEN old.project <> new.project OR old.project_name <> new.project_name BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_vector_added AFTER INSERT ON vector BEGIN
  UPDATE content SET generation = generation + 1;
END;
CREATE TRIGGER content_vector_removed AFTER DELETE ON vector BEGIN
  UPDATE content SET generation = generation + 1;
END;
