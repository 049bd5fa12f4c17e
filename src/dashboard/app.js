// The page of Tacit. State stands in the address; data becomes text nodes only.
const main = document.getElementById('main');
const form = document.getElementById('search-form');
const field = document.getElementById('q');
const footer = document.getElementById('status');
const LONG_TEXT = 1200;
const STATUS_EVERY_MS = 30000;
let turn = 0; // answers of an older view are dropped

// el('p.note', 'text', child, …): an element with classes and children; strings become text nodes.
function el(spec, ...children) {
  const [tag, ...classes] = spec.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}
function link(href, spec, ...children) {
  const node = el(spec, ...children);
  node.href = href;
  node.dataset.link = '';
  return node;
}
const data = (text) => { const node = el('bdi', text); node.dir = 'auto'; return node; };
const chip = (text, kind = '') => el('span.chip' + (kind ? '.' + kind : ''), data(text));
const words = (name) => name.replaceAll('_', ' ');
const plural = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
const idLink = (id) => '/?id=' + encodeURIComponent(id);
const projectName = (path) => path.split('/').filter(Boolean).pop() || path;

function day(time) {
  if (!time) return 'no date';
  return new Date(time).toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' });
}
function moment(time) {
  if (!time) return 'no time';
  return `${day(time)}, ${new Date(time).toISOString().slice(11, 16)} UTC`;
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { headers: { Accept: 'application/json' }, ...options });
  } catch {
    throw new Error('The server does not answer. Is `tacit serve` still running?');
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(answer?.error?.message || `The server answered ${response.status}.`);
  return answer;
}

