// Walks the page in Chromium and says what it finds as one JSON document.
// usage: page_check.mjs hostile|axe URL CHROMIUM < list of views, a JSON array of addresses such as "/?id=k…"
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [what, url, program] = process.argv.slice(2);
const views = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });

// Everything that the page itself makes; an element or attribute that is not here came out of data.
const TAGS = ['A', 'ARTICLE', 'BDI', 'BLOCKQUOTE', 'BUTTON', 'CODE', 'DD', 'DETAILS', 'DIV', 'DL', 'DT', 'H1', 'H2', 'H3', 'LI', 'MARK', 'METER', 'OL',
  'P', 'PRE', 'SECTION', 'SPAN', 'SUMMARY', 'UL'];
const ATTRIBUTES = ['aria-label', 'class', 'data-link', 'dir', 'href', 'max', 'min', 'open', 'value'];

function census([tags, attributes]) {
  const found = [];
  const main = document.getElementById('main');
  for (const node of main.querySelectorAll('*')) {
    if (!tags.includes(node.tagName)) found.push(`element ${node.tagName}`);
    for (const { name, value } of node.attributes) {
      if (!attributes.includes(name)) found.push(`attribute ${name}`);
      if (name === 'href' && !/^\/\?(id=[kxs][0-9a-z]{12}|view=\w+)$/.test(value)) found.push(`href ${value}`);
      if (name === 'class' && !/^[a-z_ ]*$/.test(value)) found.push(`class ${value}`);
    }
  }
  if (document.scripts.length !== 1) found.push(`${document.scripts.length} scripts`);
  if (document.querySelectorAll('iframe, object, embed, base, style').length) found.push('a frame, object, base or style');
  if ('pwned' in window || document.title === 'owned') found.push('a script ran');
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) found.push(`scrolls sideways at ${innerWidth} pixels`);
  return { found: [...new Set(found)], text: main.textContent, title: document.title };
}

async function go(page, view) {
  await page.evaluate((address) => {
    document.getElementById('main').setAttribute('aria-busy', 'true');
    history.pushState(null, '', address);
    dispatchEvent(new PopStateEvent('popstate'));
  }, view);
  await page.waitForFunction(() => !document.getElementById('main').hasAttribute('aria-busy'), null, { timeout: 60_000 });
}

async function hostile(bypassCSP, width) {
  const context = await browser.newContext({ bypassCSP, viewport: { width, height: 900 } });
  const page = await context.newPage();
  const strange = [];
  page.on('dialog', (dialog) => { strange.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on('pageerror', (error) => strange.push(`error ${error.message}`));
  page.on('popup', () => strange.push('a new window'));
  page.on('request', (request) => {
    const address = new URL(request.url());
    const isOurs = address.origin === url && /^\/($|v1\/|app\.js$|style\.css$|favicon\.)/.test(address.pathname);
    if (!isOurs) strange.push(`request ${request.url()}`);
  });
  page.on('framenavigated', (frame) => { if (new URL(frame.url()).origin !== url) strange.push(`went to ${frame.url()}`); });
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => { window.blocked = event.blockedURI || event.violatedDirective; }));
  await page.goto(url + '/');
  await page.waitForFunction(() => document.querySelector('#main h1'));
  const found = [];
  const texts = {};
  for (const view of views) {
    await go(page, view);
    const answer = await page.evaluate(census, [TAGS, ATTRIBUTES]);
    for (const one of answer.found) found.push(`${view}: ${one}`);
    texts[view] = answer.text;
  }
  const blocked = await page.evaluate(() => window.blocked ?? null);
  if (blocked !== null) strange.push(`the policy had to stop ${blocked}`);
  await context.close();
  return { found, strange, texts };
}

async function axe() {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const found = [];
  let runs = 0;
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1200, 360]) {
      const context = await browser.newContext({ bypassCSP: true, colorScheme, viewport: { width, height: 800 } });
      const page = await context.newPage();
      for (const view of views) {
        await page.goto(url + view);
        await page.waitForFunction(() => document.querySelector('#main h1, #main .error') && document.querySelector('#status span'));
        await page.evaluate(source);
        const { violations, passes } = await page.evaluate(() => axe.run(document));
        if (!passes.length) throw new Error('axe looked at nothing');
        runs += 1;
        for (const { id, impact, nodes } of violations) found.push({ view, colorScheme, width, id, impact, nodes: nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`) });
      }
      await context.close();
    }
  }
  return { found, runs };
}

const answer = what === 'axe' ? await axe() : { guarded: await hostile(false, 1200), bare: await hostile(true, 360) };
await browser.close();
console.log(JSON.stringify(answer));
