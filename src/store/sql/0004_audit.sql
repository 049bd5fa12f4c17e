-- Schema 4: the audit log of model calls, one row for every attempt. It only grows and holds no content.
CREATE TABLE call_audit (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  request TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  content_hash TEXT NOT NULL CHECK (length(content_hash) = 64),  -- HMAC-SHA-256 with the data folder's key
  bytes_out INTEGER NOT NULL,
  bytes_in INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  label TEXT NOT NULL,           -- "public", "internal", "confidential", "secret"
  layer TEXT NOT NULL,           -- which layer decided
  reason TEXT NOT NULL,          -- a topic
  outcome TEXT NOT NULL,
  hold INTEGER NOT NULL          -- 0: no money was held
) STRICT;
CREATE INDEX call_audit_time ON call_audit(time);                    -- hot: audits_newest
CREATE INDEX call_audit_provider ON call_audit(provider, time);      -- hot: audits_of_provider

CREATE TRIGGER call_audit_unchanged AFTER UPDATE ON call_audit
BEGIN SELECT raise(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER call_audit_kept AFTER DELETE ON call_audit
BEGIN SELECT raise(ABORT, 'the audit log only grows'); END;
