-- Schema 1. Released: never edit, add a file. Every row has a small `number` in order of arrival, which
-- full text and joins use, and a public 60-bit `id`. Times are milliseconds since 1970 in UTC.
PRAGMA application_id = 0x54414349;

CREATE TABLE migration (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied TEXT NOT NULL
) STRICT;

CREATE TABLE session (
  number INTEGER PRIMARY KEY,
  id INTEGER NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  native_id TEXT NOT NULL,
  title TEXT NOT NULL,
  title_forgotten INTEGER NOT NULL DEFAULT 0,  -- an exchange was forgotten: a title may quote it
  project TEXT NOT NULL,
  project_name TEXT NOT NULL,                  -- last component of project
  branch TEXT NOT NULL,
  started INTEGER,
  ended INTEGER
) STRICT;
CREATE INDEX session_newest ON session(coalesce(started, 0), id);      -- hot: list_sessions
CREATE INDEX session_project ON session(project);                      -- hot: filters
CREATE INDEX session_project_name ON session(project_name);

CREATE TABLE exchange (
  number INTEGER PRIMARY KEY,
  id INTEGER NOT NULL UNIQUE,
  session INTEGER NOT NULL REFERENCES session(id),
  identity TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  time INTEGER,
  added INTEGER NOT NULL,        -- when Tacit learned of it
  model TEXT NOT NULL,
  tokens_input INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  steps INTEGER NOT NULL,        -- what put compares to tell a grown copy
  text_bytes INTEGER NOT NULL,
  learning INTEGER NOT NULL      -- 0 done, 1 due, 2 never again (its item was forgotten)
) STRICT;
CREATE INDEX exchange_session ON exchange(session, ordinal, number);             -- hot: exchanges_of
CREATE INDEX exchange_due ON exchange(time, number) WHERE learning = 1;          -- hot: learner

CREATE TABLE step (
  exchange INTEGER NOT NULL REFERENCES exchange(number) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  tool TEXT NOT NULL,
  failed INTEGER NOT NULL,
  time INTEGER,
  text TEXT NOT NULL,
  PRIMARY KEY (exchange, n)
) STRICT;

CREATE TABLE item (
  number INTEGER PRIMARY KEY,
  id INTEGER NOT NULL UNIQUE,
  type INTEGER NOT NULL,
  title TEXT NOT NULL,
  statement TEXT NOT NULL,
  statement_key INTEGER NOT NULL,  -- hash of the normalised statement
  confidence REAL NOT NULL,
  project TEXT NOT NULL,
  project_name TEXT NOT NULL,
  session INTEGER NOT NULL,
  first_seen INTEGER,
  last_seen INTEGER,
  support INTEGER NOT NULL,
  added INTEGER NOT NULL
) STRICT;
CREATE INDEX item_newest ON item(coalesce(last_seen, first_seen, 0), id);        -- hot: list_items
CREATE INDEX item_statement ON item(statement_key);                              -- hot: deduplication
CREATE INDEX item_session ON item(session);

CREATE TABLE item_use (
  item INTEGER PRIMARY KEY REFERENCES item(id) ON DELETE CASCADE,
  uses INTEGER NOT NULL,
  last_used INTEGER NOT NULL
) STRICT;

CREATE TABLE observation (
  number INTEGER PRIMARY KEY,
  id INTEGER NOT NULL UNIQUE,
  exchange INTEGER NOT NULL REFERENCES exchange(id),
  item INTEGER NOT NULL REFERENCES item(id),
  type INTEGER NOT NULL,
  statement TEXT NOT NULL,
  confidence REAL NOT NULL,
  seen INTEGER
) STRICT;
CREATE INDEX observation_item ON observation(item, number);                      -- hot: observations_of
CREATE INDEX observation_exchange ON observation(exchange);