// Words of the text that begin with a matched term (terms are stems), as <mark> around text nodes.
function marked(text, terms) {
  const useful = terms.filter((term) => term.length > 1).map((term) => term.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  if (!useful.length) return data(text);
  const node = data('');
  const pattern = new RegExp(`((?<![\\p{L}\\p{N}])(?:${useful.join('|')})[\\p{L}\\p{N}]*)`, 'iu');
  text.split(pattern).forEach((part, index) => node.append(index % 2 ? el('mark', part) : part));
  return node;
}

function facts(...children) { return el('div.facts', ...children); }

function pairs(list) {
  const node = el('dl');
  for (const [name, value] of list) if (value !== null && value !== undefined && value !== '') node.append(el('dt', name), el('dd', typeof value === 'object' ? value : data(String(value))));
  return node;
}

function explanation(why, isOpen) {
  const rank = (value, detail) => value ? `place ${value}${detail}` : 'not in this list';
  const node = el('details', el('summary', 'Why this result'));
  node.open = isOpen;
  node.append(el('div.why', why.summary ? el('p', data(why.summary)) : null, pairs([
    ['Words', rank(why.text_rank, why.text_score === null ? '' : `, BM25 ${why.text_score.toFixed(2)}`)],
    ['Meaning', rank(why.vector_rank, why.cosine === null ? '' : `, cosine ${why.cosine.toFixed(3)}`)],
    ['Together', why.closeness === null ? null : `${Math.round(why.closeness * 100)} % of the query at one place`],
    ['Matched', why.matched_terms.length ? el('span.facts', why.matched_terms.map((term) => chip(term))) : null],
  ])));
  return node;
}

function hitCard(hit, terms, index) {
  const meter = document.createElement('meter');
  meter.min = 0; meter.max = 1; meter.value = hit.score; meter.ariaLabel = 'score';
  return el('li.card.hit',
    el('h2', link(idLink(hit.id), 'a', marked(hit.title || 'Untitled', terms))),
    el('div.score', meter, hit.score.toFixed(2)),
    hit.statement && hit.statement !== hit.title ? el('p', marked(hit.statement, terms)) : null,
    facts(chip(hit.type ? words(hit.type) : hit.kind, 'kind'), hit.freshness ? chip(hit.freshness, hit.freshness) : null,
      el('span', day(hit.time)), hit.project ? el('span', '· ', data(projectName(hit.project))) : null,
      hit.kind === 'item' && hit.exchange ? link(idLink(hit.exchange), 'a', 'source') : null),
    hit.why ? explanation(hit.why, index === 0) : null);
}

function emptyState(title, text, command) {
  return el('div.empty', el('h1', title), el('p', text), command ? el('code', command) : null);
}
const nothingYet = () => emptyState('Nothing is remembered yet', 'Fill the memory from the sessions of the agents on this machine, then ask again:', 'tacit import --found');

async function searchView(state) {
  if (!state.q) return homeView();
  const query = new URLSearchParams({ q: state.q, mode: state.mode, explain: '1', k: '20' });
  if (state.kind) query.set('kind', state.kind);
  const answer = await ask('/v1/search?' + query);
  const notes = answer.degraded.map((note) => el('p.note', data(note)));
  if (!answer.hits.length) {
    return el('div', notes, emptyState('No results', answer.advice || 'Try other words, or search by meaning.', null));
  }
  const terms = [...new Set(answer.hits.flatMap((hit) => hit.why?.matched_terms ?? []))];
  const heading = el('h1.hidden', `Results for ${state.q}`);
  return el('div', heading, notes, el('p.lead', `${plural(answer.hits.length, 'result')} in ${answer.took_ms.toFixed(0)} ms`), el('ol.results', answer.hits.map((hit, index) => hitCard(hit, terms, index))));
}

async function homeView() {
  const [status, recent] = await Promise.all([ask('/v1/status'), ask('/v1/items?limit=8')]);
  if (!status.counts.exchanges) return nothingYet();
  const list = recent.items.length ? el('ul.rows', recent.items.map(itemRow)) : el('p.lead', 'No knowledge items yet; exchanges can be searched.');
  return el('div', el('h1', 'What the sessions taught'), el('p.lead', `${plural(status.counts.items, 'knowledge item')} from ${plural(status.counts.exchanges, 'exchange')} in ${plural(status.counts.sessions, 'session')}`), el('h2', 'Learned lately'), list);
}

const itemRow = (item) => el('li', link(idLink(item.id), 'a', el('span.name', data(item.title)), el('span.counts', day(item.last_seen)),
  facts(chip(words(item.type), 'kind'), chip(item.freshness, item.freshness), item.project ? data(projectName(item.project)) : null)));
const sessionRow = (row) => el('li', link(idLink(row.id), 'a', el('span.name', data(row.title || 'Untitled session')),
  el('span.counts', `${plural(row.exchanges, 'exchange')} · ${plural(row.items, 'item')}`),
  facts(chip(row.agent, 'kind'), el('span', moment(row.started)), row.project ? el('span', '· ', data(projectName(row.project))) : null)));

// A list that grows by pages.
async function listView(title, path, key, row) {
  const list = el('ul.rows');
  const more = el('div.more');
  const load = async (before) => {
    const page = await ask(path + (before ? '&before=' + encodeURIComponent(before) : ''));
    list.append(...page[key].map(row));
    more.replaceChildren();
    if (!page.next) return;
    const button = el('button.plain', 'Show more');
    button.onclick = () => load(page.next).catch((error) => more.replaceChildren(el('p.error', error.message)));
    more.append(button);
  };
  await load('');
  if (!list.children.length) return nothingYet();
  return el('div', el('h1', title), el('p.lead', 'Newest first'), list, more);
}

function evidenceCard(evidence) {
  return el('li.card', evidence.quotes.filter((quote) => quote.text).map((quote) => el('blockquote', longText(quote.text))),
    evidence.quotes.some((quote) => quote.text) ? null : el('p', data(evidence.statement)),
    el('p', facts(el('span', moment(evidence.seen)), el('span', `· confidence ${evidence.confidence.toFixed(2)}`), evidence.exchange ? link(idLink(evidence.exchange), 'a', 'Open the exchange') : null)));
}

function itemView(item) {
  ask('/v1/events', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ events: [{ type: 'use', items: [item.id] }] }) }).catch(() => {});
  return el('article', el('h1', data(item.title)),
    el('p.facts', chip(words(item.type), 'kind'), chip(item.freshness, item.freshness), el('span', `confidence ${item.confidence.toFixed(2)}`)),
    el('p.statement', data(item.statement)),
    pairs([['Project', item.project], ['First seen', moment(item.first_seen)], ['Last seen', moment(item.last_seen)], ['Supported by', plural(item.support, 'observation')], ['Used', plural(item.uses, 'time')], ['Id', item.id]]),
    el('h2', 'Evidence'), el('ol.results', item.evidence.map(evidenceCard)));
}

function longText(text) {
  const pre = (part) => { const node = el('pre', part); node.dir = 'auto'; return node; };
  if (text.length <= LONG_TEXT) return pre(text);
  const rest = el('details', el('summary', `${plural(text.length - LONG_TEXT, 'more character')}`), pre(text.slice(LONG_TEXT)));
  return el('div', pre(text.slice(0, LONG_TEXT)), rest);
}

function stepNode(step) {
  const who = { request: 'Request', reply: 'Reply', call: 'Call', result: 'Result' }[step.kind] || step.kind;
  const node = el('div.step', el('div.who', who, step.tool ? [' · ', data(step.tool)] : null, step.failed ? [' ', chip('failed', 'failed')] : null));
  node.classList.add(step.kind);
  if (step.failed) node.classList.add('failed');
  const isSpeech = step.kind === 'request' || step.kind === 'reply';
  const said = el('p.said', step.text);
  said.dir = 'auto';
  node.append(isSpeech && step.text.length <= LONG_TEXT ? said : longText(step.text));
  return node;
}

