'use strict';
// Drives browsers for the Go side. Requests come as JSON lines on stdin,
//   {"id": 1, "op": "open", "args": {…}}
// and are answered on stdout by {"id": 1, "result": …} or {"id": 1, "error": "…"}.
// What pages report arrives between the answers as
//   {"page": "anna", "event": "onCallListener", "at": ms since 1970, "data": {…}}.
// Requests run side by side; the Go side numbers them. End of input ends the
// process and all browsers with it.

const { createInterface } = require('node:readline');
const { readFileSync } = require('node:fs');
const { chromium } = require('playwright-core');

const browsers = new Map();
const pages = new Map();
const sources = new Map(); // path → text, read once: a run sees one version

function write(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

function report(page, event, data, at) {
  write({ page, event, at: at || Date.now(), data: data || {} });
}

function need(map, kind, name) {
  const found = map.get(name);
  if (!found) throw new Error(`no ${kind} named ${name}`);
  return found;
}

function source(path) {
  if (!sources.has(path)) sources.set(path, readFileSync(path, 'utf8'));
  return sources.get(path);
}

// A page with no server behind it: http://localhost is a secure context, which
// getUserMedia asks for, and the route answers in the server's place.
async function serveScripts(page, scripts) {
  const texts = scripts.map(source);
  const tags = scripts.map((_, i) => `<script src="/script/${i}.js"></script>`).join('');
  const html = `<!doctype html><meta charset="utf-8"><title>client</title><video id="local" muted playsinline></video><div id="remotes"></div>${tags}`;
  await page.route('http://localhost/**', (route) => {
    const match = /\/script\/(\d+)\.js$/.exec(route.request().url());
    if (match) return route.fulfill({ contentType: 'text/javascript; charset=utf-8', body: texts[match[1]] });
    if (route.request().url() === 'http://localhost/') return route.fulfill({ contentType: 'text/html; charset=utf-8', body: html });
    return route.fulfill({ status: 404, body: '' });
  });
}

function reportPage(name, page) {
  page.on('console', (message) => report(name, 'console', { type: message.type(), text: message.text() }));
  page.on('pageerror', (error) => report(name, 'pageerror', { text: String(error) }));
  page.on('crash', () => report(name, 'crash'));
  page.on('websocket', (socket) => {
    const log = (direction) => ({ payload }) => report(name, 'stanza', { direction, xml: String(payload) });
    socket.on('framesent', log('sent'));
    socket.on('framereceived', log('received'));
  });
}

const operations = {
  async launch({ browser, executable, args }) {
    if (browsers.has(browser)) throw new Error(`browser ${browser} runs already`);
    browsers.set(browser, await chromium.launch({ executablePath: executable, args, headless: true, chromiumSandbox: false }));
    return { version: browsers.get(browser).version() };
  },

  // Opens a page of its own context: nothing is kept from scenario to scenario.
  // With scripts it is served here, with url it comes from the network.
  async open({ page: name, browser, scripts, url, init, userAgent, viewport, mobile }) {
    if (pages.has(name)) throw new Error(`page ${name} is open already`);
    const context = await need(browsers, 'browser', browser).newContext({
      permissions: ['camera', 'microphone'],
      ...(userAgent ? { userAgent } : {}),
      ...(viewport ? { viewport } : {}),
      ...(mobile ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
    });
    const page = await context.newPage();
    pages.set(name, page);
    reportPage(name, page);
    await page.exposeFunction('report', (event, at, data) => report(name, event, data, at));
    for (const path of init || []) await page.addInitScript({ content: source(path) });
    if (scripts) await serveScripts(page, scripts);
    await page.goto(url || 'http://localhost/');
    return null;
  },

  async call({ page, method, args }) {
    const result = await need(pages, 'page', page).evaluate(
      async ([name, values]) => window.client[name](...values), [method, args || []]);
    return result === undefined ? null : result;
  },

  async click({ page, selector, timeout }) {
    await need(pages, 'page', page).click(selector, { timeout });
    return null;
  },

  async wait({ page, selector, timeout }) {
    await need(pages, 'page', page).waitForSelector(selector, { timeout });
    return null;
  },

  async screenshot({ page, path }) {
    await need(pages, 'page', page).screenshot({ path });
    return null;
  },

  async close({ page: name }) {
    const page = need(pages, 'page', name);
    pages.delete(name);
    await page.context().close();
    return null;
  },
};

async function serve(line) {
  let request;
  try {
    request = JSON.parse(line);
  } catch (error) {
    return write({ id: 0, error: `request is not JSON: ${error.message}` });
  }
  try {
    const operation = operations[request.op];
    if (!operation) throw new Error(`unknown operation ${request.op}`);
    write({ id: request.id, result: await operation(request.args || {}) });
  } catch (error) {
    write({ id: request.id, error: String(error.message || error) });
  }
}

async function shutdown() {
  await Promise.allSettled([...browsers.values()].map((browser) => browser.close()));
  process.exit(0);
}

const input = createInterface({ input: process.stdin });
input.on('line', serve);
input.on('close', shutdown);
