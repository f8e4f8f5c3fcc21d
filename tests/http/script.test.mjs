// consent.js: one response for each site, language and regime, in the coding that the client likes best.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import vm from 'node:vm';
import { request } from './client.mjs';
import { HTTP2, site, start, withServer } from './server.mjs';

const FOLDER = new URL('../../consent-js/src/', import.meta.url);
const SOURCES = readdirSync(FOLDER).filter((name) => name.endsWith('.ts')).map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));
const TITLE = '</script><script>alert(1)</script>\u2028';
const shop = (more) => site({ texts: { de: { title: TITLE }, ar: { title: 'اختيارك' } }, ...more });

// What the script is given, as a browser would read it.
function settingsOf(text) {
    const json = text.match(/^\(\(\)=>\{const SETTINGS=(\{.*?\});/s)?.[1];
    assert.ok(json, text.slice(0, 200));
    new vm.Script(text); // the whole is a script
    return JSON.parse(json);
}

describe('GET /consent.js', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        const ads = { collects: ['log'], separate: true };
        const us = site({ regimes: { default: 'opt_out' }, purposes: { ...site().purposes, ads } });
        server = await start({ ...HTTP2, sites: { shop: shop(), us } });
    });
    after(() => server.end());

    const get = (query, headers) => server.get(`/consent.js?${query}`, headers);

    it('is a script with the settings of the site and every word of the notice', async () => {
        const answer = await get('site=shop&lang=de');
        const settings = settingsOf(answer.text);
        const { hash, notice } = await server.visitor().notice('de');
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['content-type'], 'text/javascript; charset=utf-8');
        assert.deepEqual(Object.keys(settings), ['site', 'notice', 'material', 'lang', 'dir', 'speaks', 'regime',
            'purposes', 'texts', 'controller', 'storage', 'retention', 'control', 'pixel']);
        assert.equal(settings.notice, hash);
        for (const part of ['controller', 'storage', 'retention']) assert.deepEqual(settings[part], notice[part]);
        for (const [key, text] of Object.entries(settings.texts)) assert.equal(text, notice.texts[key], key);
        settings.purposes.forEach((purpose, i) => {
            const { separate, ...shown } = notice.purposes[i];
            assert.deepEqual(purpose, separate ? notice.purposes[i] : shown, 'what is empty is left out');
        });
    });

    it('has every text that the banner shows under its law, and no other law\'s', async () => {
        const own = await Promise.all(['shop', 'us'].map(async (name) => settingsOf((await get(`site=${name}`)).text).texts));
        const named = SOURCES.flatMap((source) => [...source.matchAll(/\btext\('([\w.]+)'\)/g)].map(([, key]) => key));
        assert.ok(named.length > 20);
        for (const key of named) assert.ok(own[1][key], key);
        const only = ['ok', 'accept_more', 'allow', 'back', 'refuse'];
        for (const key of named.filter((key) => !only.includes(key))) assert.ok(own[0][key], key);
        for (const key of [...only, 'opt_out.title', 'opt_out.body'])
            assert.deepEqual([own[0][key], typeof own[1][key]], [undefined, 'string'], key);
        for (const key of ['title', 'body']) assert.deepEqual([typeof own[0][key], own[1][key]], ['string', undefined], key);
        for (const key of ['journal', 'segments', 'visitor', 'choice']) assert.ok(own[0][`retention.${key}`]);
    });

    it('is small in every language: at most 8192 bytes by brotli', async () => {
        const langs = readdirSync(new URL('../texts/', FOLDER)).map((name) => name.replace('.json', ''));
        const sizes = await Promise.all(
            langs.map(async (lang) => (await get(`site=shop&lang=${lang}`, { 'accept-encoding': 'br' })).body.length),
        );
        assert.ok(langs.length >= 25);
        assert.deepEqual(langs.filter((_, i) => sizes[i] > 8192), [], sizes.join(' '));
    });

    it('cannot be broken out of by a text', async () => {
        const { text } = await get('site=shop&lang=de');
        const head = text.slice(0, text.indexOf('};'));
        assert.ok(!head.includes('<') && !head.includes('\u2028'));
        assert.equal(settingsOf(text).texts.title, TITLE);
    });

    // The page's own tag is asked of the service where another language may fit it better.
    const speaks = {
        en: [['en', 'en-US', 'EN'], ['eng', 'de', 'enm']],
        nb: [['nb', 'no', 'nn', 'nn-NO'], ['nl']],
        he: [['he', 'iw', 'iw-IL'], ['heb']],
        pt: [['pt'], ['pt-BR']],
        'pt-BR': [['pt-BR', 'pt-br'], ['pt']],
        zh: [['zh'], ['zh-TW', 'zh-Hant', 'zh-HK', 'zh-CN']],
        'zh-TW': [['zh-TW', 'zh-Hant', 'zh-Hant-HK', 'zh-HK', 'zh-MO'], ['zh', 'zh-CN']],
    };
    for (const [lang, [good, bad]] of Object.entries(speaks))
        it(`knows the pages whose language it speaks: ${lang}`, async () => {
            const pattern = new RegExp(settingsOf((await get(`site=shop&lang=${lang}`)).text).speaks, 'i');
            assert.deepEqual([...good, ...bad].filter((tag) => pattern.test(tag)), good, pattern.source);
        });

    it('knows how its language is written, and which law applies', async () => {
        assert.equal(settingsOf((await get('site=shop&lang=ar')).text).dir, 'rtl');
        assert.equal(settingsOf((await get('site=shop&lang=en')).text).dir, 'ltr');
        assert.equal(settingsOf((await get('site=shop')).text).regime, 'opt_in');
        assert.equal(settingsOf((await get('site=us')).text).regime, 'opt_out');
    });

    for (const [accept, coding, decode] of [
        [undefined, undefined, (body) => body],
        ['gzip', 'gzip', gunzipSync],
        ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
        ['br;q=0.1, gzip;q=0.2', 'gzip', gunzipSync],
        ['br;q=0, gzip;q=0', undefined, (body) => body],
    ])
        it(`comes as ${coding ?? 'it is'} for ${accept ?? 'no Accept-Encoding'}`, async () => {
            const plain = await get('site=shop');
            const answer = await get('site=shop', accept ? { 'accept-encoding': accept } : {});
            assert.equal(answer.headers['content-encoding'], coding);
            assert.equal(Number(answer.headers['content-length']), answer.body.length);
            assert.equal(decode(answer.body).toString(), plain.text);
            assert.equal(answer.headers.vary, 'Accept-Language, Accept-Encoding');
        });

    it('may be kept by the browser for five minutes, and asked for again by its tag', async () => {
        const first = await get('site=shop', { 'accept-encoding': 'br' });
        const { etag } = first.headers;
        assert.match(etag, /^"[0-9a-f]{32}-br"$/);
        assert.equal(first.headers['cache-control'], 'private, max-age=300');
        assert.equal(first.headers['cross-origin-resource-policy'], 'cross-origin');
        assert.equal(first.headers['x-content-type-options'], 'nosniff');
        for (const [tags, status] of [[etag, 304], [`W/${etag}`, 304], [`"other", ${etag}`, 304], ['*', 304],
            ['"other"', 200], [etag.replace('-br', ''), 200]]) {
            const answer = await get('site=shop', { 'accept-encoding': 'br', 'if-none-match': tags });
            assert.equal(answer.status, status, tags);
            assert.equal(answer.headers.etag, etag);
            assert.equal(answer.body.length, status === 304 ? 0 : first.body.length);
            if (status === 304) assert.equal(answer.headers.vary, 'Accept-Language, Accept-Encoding');
        }
        assert.equal((await get('site=shop', { 'if-none-match': etag })).status, 200, 'another coding is another thing');
    });

    it('answers the next request of the connection behind a 304', async () => {
        const { etag } = (await get('site=shop')).headers;
        const wire = await import('./client.mjs').then(({ Wire }) => new Wire(server.public));
        await wire.send(`GET /consent.js?site=shop HTTP/1.1\r\nHost: x\r\nIf-None-Match: ${etag}\r\n\r\n` +
            'GET /v1/notice?site=shop HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        const { text } = await wire.closed;
        assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 304', 'HTTP/1.1 200']);
    });

    it('sets no cookie and needs none', async () => {
        for (const query of ['site=shop', 'site=shop&lang=ar']) assert.deepEqual((await get(query)).setCookies, []);
    });

    it('needs a site that there is', async () => {
        (await get('')).error(400);
        (await get('site=nowhere')).error(404);
    });
});