function exchangeView(exchange) {
  const session = exchange.session;
  return el('article', el('h1', 'Exchange'),
    el('p.facts', chip(session.agent, 'kind'), el('span', moment(exchange.time)), exchange.model ? el('span', '· ', data(exchange.model)) : null, session.id ? link(idLink(session.id), 'a', data(session.title || 'its session')) : null),
    exchange.items.length ? [el('h2', 'What it taught'), el('ul.rows', exchange.items.map((item) => el('li', link(idLink(item.id), 'a', el('span.name', data(item.title)), el('span.counts', words(item.type))))))] : null,
    el('h2', 'Steps'), el('div', exchange.steps.map(stepNode)));
}

function sessionView(session) {
  const timeline = session.exchanges.map((exchange) => el('section', el('h2', link(idLink(exchange.id), 'a', moment(exchange.time))), exchange.steps.map(stepNode)));
  return el('article', el('h1', data(session.title || 'Untitled session')),
    el('p.facts', chip(session.agent, 'kind'), el('span', plural(session.exchanges.length, 'exchange'))),
    pairs([['Project', session.project], ['Branch', session.branch], ['Started', moment(session.started)], ['Ended', moment(session.ended)], ['Id', session.id]]), timeline);
}

async function recordView(id) {
  const kinds = { k: ['items', itemView], x: ['exchanges', exchangeView], s: ['sessions', sessionView] };
  const kind = kinds[id[0]];
  if (!kind) throw new Error('An id starts with k (item), x (exchange) or s (session).');
  return kind[1](await ask(`/v1/${kind[0]}/${encodeURIComponent(id)}`));
}

function readState() {
  const query = new URLSearchParams(location.search);
  const mode = query.get('mode');
  return { q: (query.get('q') || '').trim(), mode: ['text', 'vector'].includes(mode) ? mode : 'hybrid', kind: query.get('kind') || '', id: query.get('id') || '', view: query.get('view') || '' };
}

function viewOf(state) {
  if (state.id) return recordView(state.id);
  if (state.view === 'sessions') return listView('Sessions', '/v1/sessions?limit=50', 'sessions', sessionRow);
  if (state.view === 'items') return listView('Knowledge', '/v1/items?limit=50', 'items', itemRow);
  return searchView(state);
}

async function show(moveFocus) {
  const mine = ++turn;
  const state = readState();
  field.value = state.q;
  form.elements.mode.value = state.mode;
  form.elements.kind.value = ['item', 'exchange'].includes(state.kind) ? state.kind : '';
  const current = state.view || (state.id ? '' : 'search');
  for (const tab of document.querySelectorAll('nav a')) {
    if (tab.dataset.view === current) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  main.setAttribute('aria-busy', 'true');
  let content;
  try {
    content = await viewOf(state);
  } catch (error) {
    content = el('div', el('h1', 'This cannot be shown'), el('p.error', error.message));
  }
  if (mine !== turn) return;
  main.replaceChildren(content);
  main.removeAttribute('aria-busy');
  const heading = content.querySelector?.('h1');
  document.title = heading && !(!state.q && current === 'search') ? `${heading.textContent.slice(0, 80)} · Tacit` : 'Tacit';
  if (moveFocus) { window.scrollTo(0, 0); main.focus({ preventScroll: true }); }
}

function go(address) {
  history.pushState(null, '', address);
  show(true);
}

function submit() {
  const query = new URLSearchParams();
  query.set('q', field.value.trim());
  if (form.elements.mode.value !== 'hybrid') query.set('mode', form.elements.mode.value);
  if (form.elements.kind.value) query.set('kind', form.elements.kind.value);
  go(field.value.trim() ? '/?' + query : '/');
}

async function showStatus() {
  try {
    const status = await ask('/v1/status');
    const counts = status.counts;
    footer.replaceChildren(
      el('span', `Tacit ${status.version}`), el('span', plural(counts.items, 'item')), el('span', plural(counts.exchanges, 'exchange')), el('span', plural(counts.sessions, 'session')),
      status.has_model ? el('span', 'meaning: ', data(status.model)) : el('span.off', 'search by words only'),
      counts.to_learn ? el('span', `${plural(counts.to_learn, 'exchange')} to learn from`) : '');
  } catch (error) {
    footer.replaceChildren(el('span.off', error.message));
  }
}

form.addEventListener('submit', (event) => { event.preventDefault(); submit(); });
form.addEventListener('change', (event) => { if (event.target !== field && field.value.trim()) submit(); });
document.addEventListener('click', (event) => {
  const anchor = event.target.closest?.('a[data-link]');
  if (!anchor || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(anchor.getAttribute('href'));
});
document.addEventListener('keydown', (event) => {
  const isTyping = event.target.matches?.('input[type=search], select');
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    field.focus();
    field.select();
  } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && !event.target.matches?.('select, input[type=radio]')) {
    const stops = [...main.querySelectorAll('.hit h2 a, .rows a')];
    if (!stops.length) return;
    const next = stops.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
    event.preventDefault();
    (next < 0 ? field : stops[Math.min(next, stops.length - 1)]).focus();
  }
});
window.addEventListener('popstate', () => show(true));
setInterval(() => { if (!document.hidden) showStatus(); }, STATUS_EVERY_MS);
show(false);
showStatus();
