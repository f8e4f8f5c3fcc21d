// A real browser over TLS is nobody's program: whatever way an event takes, Chromium sends the headers that
// src/ingest/bot.c expects of it. The same browser under another's name is one.
//
// Headless Chromium says so in its User-Agent, so it is told to say what Chrome says.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

process.env.CRUMB ??= fileURLToPath(new URL('../../build/crumb', import.meta.url));
const { Server, eventually, site } = await import('../http/server.mjs');

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

// What a page does to tell of an event; each gets the address of a picture or of the collector.
const WAYS = {
    picture: (at, line) => new Promise((done) => (Object.assign(new Image(), { onload: done, onerror: done }).src = `${at}/p.gif?${line}`)),
    fetch: (at, line) => fetch(`${at}/p`, { method: 'POST', credentials: 'include', keepalive: true, body: line }).then(() => {}),
    beacon: (at, line) => void navigator.sendBeacon(`${at}/p`, line),
    leaving: (at, line) => void addEventListener('pagehide', () => navigator.sendBeacon(`${at}/p`, line)),
};

describe('Chromium over TLS', { timeout: 120_000 }, () => {
    let server, at, major;
    before(async () => {
        server = new Server();
        const file = (name) => join(server.folder, name);
        execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
            '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file('key.pem'), '-out', file('certificate.pem')], { stdio: 'ignore' });
        const tls = { certificate: 'certificate.pem', key: 'key.pem' };
        const agents = join(process.env.UAP_CORE ?? '/usr/share/uap-core', 'regexes.yaml');
        server.configure({ agents, tls });
        await server.launch();
        at = `https://127.0.0.1:${server.public}`;
        await server.reload({ agents, tls, sites: { shop: site({ origins: [at] }) } });
        const browser = await chromium.launch({ executablePath, args: ARGS });
        major = browser.version().split('.')[0];
        await browser.close();
    });
    after(() => server.end());

    // The bot labels of what a page told, by way.
    async function labels(agent, path, headers) {
        // Said to the browser itself: what is sent while a page is left has no page any more that could ignore errors.
        const args = [...ARGS, `--user-agent=${agent}`, '--ignore-certificate-errors'];
        const browser = await chromium.launch({ executablePath, args });
        const before = (await server.dump('journal')).length;
        try {
            const page = await browser.newPage();
            if (headers) await page.route('**/gpc.json', (route) => route.fulfill({ headers, body: '{}' }));
            await page.goto(`${at}/.well-known/gpc.json`);
            await page.unrouteAll(); // a request that waits for the test is lost with its page
            await page.evaluate(async (base) => {
                const { hash } = await (await fetch(`${base}/v1/notice?site=shop`)).json();
                const body = JSON.stringify({ site: 'shop', notice: hash, surface: 'api', action: 'grant' });
                await fetch(`${base}/v1/consent`, { method: 'POST', credentials: 'include', body });
            }, at);
            for (const [name, way] of Object.entries(WAYS)) {
                const line = new URLSearchParams({ aid: 'shop', e: 'pv', url: `${at}/${path}/${name}` }).toString();
                await page.evaluate(`(${way})(${JSON.stringify(at)}, ${JSON.stringify(line)})`);
            }
            await page.goto('about:blank');
            const stored = async () => (await server.dump('journal')).slice(before);
            await eventually('every event being stored', async () => (await stored()).length === Object.keys(WAYS).length);
            return Object.fromEntries((await stored()).map(({ log }) => [log.path.split('/').at(-1), log.bot]));
        } finally {
            await browser.close();
        }
    }

    const chrome = (version) =>
        `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`;
    const all = (label) => Object.fromEntries(Object.keys(WAYS).map((name) => [name, label]));

    it('is no program, whatever way an event takes', async () => {
        assert.deepEqual(await labels(chrome(major), 'as-it-is'), all(undefined));
    });

    it('is none on a page that lets nobody send client hints', async () => {
        const policy = { 'permissions-policy': 'ch-ua=(), ch-ua-mobile=(), ch-ua-platform=()' };
        assert.deepEqual(await labels(chrome(major), 'no-hints', policy), all(undefined));
    });

    it('is one where it says that it is another version', async () => {
        assert.deepEqual(await labels(chrome(major - 20), 'another-version'), all('headers'));
    });

    it('is one where it says that it is Firefox', async () => {
        const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
        assert.deepEqual(await labels(agent, 'firefox'), all('headers'));
    });
});