describe('GET /pixel.js and /clicks.js', { timeout: 60_000 }, () => {
    const purposes = { analytics: { collects: ['log', 'device'] }, journeys: { collects: ['clickpath'] }, ads: { collects: [] } };
    let server;
    before(async () => {
        const sites = { shop: site({ purposes }), app: site({ purposes, pages: { query: ['q'], hash: true } }),
            ads: site({ purposes: { ads: { collects: [] } } }) };
        server = await start({ sites });
    });
    after(() => server.end());

    const br = { 'accept-encoding': 'br' };

    it('are small: at most 1500 bytes, and 450 for the clicks, by brotli', async () => {
        assert.ok((await server.get('/pixel.js?site=shop', br)).body.length <= 1500);
        assert.ok((await server.get('/clicks.js?site=shop', br)).body.length <= 450);
    });

    it('are scripts, with the settings of the site', async () => {
        const collects = [['analytics', 'pd'], ['journeys', 's']];
        assert.deepEqual(settingsOf((await server.get('/pixel.js?site=shop')).text), { site: 'shop', collects });
        assert.deepEqual(settingsOf((await server.get('/pixel.js?site=app')).text), { site: 'app', collects, query: ['q'], hash: true });
        new vm.Script((await server.get('/clicks.js?site=shop')).text);
    });

    it('are kept, compressed and asked for again as consent.js is', async () => {
        for (const name of ['pixel', 'clicks']) {
            const { headers, body, setCookies } = await server.get(`/${name}.js?site=shop`, br);
            assert.match(headers.etag, /^"[0-9a-f]{32}-br"$/);
            assert.equal(headers['content-encoding'], 'br');
            assert.equal(headers['cache-control'], 'private, max-age=300');
            assert.equal(headers.vary, 'Accept-Encoding');
            assert.deepEqual(setCookies, []);
            const plain = await server.get(`/${name}.js?site=shop`);
            assert.equal(brotliDecompressSync(body).toString(), plain.text);
            assert.equal((await server.get(`/${name}.js?site=shop`, { ...br, 'if-none-match': headers.etag })).status, 304);
        }
    });

    it('are asked for by the banner only where a purpose collects', async () => {
        for (const [name, pixel] of Object.entries({ shop: true, ads: false }))
            assert.equal(settingsOf((await server.get(`/consent.js?site=${name}`)).text).pixel, pixel, name);
    });

    it('need a site that there is', async () => {
        for (const name of ['pixel', 'clicks']) {
            (await server.get(`/${name}.js`)).error(400);
            (await server.get(`/${name}.js?site=nowhere`)).error(404);
        }
    });
});