CREATE TABLE observation_span (
  observation INTEGER NOT NULL REFERENCES observation(number) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  step INTEGER NOT NULL,
  "offset" INTEGER NOT NULL,
  length INTEGER NOT NULL,
  PRIMARY KEY (observation, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE space (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  generation INTEGER NOT NULL DEFAULT 1  -- changes when a vector goes away
) STRICT;

CREATE TABLE vector (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  space INTEGER NOT NULL REFERENCES space(number),
  owner INTEGER NOT NULL,  -- 0 item, 1 exchange
  id INTEGER NOT NULL,
  part INTEGER NOT NULL,
  data BLOB NOT NULL       -- f32, little-endian
) STRICT;
CREATE INDEX vector_owner ON vector(owner, id, space);

-- Owners that wait for vectors in a space that is in use. A space unknown here lacks them all.
CREATE TABLE embed_due (
  space INTEGER NOT NULL REFERENCES space(number),
  owner INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (space, owner, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstone (
  kind INTEGER NOT NULL,      -- 0 session, 1 exchange, 2 observation
  id INTEGER NOT NULL,
  exchange INTEGER NOT NULL,  -- of an observation: where it was made; else 0
  forgotten INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_exchange ON tombstone(exchange) WHERE exchange <> 0;

CREATE TABLE file_done (
  path TEXT PRIMARY KEY,
  signature TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE item_fts USING fts5(
  title, statement, content = 'item', content_rowid = 'number', tokenize = 'tacit');
CREATE VIRTUAL TABLE exchange_fts USING fts5(request, reply, work, tokenize = 'tacit');
-- Without this the words of deleted rows stay in the index.
INSERT INTO item_fts(item_fts, rank) VALUES('secure-delete', 1);
INSERT INTO exchange_fts(exchange_fts, rank) VALUES('secure-delete', 1);
CREATE VIRTUAL TABLE item_terms USING fts5vocab('item_fts', 'row');
CREATE VIRTUAL TABLE exchange_terms USING fts5vocab('exchange_fts', 'row');

CREATE TRIGGER item_inserted AFTER INSERT ON item BEGIN
  INSERT INTO item_fts(rowid, title, statement) VALUES (new.number, new.title, new.statement);
  INSERT INTO embed_due(space, owner, number) SELECT space.number, 0, new.number FROM space;
END;
CREATE TRIGGER item_restated AFTER UPDATE OF title, statement ON item BEGIN
  INSERT INTO item_fts(item_fts, rowid, title, statement)
    VALUES ('delete', old.number, old.title, old.statement);
  INSERT INTO item_fts(rowid, title, statement) VALUES (new.number, new.title, new.statement);
  DELETE FROM vector WHERE owner = 0 AND id = new.id;
  INSERT OR IGNORE INTO embed_due(space, owner, number)
    SELECT space.number, 0, new.number FROM space;
END;
CREATE TRIGGER item_deleted AFTER DELETE ON item BEGIN
  INSERT INTO item_fts(item_fts, rowid, title, statement)
    VALUES ('delete', old.number, old.title, old.statement);
  DELETE FROM vector WHERE owner = 0 AND id = old.id;
  DELETE FROM embed_due WHERE owner = 0 AND number = old.number;
END;
CREATE TRIGGER exchange_inserted AFTER INSERT ON exchange BEGIN
  INSERT INTO embed_due(space, owner, number) SELECT space.number, 1, new.number FROM space;
END;
CREATE TRIGGER exchange_grown AFTER UPDATE OF text_bytes ON exchange BEGIN
  DELETE FROM vector WHERE owner = 1 AND id = new.id;
  INSERT OR IGNORE INTO embed_due(space, owner, number)
    SELECT space.number, 1, new.number FROM space;
END;
CREATE TRIGGER exchange_deleted AFTER DELETE ON exchange BEGIN
  DELETE FROM exchange_fts WHERE rowid = old.number;
  DELETE FROM vector WHERE owner = 1 AND id = old.id;
  DELETE FROM embed_due WHERE owner = 1 AND number = old.number;
END;
CREATE TRIGGER vector_deleted AFTER DELETE ON vector BEGIN
  UPDATE space SET generation = generation + 1 WHERE number = old.space;
END;
