// The dashboard for tests: a store with four weeks of made-up visits, a real crumb, Chromium, and the API beside it.
//
//     await open({ hash: 'view=paths' }, async ({ page }) => { ... });
//
// Every page ends with proof that the browser had nothing to complain about (no error, no violation of the policy) and
// that nobody but crumb was asked for anything.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { mmdb } from '../http/mmdb.mjs';

const inProject = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
process.env.CRUMB ??= inProject('build/crumb');
process.env.REPLAY ??= inProject('build/bench/replay');
export const { Server, eventually, site } = await import('../http/server.mjs');
const { request } = await import('../http/client.mjs');

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const HOUR = 3600_000, DAY = 24 * HOUR;
export const ZONE = 'Europe/Berlin';

// ---- who signs in ----

function token(name, role, sites) {
    const text = randomBytes(32).toString('base64url');
    return { text, line: { name, role, hash: createHash('sha256').update(text).digest('hex'), ...(sites && { sites }) } };
}
export const ANA = token('ana', 'analyst', ['shop']), PIA = token('pia', 'privacy', ['shop']), ADA = token('ada', 'admin');
export const TOKENS = [ANA.line, PIA.line, ADA.line];

// ---- what happened ----

export const ATTACK = '<img src=x onerror="window.hacked=1">"><script>window.hacked=1</script>{{7*7}}';
export const LONG = `/${'very-long-name-'.repeat(133)}`.slice(0, 2000);

const PLACES = { DE: 'Berlin', FR: 'Paris', US: 'New York', JP: 'Tokyo', BR: 'São Paulo' };
const AGENTS = [
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1', '390x844'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36', '1920x1080'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', '1440x900'],
];
const FROM = ['', 'https://www.google.com/', 'https://www.bing.com/', 'https://news.example/a', 'utm_source=letter&utm_medium=email&utm_campaign=autumn'];
const WAYS = [['/', '/shoes', '/cart', '/thanks'], ['/', '/shoes'], ['/blog', '/'], ['/shoes', '/cart'], ['/'], ['/blog']];

function line(t, visitor, i, purposes, pairs) {
    const [ua, res] = AGENTS[i % AGENTS.length];
    const event = Object.entries({ res, lang: ['de-DE', 'en-US', 'fr'][i % 3], ...pairs }).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    return { t, site: 'shop', visitor, ip: `100.64.${i % Object.keys(PLACES).length}.7`, ua, purposes, event };
}

function visits(now) {
    const lines = [];
    for (let day = 60; day >= 0; day--)
        for (let i = 0; i < 12 + ((60 - day) % 5); i++) {
            let t = Math.floor((now - day * DAY) / DAY) * DAY + (i + 1) * HOUR;
            if (t > now - 10_000) continue;
            const purposes = [['analytics', 'journeys'], ['analytics'], []][(day + i) % 5 < 3 ? 0 : (day + i) % 5 - 2];
            const from = FROM[(day * 3 + i) % FROM.length], visitor = `v${(day * 7 + i) % 200}`;
            WAYS[(day + i) % WAYS.length].forEach((path, step) => {
                const isCampaign = step === 0 && from.startsWith('utm');
                const put = (pairs) => lines.push(line(t, visitor, i + day, purposes, { url: `https://shop.example${path}${isCampaign ? `?${from}` : ''}`, ...pairs }));
                put({ e: 'pv', ...(step === 0 && from && !isCampaign ? { refr: from } : {}) });
                if (path === '/cart') put({ e: 'se', se_ca: 'click', se_ac: 'buy' });
                if (path === '/thanks') put({ e: 'se', se_ca: 'event', se_ac: 'Order', se_va: '19.90', x_cur: 'EUR' });
                t += 20_000 + 1000 * i;
            });
        }
    return lines;
}

// Everything that a visitor's browser says, as an attack, and as long as can be.
function attacks(now) {
    const t = now - 2 * HOUR, all = ['analytics', 'journeys'], path = encodeURI(`/${ATTACK}`).replaceAll('?', '%3F');
    const rude = (i, pairs) => line(t + i * 1000, `rude${i}`, i, all, pairs);
    return [
        rude(1, { e: 'pv', url: `https://shop.example${path}`, page: ATTACK, refr: `https://evil.example/${encodeURIComponent(ATTACK)}`, lang: 'x"><img/src=x>' }),
        rude(1, { e: 'se', se_ca: 'event', se_ac: ATTACK, se_la: ATTACK, se_pr: ATTACK, [`x_p.${ATTACK.slice(0, 60)}`]: ATTACK, url: `https://shop.example${path}` }),
        rude(1, { e: 'se', se_ca: ATTACK, se_ac: ATTACK, se_la: 'javascript:window.hacked=1', url: `https://shop.example${path}` }),
        rude(1, { e: 'se', se_ca: 'click', se_ac: ATTACK, url: `https://shop.example${path}` }),
        rude(1, { e: 'se', se_ca: 'click', se_ac: 'a', se_la: `https://evil.example/${ATTACK}`, url: `https://shop.example${path}` }),
        rude(1, { e: 'pv', url: 'https://shop.example/' }),
        ...['source', 'medium', 'campaign', 'content', 'term'].map((name, i) => rude(2 + i, { e: 'pv', url: `https://shop.example/?utm_${name}=${encodeURIComponent(ATTACK)}` })),
        rude(10, { e: 'pv', url: `https://shop.example${LONG}`, page: 'x'.repeat(512) }),
        rude(10, { e: 'se', se_ca: 'event', se_ac: 'y'.repeat(512), url: `https://shop.example${LONG}` }),
        rude(11, { e: 'pv', url: 'https://shop.example/عربي-صفحة' }),
    ].sort((a, b) => a.t - b.t);
}

