-- Schema 3: the budget. Money is whole pico-dollars. `spend_entry` only grows; the balances of `budget_account`
-- follow from it and are held against it at every start.
CREATE TABLE ledger_state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  latest INTEGER NOT NULL        -- the latest time seen: a clock set back opens no month anew
) STRICT;
INSERT INTO ledger_state VALUES (1, 0);

CREATE TABLE budget_account (
  account TEXT NOT NULL,         -- "developer NAME" or "project NAME"
  period TEXT NOT NULL,          -- "2026-11"
  spent INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
  tokens INTEGER NOT NULL DEFAULT 0,  -- spent and held
  PRIMARY KEY (account, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
  id INTEGER PRIMARY KEY,
  request TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  period TEXT NOT NULL,
  developer TEXT NOT NULL,
  project TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  operation TEXT NOT NULL,
  price TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  counted INTEGER NOT NULL,      -- tokens of the prompt by our own counter; 0: not counted
  state INTEGER NOT NULL,        -- 0 open, 1 dispatched, 2 settled, 3 released, 4 suspended
  created INTEGER NOT NULL,
  UNIQUE (request, attempt)
) STRICT;
CREATE INDEX hold_unfinished ON hold(id) WHERE state < 2;  -- hot: recovery
CREATE INDEX hold_counted ON hold(provider, model, id) WHERE state = 2 AND counted > 0;  -- hot: prompt_counts
CREATE INDEX hold_period ON hold(period, developer);       -- hot: breakdown, daily

CREATE TABLE spend_entry (
  hold INTEGER PRIMARY KEY REFERENCES hold(id),
  amount INTEGER NOT NULL,
  input INTEGER NOT NULL,
  cache_read INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  cache_write_long INTEGER NOT NULL,
  output INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;

CREATE TABLE budget_alert (
  account TEXT NOT NULL,
  period TEXT NOT NULL,
  percent INTEGER NOT NULL,
  limit_pico INTEGER NOT NULL,   -- another limit arms the alert anew
  time INTEGER NOT NULL,
  taken INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account, period, percent, limit_pico)
) STRICT, WITHOUT ROWID;
