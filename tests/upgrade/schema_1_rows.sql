-- The rows of a small memory as the first release wrote them, put into a database that step 1 made.
-- Never edit: it stands for the databases that are out there. A later schema gets a file of its own.
INSERT INTO session(number, id, agent, native_id, title, title_forgotten, project, project_name, branch,
                    started, ended) VALUES
  (1, 101, 'claude-code', 'a1', 'Checkout times out', 0, '/home/dev/shop', 'shop', 'main',
   1766188800000, 1766189400000),
  (2, 102, 'codex', 'b2', '', 1, '/home/dev/tools', 'tools', '', 1759276800000, NULL),
  (3, 103, 'specstory', 'c3', 'No clock here', 0, '', '', '', NULL, NULL);

INSERT INTO exchange(number, id, session, identity, ordinal, time, added, model, tokens_input,
                     tokens_output, tokens_cached, steps, text_bytes, learning) VALUES
  (1, 201, 101, '', 0, 1766188800000, 1766190000000, 'model-a', 1200, 340, 900, 4, 151, 0),
  (2, 202, 101, '', 1, 1766189400000, 1766190000000, 'model-a', 10, 20, 0, 2, 52, 1),
  (3, 203, 102, '', 0, 1759276800000, 1766190000001, '', 0, 0, 0, 2, 80, 2),
  (4, 204, 103, '', 0, NULL, 1766190000002, '', 0, 0, 0, 1, 16, 0);

INSERT INTO step(exchange, n, kind, tool, failed, time, text) VALUES
  (1, 0, 0, '', 0, 1766188800000, 'Why does the checkout time out?'),
  (1, 1, 2, 'Bash', 0, 1766188801000, 'psql -c "show pool_size"'),
  (1, 2, 3, 'Bash', 1, NULL, 'pool_size 1'),
  (1, 3, 1, '', 0, 1766188900000,
   'The checkout times out because the pool has one connection; raise pool_size to 8'),
  (2, 0, 0, '', 0, 1766189400000, 'Raise it, please.'),
  (2, 1, 1, '', 0, NULL, 'pool_size is 8 now; naïveté of the café 数据库'),
  (3, 0, 0, '', 0, 1759276800000, 'How do we release?'),
  (3, 1, 1, '', 0, NULL, 'Run migrations before the smoke test, never after it'),
  (4, 0, 0, '', 0, NULL, 'Zanzibar request');

INSERT INTO exchange_fts(rowid, request, reply, work) VALUES
  (1, 'Why does the checkout time out?',
   'The checkout times out because the pool has one connection; raise pool_size to 8',
   'psql -c "show pool_size" pool_size 1'),
  (2, 'Raise it, please.', 'pool_size is 8 now; naïveté of the café 数据库', ''),
  (3, 'How do we release?', 'Run migrations before the smoke test, never after it', ''),
  (4, 'Zanzibar request', '', '');

INSERT INTO space(number, name, generation) VALUES (1, 'old-model/4', 3);

INSERT INTO item(number, id, type, title, statement, statement_key, confidence, project, project_name,
                 session, first_seen, last_seen, support, added) VALUES
  (1, 301, 2, 'The checkout times out because the pool has one connection',
   'The checkout times out because the pool has one connection; raise pool_size to 8',
   -2749196789336448294, 0.76, '/home/dev/shop', 'shop', 101, 1766188900000, 1766189400000, 2,
   1766190000000),
  (2, 302, 10, 'Run migrations before the smoke test',
   'Run migrations before the smoke test, never after it', 3662128531966534914, 0.6,
   '/home/dev/tools', 'tools', 102, 1759276800000, 1759276800000, 1, 1766190000001),
  (3, 303, 5, 'Nothing tells when', 'Nothing tells when this was seen', 7, 0.3, '', '', 103, NULL,
   NULL, 1, 1766190000002);

INSERT INTO item_use(item, uses, last_used) VALUES (301, 3, 1766300000000), (302, 1, 1766400000000);

INSERT INTO observation(number, id, exchange, item, type, statement, confidence, seen) VALUES
  (1, 401, 201, 301, 2,
   'The checkout times out because the pool has one connection; raise pool_size to 8', 0.6,
   1766188900000),
  (2, 402, 202, 301, 2, 'pool_size is 8 now', 0.8, 1766189400000),
  (3, 403, 203, 302, 10, 'Run migrations before the smoke test, never after it', 0.6, 1759276800000),
  (4, 404, 204, 303, 5, 'Nothing tells when this was seen', 0.3, NULL);

INSERT INTO observation_span(observation, n, step, "offset", length) VALUES
  (1, 0, 2, 0, 11), (1, 1, 3, 0, 80), (2, 0, 1, 0, 18), (3, 0, 1, 0, 52);

-- 1 0 0 0 and 0 1 0 0 in two parts, 0 0 1 0.
INSERT INTO vector(sequence, space, owner, id, part, data) VALUES
  (5, 1, 0, 301, 0, x'0000803F000000000000000000000000'),
  (8, 1, 1, 201, 0, x'000000000000803F0000000000000000'),
  (9, 1, 1, 201, 1, x'00000000000000000000803F00000000');
DELETE FROM embed_due WHERE (owner = 0 AND number = 1) OR (owner = 1 AND number = 1);
-- Inserted before the space was known, so nothing waits for the exchanges yet.
INSERT OR IGNORE INTO embed_due(space, owner, number) VALUES (1, 1, 2), (1, 1, 3), (1, 1, 4);

INSERT INTO tombstone(kind, id, exchange, forgotten) VALUES
  (1, 299, 0, 1766195000000), (2, 499, 203, 1766195000000);
INSERT INTO file_done(path, signature) VALUES ('/home/dev/.agent/a1.jsonl', '10:1.1:00');