// The night in which the clock goes back: each hour of it, 25 in all.
function longNight() {
    const from = Date.parse('2025-10-25T22:00:00Z');
    return Array.from({ length: 25 }, (_, i) => line(from + i * HOUR + 60_000, `night${i}`, i, ['analytics'], { e: 'pv', url: 'https://shop.example/night' }));
}

// ---- the server ----

export async function startServer() {
    const config = {
        geo: './geo.mmdb', agents: '/usr/share/uap-core/regexes.yaml', tokens: TOKENS,
        sites: {
            shop: site({ name: 'Shop & <b>Sons</b>', timezone: ZONE, goals: [{ event: 'Order', currency: 'EUR' }, { page: '/cart' }] }),
            blog: site({ name: 'Blog', timezone: 'America/New_York' }),
        },
    };
    const server = new Server(config);
    const networks = Object.entries(PLACES).map(([code, city], i) => [`100.64.${i}.0/24`, { country: { iso_code: code }, city: { names: { en: city } } }]);
    writeFileSync(join(server.folder, 'geo.mmdb'), mmdb(Object.fromEntries(networks)));
    const now = Date.now();
    const lines = [...longNight(), ...[...visits(now), ...attacks(now)].sort((a, b) => a.t - b.t)];
    const filled = spawnSync(process.env.REPLAY, ['-c', server.file], { input: lines.map((one) => JSON.stringify(one)).join('\n') + '\n', encoding: 'utf8' });
    assert.equal(filled.status, 0, filled.stderr + filled.stdout);
    await server.launch();
    return server;
}

// What a program would be answered.
export async function ask(server, path, body, headers = {}) {
    const options = { method: body ? 'POST' : 'GET', path, headers: { authorization: `Bearer ${ADA.text}`, ...headers }, body: body && JSON.stringify(body) };
    const answer = await request(server.private, options);
    assert.equal(answer.status, 200, answer.text);
    return headers.accept ? answer.text : answer.json();
}

// ---- the browser ----

let browser;
export const startBrowser = async () => (browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS }));
export const stopBrowser = () => browser?.close();

// A page of the dashboard, signed in as @who (nobody: null) by the link. @expected: what the console may say.
export async function open(server, { who = ADA, hash = 'site=shop', expected = [], ...options }, act) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', acceptDownloads: true, ...options });
    const problems = [], asked = new Set();
    await context.addInitScript(() =>
        addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`policy: ${violatedDirective} ${blockedURI}`)));
    context.on('weberror', (error) => problems.push(String(error.error())));
    context.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
    context.on('request', (asking) => /^https?:/.test(asking.url()) && asked.add(new URL(asking.url()).origin));
    context.setDefaultTimeout(15_000);
    const page = await context.newPage(), at = `http://127.0.0.1:${server.private}/`;
    try {
        await page.goto(`${at}#${hash}${who ? `&token=${who.text}` : ''}`);
        if (who) await settled(page);
        await act({ page, context, at });
        await context.close();
    } catch (error) {
        await context.close();
        throw error;
    }
    assert.deepEqual(problems.filter((problem) => !expected.some((pattern) => pattern.test(problem))), [], 'what the browser complained about');
    assert.deepEqual([...asked], [new URL(at).origin], 'nobody else was asked for anything');
}

// Until nothing is being asked for any more, below the screen too.
export async function settled(page) {
    await page.waitForFunction(() => document.querySelector('main, .sign-in') && !document.querySelector('[aria-busy], .skeleton'));
}

// "1,234", "12.5%", "2m 5s" as the number it was; "–" as null.
export function numberOf(text) {
    if (text.trim() === '–') return null;
    const time = /^(?:(\d+)h )?(?:(\d+)m ?)?(?:(\d+)s)?$/.exec(text.trim());
    if (time && /[hms]/.test(text)) return (time[1] ?? 0) * 3600 + (time[2] ?? 0) * 60 + +(time[3] ?? 0);
    return Number(text.replace(/[,%]/g, ''));
}
