// The policy: it says what the service does, in every language, also when that changes; what was and what will be are told.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { eventually, site, sleep, start, withServer } from './server.mjs';

const LANGS = readdirSync(new URL('../../consent-js/texts/', import.meta.url)).map((name) => name.replace('.json', ''));
const ads = { name: 'Ad Partner <Inc.>', country: 'US', why: 'shows you ads & more' };
const shop = (more) => site({ name: 'Example Shop', storage: { country: 'DE', location: 'Frankfurt' }, ...more });
const decode = (html) => html.replace(/&#39;/g, "'").replace(/&#34;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
const words = (html) => decode(html.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ');
// What stands under a heading, as a reader sees it.
const section = (html, id) => words(html.match(new RegExp(`<h2 id="${id}">(.*?)(?=<h2|<nav|$)`, 's'))?.[1] ?? '');

describe('GET /policy', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        const also = [
            { what: 'Orders <all>', why: 'to deliver', where: 'the shop\'s database', kept: '10 years' },
            { what: 'Konto', why: 'zum Anmelden', lang: 'de' },
            { what: 'Account', why: 'to sign in', lang: 'en' },
        ];
        const purposes = { ...site().purposes, marketing: { collects: [], recipients: ['ads'] } };
        server = await start({
            sites: {
                shop: shop({ recipients: { ads }, purposes, policy: { also }, regimes: { default: 'opt_in', US: 'opt_out', 'CA-QC': 'opt_in', CA: 'notice_only' } }),
                plain: site({ on_withdraw: 'keep', address: 'none', regimes: { default: 'opt_out' },
                    controller: { name: 'Plain', contact: 'https://plain.example/ask' } }),
            },
        });
    });
    after(() => server.end());

    const get = (query = 'site=shop&lang=en', headers) => server.get(`/policy?${query}`, headers);

    it('is a page that needs no script and loads nothing but its style', async () => {
        const { status, headers, text, setCookies } = await get();
        assert.equal(status, 200);
        assert.equal(headers['content-type'], 'text/html; charset=utf-8');
        assert.match(headers['content-security-policy'], /^default-src 'none'; style-src 'self';/);
        assert.equal(headers['content-language'], 'en');
        assert.match(headers.vary, /Accept-Language/);
        assert.deepEqual(setCookies, []);
        assert.doesNotMatch(text, /<script|style=|\son\w+=|<img/);
        assert.deepEqual([...text.matchAll(/<link[^>]* href="([^"]*)"/g)].map(([, href]) => href), ['privacy.css']);
    });

    it('says what is collected, why, where, how long, who receives it and who is responsible', async () => {
        const { text } = await get();
        const { notice } = await server.visitor().notice('en');
        const purposes = section(text, 'purposes');
        for (const { title, description } of notice.purposes) for (const words of [title, description]) assert.ok(purposes.includes(words), words);
        for (const key of ['class.log', 'class.device', 'class.clickpath', 'address.truncated', 'recipients.none'])
            assert.ok(purposes.includes(notice.texts[key]), key);
        assert.ok(purposes.includes('Ad Partner <Inc.> (United States): shows you ads & more'));
        assert.match(purposes, /Legal basis: your consent/);
        assert.match(purposes, /On until you say no, where the law allows that: United States\./);
        assert.match(purposes, /On without being asked, where the law allows that: Canada\./);
        assert.match(section(text, 'storage'), /Frankfurt , Germany/);
        assert.match(section(text, 'retention'), /Raw data Days: 30 Visits Days: 750 Your visitor number Days: 390 Your consent Days: 180 Your refusal Days: 180 /);
        assert.match(section(text, 'retention'), /what was collected under it is deleted/);
        assert.match(section(text, 'controller'), /Example Shop privacy@shop\.example/);
        assert.match(section(text, 'browser'), /crumb_choice .* Days: 180 crumb_id A random number, there only while you allow something that collects\. Days: 390/);
        assert.match(section(text, 'minors'), /young visitors/);
        assert.match(section(text, 'automated'), /No decision about you is made by a machine/);
        assert.ok(text.includes(`v1/notice/${(await server.visitor().notice('en')).hash}`));
    });

    it('says the other things where they are so', async () => {
        const { text } = await get('site=plain&lang=en');
        assert.match(section(text, 'retention'), /collecting ends; what there is stays/);
        assert.match(section(text, 'browser'), /After a withdrawal it only lets you see what is kept, and delete it/);
        assert.doesNotMatch(section(text, 'purposes'), /IP address|Legal basis/);
        assert.match(section(text, 'purposes'), /On until you say no, where the law allows that: everywhere else\./);
        assert.equal(section(text, 'storage'), '');
        assert.equal(section(text, 'also'), '');
        assert.match(text, /<a href="https:\/\/plain\.example\/ask">/);
    });

    it('lists what the site does besides, in the reader\'s language where it is written in that', async () => {
        const besides = async (lang) => section((await get(`site=shop&lang=${lang}`)).text, 'also');
        assert.match(await besides('en'), /Orders <all> What for to deliver Where it is stored the shop's database How long it is kept 10 years Account What for to sign in/);
        assert.match(await besides('de'), /Orders <all> .* Konto Wozu zum Anmelden/);
        assert.doesNotMatch(await besides('de'), /Account/);
        assert.match(await besides('fr'), /Konto/, 'who reads neither is told, too');
    });

    it('has every right, and each of its links leads somewhere', async () => {
        const { text } = await get();
        const rights = text.match(/<ul class="rights">(.*?)<\/ul>/s)[1];
        assert.deepEqual(words(rights).trim().split(/ (?=See|Take|Have|Ask|Withdraw)/), ['Your privacy choices', 'Withdraw my consent',
            'See what is stored about this browser', 'Take a copy with you', 'Have it corrected', 'Have it deleted', 'Have it locked', 'Ask or complain']);
        const hrefs = [...text.matchAll(/<a href="([^"]*)"/g)].map(([, href]) => decode(href));
        for (const href of new Set(hrefs.filter((href) => !/^(mailto:|https:|#)/.test(href)))) {
            const { status, text: answer } = await server.get(`/${href}`);
            const isNobody = href.startsWith('v1/me') && /nothing is kept of this browser/.test(answer);
            assert.ok(status === 200 || isNobody, `${href}: ${status}`);
        }
        for (const id of hrefs.filter((href) => href.startsWith('#'))) assert.ok(text.includes(`id="${id.slice(1)}"`), id);
        assert.match(section(text, 'rights'), /complain to a data protection authority/);
    });

    it('is whole in every language, and well formed', async () => {
        for (const lang of LANGS) {
            const { status, text, headers } = await get(`site=shop&lang=${lang}`);
            assert.equal(status, 200);
            assert.equal(headers['content-language'], lang);
            assert.match(text, new RegExp(`<html lang="${lang}" dir="${['ar', 'he'].includes(lang) ? 'rtl' : 'ltr'}">`));
            assert.doesNotMatch(words(text), /\{\w+\}|policy\.\w/, lang);
            assert.ok(text.endsWith('</html>\n'));
            const open = [];
            for (const [, end, name] of text.matchAll(/<(\/?)(\w+)[^>]*>/g))
                if (!['meta', 'link', 'br'].includes(name)) end ? assert.equal(open.pop(), name, lang) : open.push(name);
            assert.deepEqual(open, []);
            const levels = [...text.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
            levels.forEach((level, i) => assert.ok(level <= (levels[i - 1] ?? 0) + 1, `${lang}: a heading of level ${level}`));
        }
    });

    it('comes in the language that fits, and needs a site that there is', async () => {
        assert.equal((await get('site=shop', { 'accept-language': 'de-AT, en;q=0.5' })).headers['content-language'], 'de');
        (await get('')).error(400);
        (await get('site=nowhere')).error(404);
        for (const before of ['x', '-1', '1.5', '99999999999999999999']) (await get(`site=shop&before=${before}`)).error(400);
        assert.equal(section((await get('site=shop&lang=en&before=0')).text, 'changes').trim(), 'Changes');
    });

    it('is linked from the privacy page', async () => {
        assert.match((await server.get('/privacy?site=shop&lang=de')).text, /<a href="policy\?site=shop&amp;lang=de">Datenschutzerklärung<\/a>/);
    });
});

describe('a policy that cannot drift', { timeout: 120_000 }, () => {
    const at = (more) => ({ sites: { shop: shop({ purposes: { analytics: { collects: ['log'] } }, ...more }) } });
    const policy = async (server) => (await server.get('/policy?site=shop&lang=en')).text;

    it('retention: page, notice, receipt, cookies and the choice itself change together', () =>
        withServer(at(), async (server) => {
            const visitor = server.visitor();
            const before = await visitor.notice('en');
            const first = await visitor.choose('grant');
            assert.match(section(await policy(server), 'retention'), /Your consent Days: 180 /);
            assert.match(String(first.setCookies), /crumb_choice=[^,]*Max-Age=15552000/);
            await server.reload(at({ retention: { choice: '90d' } }));
            const now = await visitor.notice('en');
            assert.notEqual(now.hash, before.hash);
            assert.equal(now.notice.retention.choice, `${90 * 86400}s`);
            assert.match(section(await policy(server), 'retention'), /Your consent Days: 90 /);
            assert.match(section(await policy(server), 'changes'), /How long it is kept \(Your consent\) Before Days: 180 After Days: 90/);
            assert.equal((await visitor.consent()).ask, true, 'it asks again');
            const again = await visitor.choose('grant');
            assert.match(String(again.setCookies), /crumb_choice=[^,]*Max-Age=7776000/);
        }));

    it('purposes: what the page no longer names is no longer stored', () =>
        withServer(at({ purposes: { analytics: { collects: ['log', 'device'] } } }), async (server) => {
            const visitor = server.visitor();
            const seen = async () => {
                await visitor.choose('grant');
                const { rows } = await server.added(() => visitor.beacon({ e: 'pv', url: 'https://shop.example/a', res: '800x600' }));
                return Object.keys(rows[0]).filter((name) => ['log', 'device', 'clickpath'].includes(name)).sort();
            };
            assert.match(section(await policy(server), 'purposes'), /Kind of device/);
            assert.deepEqual(await seen(), ['device', 'log']);
            await server.reload(at());
            assert.doesNotMatch(section(await policy(server), 'purposes'), /Kind of device/);
            assert.match(section(await policy(server), 'changes'), /What is collected \(Measuring visits\) Before .*Kind of device.* After (?!.*Kind of device)/);
            assert.deepEqual(await seen(), ['log']);
        }));

    it('recipients and the controller: each change is told and asks again', () =>
        withServer(at(), async (server) => {
            const visitor = server.visitor();
            await visitor.choose('grant');
            const purposes = { analytics: { collects: ['log'], recipients: ['ads'] } };
            await server.reload(at({ recipients: { ads }, purposes }));
            assert.match(section(await policy(server), 'purposes'), /Who receives it Ad Partner <Inc\.>/);
            assert.equal((await visitor.consent()).ask, true);
            await visitor.choose('grant');
            assert.equal((await visitor.consent()).ask, false);
            await server.reload(at({ recipients: { ads }, purposes, controller: { name: 'Bought It Ltd', contact: 'privacy@shop.example' } }));
            assert.match(section(await policy(server), 'controller'), /Bought It Ltd/);
            assert.match(section(await policy(server), 'changes'), /Who is responsible Before Example Shop, privacy@shop\.example After Bought It Ltd, privacy@shop\.example/);
            assert.equal((await visitor.consent()).ask, true);
        }));
});

describe('past versions', { timeout: 120_000 }, () => {
    const at = (more) => ({ sites: { shop: shop(more) } });
    const versions = (text) => text.match(/<ol class="versions">(.*)<\/ol>/s)[1].split(/(?=<li>)/).filter((one) => one.trim());

    it('are listed from the last to the first, each by its date, its notice and what differed', () =>
        withServer(at(), async (server) => {
            const hashes = [(await server.visitor().notice('de')).hash];
            for (const more of [{ texts: { en: { title: 'Your turn' }, de: { title: 'Ihr Zug' } } }, { retention: { segments: '13mo' } }, { name: 'Example Store', retention: { segments: '13mo' } }]) {
                await sleep(5);
                await server.reload(at(more));
                hashes.push((await server.visitor().notice('de')).hash);
            }
            const listed = versions((await server.get('/policy?site=shop&lang=de')).text);
            assert.deepEqual(listed.map((one) => one.match(/v1\/notice\/([0-9a-f]{64})/)[1]), hashes.toReversed?.() ?? [...hashes].reverse());
            const today = new Date().toISOString().slice(0, 10);
            for (const one of listed) assert.match(one, new RegExp(`<time dir="ltr" datetime="${today}`.slice(0, 36)));
            assert.match(words(listed[0]), /Nur der Wortlaut hat sich geändert\./);
            assert.match(words(listed[1]), /\(Besuche\) Vorher Tage: 750 Nachher Tage: 390/);
            assert.match(words(listed[2]), /Nur der Wortlaut/);
            assert.doesNotMatch(words(listed[3]), /Vorher|Wortlaut/, 'the first differs from nothing');
            for (const hash of hashes) assert.equal((await server.get(`/v1/notice/${hash}`)).status, 200);
            const rows = (await server.dump('versions')).map(({ site, notices }) => [site, notices.de]);
            assert.deepEqual(rows, hashes.map((hash) => ['shop', hash]));
        }));

    it('survive a restart, which is no version, and a configuration that was not put in force is none', () =>
        withServer(at(), async (server) => {
            await server.restart();
            server.expect(/tls cannot be switched/, /cannot reload/);
            server.configure({ ...at({ name: 'Never shown' }), tls: { certificate: 'x.pem', key: 'x.key' } });
            server.kill('SIGHUP');
            await eventually('the refusal', () => /cannot reload/.test(server.child.output.stderr));
            server.configure(at());
            const { text } = await server.get('/policy?site=shop&lang=en');
            assert.equal(versions(text).length, 1);
            assert.equal((await server.dump('versions')).length, 1);
        }));

    it('are shown twenty at a time', () =>
        withServer(at(), async (server) => {
            for (let i = 1; i <= 24; i++) await server.reload(at({ retention: { segments: `${i + 100}d` } }));
            let href = '/policy?site=shop&lang=en';
            const found = [];
            for (const n of [20, 5]) {
                const { text } = await server.get(href);
                const listed = versions(text);
                const older = listed.at(-1).match(/<a href="(policy\?[^"]*before=\d+)#changes">Older versions/);
                assert.equal(listed.length - (older ? 1 : 0), n);
                found.push(...listed.slice(0, n).map((one) => words(one).match(/After Days: (\d+)/)?.[1]));
                href = older && `/${decode(older[1])}`;
            }
            assert.equal(href, null);
            assert.deepEqual(found, [...Array.from({ length: 24 }, (_, i) => String(124 - i)), undefined]);
        }));
});

describe('a change that is announced', { timeout: 120_000 }, () => {
    const next = (from, more = {}) => ({ sites: { shop: shop({ next: { from, retention: { segments: '13mo' }, ...more } }) } });
    const soon = (ms) => new Date(Date.now() + ms).toISOString().replace(/\.\d+Z/, 'Z');

    it('is told by notice, script, privacy page and policy before it holds, and asks nobody', () =>
        withServer({ sites: { shop: shop() } }, async (server) => {
            const visitor = server.visitor();
            await visitor.choose('grant');
            await server.reload(next('2099-12-24'));
            const line = 'From 2099-12-24 on this changes: How long it is kept (Visits).';
            const { notice, hash } = await visitor.notice('en');
            assert.equal(notice.next.text, line);
            assert.deepEqual(notice.next.changes, [{ what: 'How long it is kept (Visits)', before: 'Days: 750', after: 'Days: 390' }]);
            assert.equal(notice.retention.segments, `${750 * 86400}s`, 'what holds is what held');
            assert.ok((await server.get('/consent.js?site=shop&lang=en')).text.includes(line));
            assert.ok((await server.get('/privacy?site=shop&lang=en')).text.includes(line));
            const { text } = await server.get('/policy?site=shop&lang=en');
            assert.ok(words(text).includes(`${line} How long it is kept (Visits) Before Days: 750 After Days: 390`));
            assert.match(section(text, 'retention'), /Visits Days: 750 /);
            assert.ok(section(text, 'changes').includes(line), 'that it was announced is a version');
            assert.equal((await visitor.consent()).ask, false);
            const { rows } = await server.added(() => visitor.beacon({ e: 'pv', url: 'https://shop.example/a' }));
            assert.equal(rows.length, 1, 'the old grant holds');
            assert.match((await server.get('/policy?site=shop&lang=ar')).text, /\u20662099-12-24\u2069/);
            // Who answers now has been told.
            await visitor.choose('grant');
            assert.equal((await server.dump('ledger')).at(-1).notice, hash);
        }));

    it('holds by itself from that instant on, and asks again', () =>
        withServer(next(soon(4000)), async (server) => {
            server.expect(/^crumb: what was announced is in force$/);
            const visitor = server.visitor();
            const before = await visitor.notice('en');
            assert.ok(before.notice.next);
            await visitor.choose('grant');
            // What the file became meanwhile is not what was announced.
            server.configure({ sites: { shop: shop({ name: 'Half written' }) } });
            await eventually('the change', async () => !(await visitor.notice('en')).notice.next, 15_000);
            const now = await visitor.notice('en');
            assert.equal(now.notice.retention.segments, `${390 * 86400}s`);
            assert.equal(now.notice.title, 'Example Shop');
            assert.equal((await visitor.consent()).ask, true);
            const { rows, books } = await server.added(() => visitor.beacon({ e: 'pv', url: 'https://shop.example/a' }));
            assert.deepEqual([rows.length, books.stale_notice], [0, 1]);
            assert.match(section((await server.get('/policy?site=shop&lang=en')).text, 'changes'), /\(Visits\) Before Days: 750 After Days: 390/);
        }));

    it('that has begun when the service starts is in force', () =>
        withServer(next('2026-01-01'), async (server) => {
            const { notice } = await server.visitor().notice('en');
            assert.equal(notice.next, undefined);
            assert.equal(notice.retention.segments, `${390 * 86400}s`);
            assert.equal((await server.run('check')).code, 0);
        }));

    it('makes the script longer while there is one, and at no other time', () =>
        withServer({ sites: { shop: shop(), other: shop({ next: { from: '2099-12-24', retention: { segments: '13mo' } } }) } }, async (server) => {
            const size = async (name, lang) => (await server.get(`/consent.js?site=${name}&lang=${lang}`, { 'accept-encoding': 'br' })).body.length;
            for (const lang of LANGS) {
                const more = (await size('other', lang)) - (await size('shop', lang));
                assert.ok(more > 0 && more < 700, `${lang}: ${more} bytes`);
            }
        }));
});
