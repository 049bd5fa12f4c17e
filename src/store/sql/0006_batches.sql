-- Schema 6: work handed to a provider's batch endpoint, which outlives the process, and what answers that cost nothing
-- would have cost. Answers are redacted before they come here; whatever is forgotten takes all of them along.
CREATE TABLE batch (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  remote TEXT NOT NULL,          -- the provider's id; '' before it is known
  state INTEGER NOT NULL,        -- 0 being sent, 1 running, 2 ended
  outcome TEXT NOT NULL,         -- how it ended, for a person
  cancelled INTEGER NOT NULL,    -- asked for
  created INTEGER NOT NULL,
  ended INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_created ON batch(created);

CREATE TABLE batch_line (
  batch TEXT NOT NULL REFERENCES batch(id),
  number INTEGER NOT NULL,       -- of the file's line
  hold INTEGER NOT NULL,         -- 0: none was made
  state INTEGER NOT NULL,        -- 0 waits, 1 answered, 2 failed
  schema TEXT NOT NULL,          -- that the answer must keep; '' once it has ended
  finish TEXT NOT NULL,
  text TEXT NOT NULL,            -- the answer
  error_kind TEXT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (batch, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_line_waiting ON batch_line(hold) WHERE state = 0;  -- recovery: which holds stay

CREATE TABLE avoided_cost (
  period TEXT NOT NULL,
  developer TEXT NOT NULL,
  project TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  operation TEXT NOT NULL,
  calls INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (period, developer, project, provider, model, operation)
) STRICT, WITHOUT ROWID;