describe('a script that nobody asked for yet', { timeout: 60_000 }, () => {
    it('is made once for all who ask at the same time, each gets the same, and those who leave hurt nobody', async () => {
        await withServer({ sites: { shop: shop() } }, async (server) => {
            const leaving = Array.from({ length: 20 }, async () => {
                const { Wire, raw } = await import('./client.mjs');
                const wire = new Wire(server.public);
                await wire.send(raw('/consent.js?site=shop&lang=ar'));
                return wire.end();
            });
            const staying = Array.from({ length: 60 }, () =>
                request(server.public, { path: '/consent.js?site=shop&lang=ar', headers: { 'accept-encoding': 'br' } }));
            const answers = await Promise.all(staying);
            await Promise.all(leaving);
            assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
            assert.equal(new Set(answers.map(({ body }) => body.toString('base64'))).size, 1);
        });
    });

    it('is another one after a reload that changes a text, at the same address', async () => {
        await withServer({ sites: { shop: shop() } }, async (server) => {
            const before = await server.get('/consent.js?site=shop&lang=en');
            await server.reload({ sites: { shop: shop({ texts: { en: { title: 'Another' } } }) } });
            const answer = await server.get('/consent.js?site=shop&lang=en', { 'if-none-match': before.headers.etag });
            assert.equal(answer.status, 200);
            assert.equal(settingsOf(answer.text).texts.title, 'Another');
        });
    });
});
