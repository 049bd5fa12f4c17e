-- Schema 5: answers of models that outlive a restart, the most used ones; none that must stay in memory. Whatever is
-- forgotten takes all of them along.
CREATE TABLE kept_reply (
  key TEXT PRIMARY KEY,          -- digest of the call
  made INTEGER NOT NULL,         -- when the model answered
  rank INTEGER NOT NULL,         -- 0: asked for most
  body TEXT NOT NULL             -- JSON of the service
) STRICT, WITHOUT ROWID;
