// The privacy page: the same choice as a form, without a script, and for nobody else's pages.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { site, start, withServer } from './server.mjs';

const NASTY = `<script>alert("1")</script>'&`;
const ESCAPED = '&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;&#39;&amp;';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const shop = (more) =>
    site({
        name: 'Example Shop',
        storage: { country: 'DE', location: 'Frankfurt' },
        recipients: { partner: { name: 'Ad Partner', country: 'US', why: NASTY } },
        purposes: { ...site().purposes, marketing: { collects: [], recipients: ['partner'] } },
        texts: { de: { title: NASTY }, ar: { title: 'اختيارك' } },
        ...more,
    });

// The fields of the page's form as a browser would send them, when nobody touches a checkbox.
function fieldsOf(html) {
    html = html.match(/<form [^>]*class="choice">.*?<\/form>/s)?.[0] ?? '';
    const fields = [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]);
    for (const [, value, checked] of html.matchAll(/<input type="checkbox" name="purpose" value="(\w+)"( checked)?/g))
        if (checked) fields.push(['purpose', value]);
    return fields;
}

// A text of the notice as the page shows it.
const escaped = (text) => text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' })[c]);
const saidOf = (html) => [...html.matchAll(/<p class="said(?: bad)?" role="\w+" tabindex="-1">(.*?)<\/p>/g)].map(([, text]) => text);
async function textOf(server, key, lang) {
    return escaped((await server.visitor().notice(lang)).notice.texts[key]);
}

const buttonsOf = (html) => [...html.matchAll(/<button name="action" value="(\w+)">/g)].map(([, action]) => action);
const tickedOf = (html) => fieldsOf(html).filter(([name]) => name === 'purpose').map(([, value]) => value);

describe('the privacy page', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await start({ sites: { shop: shop(), other: site({ origins: ['https://other.example'] }) } });
    });
    after(() => server.end());

    const own = () => ({ ...FORM, origin: `http://127.0.0.1:${server.public}` });
    const page = async (visitor, query = 'site=shop', headers) => {
        const answer = await visitor.ask('GET', `/privacy?${query}`, { headers });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
        return answer.text;
    };
    const post = (visitor, fields, headers = own(), query = 'site=shop') =>
        visitor.ask('POST', `/privacy?${query}`, { body: new URLSearchParams(fields).toString(), headers });

    // Opens the page, ticks @purposes, presses @action, and follows the answer.
    async function press(visitor, action, purposes) {
        const html = await page(visitor);
        assert.ok(buttonsOf(html).includes(action), `there is no ${action}`);
        const fields = fieldsOf(html).filter(([name]) => !purposes || name !== 'purpose');
        for (const purpose of purposes ?? []) fields.push(['purpose', purpose]);
        const answer = await post(visitor, [...fields, ['action', action]]);
        assert.equal(answer.status, 303, answer.text);
        const { location } = answer.headers;
        assert.match(location, /^privacy\?site=shop&lang=en&receipt=[0-9a-f]{32}(&deed=[0-9a-f]{32})?$/);
        return { location, html: await page(visitor, location.split('?')[1]) };
    }

    it('has the notice whole, escaped, and no script, style or address of anybody else', async () => {
        const { notice, hash } = await server.visitor().notice('de');
        const answer = await server.get('/privacy?site=shop&lang=de');
        const html = answer.text;
        assert.ok(html.startsWith('<!doctype html>\n<html lang="de" dir="ltr">'));
        assert.ok(html.includes(`<h2 class="part" id="choice">${ESCAPED}</h2>`) && html.includes(`Ad Partner (Vereinigte Staaten): ${ESCAPED}`));
        assert.ok(!/<script(?! src="privacy\.js" defer><\/script>)|<style|style=|onclick|javascript:/i.test(html));
        for (const { title, description } of notice.purposes) assert.ok(html.includes(title) && html.includes(description));
        for (const text of ['Example Shop', 'privacy@shop.example', 'Frankfurt, Deutschland', ...[30, 390, 750, 180].map((days) => notice.texts.days.replace('{days}', days)),
            `v1/notice/${hash}`, notice.texts.body, notice.texts.accept, notice.texts.reject])
            assert.ok(html.includes(text), text);
        for (const [, address] of html.matchAll(/(?:href|src|action)="([^"]*)"/g))
            assert.match(address, /^(#|privacy|policy\?|v1\/|mailto:privacy@shop\.example$|https:\/\/shop\.example\/$)/);
        assert.equal(answer.headers['content-security-policy'],
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
            + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
        assert.equal(answer.headers['cache-control'], 'no-store');
        assert.equal(answer.headers['referrer-policy'], 'same-origin');
        assert.equal(answer.headers['content-language'], 'de');
        assert.deepEqual(answer.setCookies, []);
    });

    it('is written from right to left where its language is', async () => {
        assert.match(await page(server.visitor(), 'site=shop&lang=ar'), /<html lang="ar" dir="rtl">/);
    });

    it('ticks nothing before a choice, and Enter does not accept', async () => {
        const html = await page(server.visitor());
        assert.deepEqual(tickedOf(html), []);
        assert.deepEqual(buttonsOf(html), ['deny', 'grant', 'custom']);
    });

    for (const [action, purposes, wanted, says] of [
        ['grant', undefined, ['analytics', 'journeys', 'marketing'], 'grant'],
        ['deny', undefined, [], 'deny'],
        ['custom', ['analytics'], ['analytics'], 'custom'],
        ['custom', [], [], 'custom'],
    ])
        it(`records ${action}${purposes ? ` of ${purposes.join(', ') || 'nothing'}` : ''} and shows it`, async () => {
            const visitor = server.visitor();
            const { html, location } = await press(visitor, action, purposes);
            const record = (await server.dump('ledger')).at(-1);
            assert.equal(record.action, says);
            assert.equal(record.surface, 'page');
            assert.deepEqual(Object.keys(record.purposes).filter((name) => record.purposes[name]), wanted);
            assert.ok(location.includes(`receipt=${record.id}`));
            assert.equal(visitor.id !== undefined, wanted.includes('analytics'));
            assert.deepEqual(tickedOf(html), wanted);
            assert.deepEqual(saidOf(html), [await textOf(server, 'saved')]);
            assert.equal((await visitor.ask('GET', `/v1/receipt/${record.id}`)).json().receipt_id, record.id);
            assert.deepEqual(tickedOf(await page(visitor)), wanted, 'and the next time');
        });

    it('lets go of what was granted: by withdrawing, and by saving less', async () => {
        const visitor = server.visitor();
        const { html } = await press(visitor, 'grant');
        assert.ok(buttonsOf(html).includes('withdraw'));
        await press(visitor, 'custom', ['analytics']);
        assert.deepEqual((await visitor.consent()).purposes, { analytics: true, journeys: false, marketing: false });
        const left = await press(visitor, 'withdraw');
        assert.equal(visitor.id, undefined);
        assert.deepEqual(tickedOf(left.html), []);
        assert.ok(!buttonsOf(left.html).includes('withdraw'));
        assert.equal((await server.dump('ledger')).at(-1).action, 'withdraw');
    });

    it('is obeyed by the pixel of a page without scripts', async () => {
        const visitor = server.visitor({ headers: { referer: 'https://shop.example/hats' } });
        const pixel = () => visitor.ask('GET', '/p.gif?aid=shop&e=pv');
        assert.deepEqual((await pixel()).result, { received: 1, no_consent: 1 });
        await press(visitor, 'custom', ['analytics']);
        assert.deepEqual((await pixel()).result, { received: 1, stored: 1 });
        assert.equal((await server.dump('journal')).at(-1).log.path, '/hats');
        await press(visitor, 'deny');
        assert.deepEqual((await pixel()).result, { received: 1, no_consent: 1 });
    });

    it('shows that the privacy signal is honoured, and records it with an explicit choice', async () => {
        const visitor = server.visitor({ headers: { 'sec-gpc': '1' } });
        assert.deepEqual(saidOf(await page(visitor)), [await textOf(server, 'gpc')]);
        const { html } = await press(visitor, 'grant');
        assert.deepEqual(saidOf(html), [await textOf(server, 'saved')]);
        assert.equal((await server.dump('ledger')).at(-1).gpc, true);
        assert.deepEqual(saidOf(await page(server.visitor())), []);
    });

    it('takes forms of its own page only', async () => {
        const visitor = server.visitor();
        const fields = [...fieldsOf(await page(visitor)), ['action', 'grant']];
        const host = `127.0.0.1:${server.public}`;
        const before = (await server.dump('ledger')).length;
        for (const [name, headers, status] of [
            ['nothing said', {}, 403],
            ['own origin', { origin: `http://${host}` }, 303],
            ['own origin behind a proxy that ends TLS', { origin: `https://${host}` }, 303],
            ['a listed origin', { origin: 'https://shop.example' }, 303],
            ['another site', { origin: 'https://evil.example' }, 403],
            ['the origin of another site here', { origin: 'https://other.example' }, 403],
            ['a host that ends like ours', { origin: `http://evil.${host}` }, 403],
            ['another port', { origin: 'http://127.0.0.1:1' }, 403],
            ['no origin to tell', { origin: 'null' }, 403],
            ['no origin to tell, but a referer', { origin: 'null', referer: `http://${host}/privacy` }, 403],
            ['a referer', { referer: `http://${host}/privacy?site=shop` }, 303],
            ['the referer of another site', { referer: `https://evil.example/${host}` }, 403],
            ['the browser says same origin, Host is a proxy\'s', { 'sec-fetch-site': 'same-origin', origin: 'https://c.shop.example' }, 303],
            ['the browser says same site', { 'sec-fetch-site': 'same-site', origin: `http://${host}` }, 403],
            ['the browser says cross site', { 'sec-fetch-site': 'cross-site', referer: `http://${host}/` }, 403],
            ['the browser says nobody', { 'sec-fetch-site': 'none' }, 403],
        ]) {
            const answer = await post(server.visitor(), fields, { ...FORM, ...headers });
            assert.equal(answer.status, status, name);
            if (status === 403) assert.deepEqual(answer.setCookies, [], name);
        }
        assert.equal((await server.dump('ledger')).length, before + 5);
    });

    it('refuses what its form cannot send, and records nothing of it', async () => {
        const fields = fieldsOf(await page(server.visitor()));
        const before = (await server.dump('ledger')).length;
        for (const [name, more, status] of [
            ['no action', [], 400],
            ['an unknown action', [['action', 'buy']], 400],
            ['an action with quotes', [['action', '"grant"']], 400],
            ['bytes that are no UTF-8', [['action', '\ud800']], 400],
        ])
            assert.equal((await post(server.visitor(), [...fields, ...more])).status, status, name);
        const large = await post(server.visitor(), [...fields, ['action', 'grant'], ['x', 'x'.repeat(20_000)]]);
        assert.equal(large.status, 413);
        assert.equal((await post(server.visitor(), fields, own(), 'site=nowhere')).status, 404);
        assert.equal((await post(server.visitor(), fields, own(), '')).status, 400);
        assert.equal((await server.dump('ledger')).length, before);
    });

    it('ignores purposes that there are not, and names of other fields', async () => {
        const visitor = server.visitor();
        await press(visitor, 'custom', ['analytics', 'nothing', 'analytics', '__proto__']);
        assert.deepEqual((await server.dump('ledger')).at(-1).purposes, { analytics: true, journeys: false, marketing: false });
    });

    it('takes no receipt that is none into itself', async () => {
        for (const receipt of ['x', `"><script>`, '0'.repeat(31), `${'0'.repeat(31)}G`]) {
            const html = await page(server.visitor(), `site=shop&receipt=${encodeURIComponent(receipt)}`);
            assert.deepEqual(saidOf(html), []);
            assert.doesNotMatch(html, /v1\/receipt/);
        }
    });

    it('has one style sheet, of this service', async () => {
        const answer = await server.get('/privacy.css');
        assert.equal(answer.headers['content-type'], 'text/css; charset=utf-8');
        assert.match(answer.text, /prefers-color-scheme: dark/);
        assert.doesNotMatch(answer.text, /url\(|@import/);
    });

    it('needs a site', async () => {
        (await server.get('/privacy')).error(400);
        (await server.get('/privacy?site=nowhere')).error(404);
    });
});

// ---- rights, without a script ----

describe('the rights on the privacy page', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await start({ rates: { choices: 1000, requests: 1000 }, sites: { shop: shop({ on_withdraw: 'erase' }), other: site({ origins: ['https://other.example'] }) } });
    });
    after(() => server.end());

    const own = () => ({ ...FORM, origin: `http://127.0.0.1:${server.public}` });
    const page = async (visitor, query = 'site=shop&lang=en', status = 200) => {
        const answer = await visitor.ask('GET', `/privacy?${query}`);
        assert.equal(answer.status, status, answer.text);
        assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
        return answer.text;
    };
    const post = (visitor, fields, headers = own()) =>
        visitor.ask('POST', '/privacy?site=shop&lang=en', { body: new URLSearchParams(fields).toString(), headers });
    // The form that does @what is on the page; it is sent as a browser sends it, with @more filled in, and followed.
    async function submit(visitor, what, more = {}, query) {
        const html = await page(visitor, query);
        const form = [...html.matchAll(/<form method="post" action="privacy\?site=shop&amp;lang=en">(.*?)<\/form>/gs)]
            .map(([, inside]) => inside).find((inside) => inside.includes(`name="do" value="${what}"`));
        assert.ok(form, `there is no form to ${what}`);
        const hidden = [...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]);
        const answer = await post(visitor, { ...Object.fromEntries(hidden), ...more });
        assert.equal(answer.status, 303, answer.text);
        const { location } = answer.headers;
        assert.match(location, /^privacy\?site=shop&lang=en/);
        return { location, html: await page(visitor, location.replace(/#.*/, '').split('?')[1]) };
    }
    async function known(pairs = {}) {
        const visitor = server.visitor();
        await visitor.chose('grant');
        await visitor.beacon({ url: 'https://shop.example/hats', page: 'Hats', lang: 'de-AT', ...pairs });
        return visitor;
    }
    const deedOf = ({ location }) => location.match(/&deed=([0-9a-f]{32})#receipt$/)[1];

    it('says in words what is stored, and hands out the whole of it', async () => {
        const visitor = await known();
        const html = await page(visitor);
        for (const words of ['You said yes to: Measuring visits, Ways through the site, Advertising.', 'Pages: 1', '<bdi>/hats</bdi>', '<bdi>Hats</bdi>', 'de-AT'])
            assert.ok(html.includes(words), words);
        assert.doesNotMatch(html.replace(/\(JSON\)/g, ''), /\{"|&#34;:/, 'no raw JSON');
        const [, link] = html.match(/href="(v1\/me\/export\?site=shop)" download/);
        assert.equal((await visitor.ask('GET', `/${link}`)).json().days[0].events[0].log.path, '/hats');
    });

    it('shows the notice as it was shown at the choice, in its words', async () => {
        const visitor = await known();
        const html = await page(visitor, 'site=shop&lang=de');
        const told = html.match(/<div class="told" lang="en" dir="ltr">(.*?)<\/div>\n<ul/s)[1];
        assert.ok(told.includes('<h2>Your choice</h2>') && told.includes('Measuring visits'));
    });

    it('corrects, and takes a correction back', async () => {
        const visitor = await known();
        const corrected = await submit(visitor, 'correct', { country: 'AT', language: '', device: 'tablet' });
        assert.match(corrected.html, /Your data is corrected\./);
        const overview = async () => (await visitor.ask('GET', '/v1/me?site=shop')).json();
        assert.deepEqual((await overview()).corrections, { country: 'AT', device: 'tablet' });
        assert.match(corrected.html, /<option value="AT" selected>Austria<\/option>/);
        await submit(visitor, 'correct', { country: '', language: '', device: '' });
        assert.deepEqual((await overview()).corrections, {});
    });

    it('locks and unlocks, and tells the choice as it was made', async () => {
        const visitor = await known();
        const { html } = await submit(visitor, 'restrict');
        assert.ok(html.includes('Your data is locked now.') && html.includes('You said yes to:'));
        assert.deepEqual(tickedOf(html), ['analytics', 'journeys', 'marketing']);
        assert.deepEqual((await visitor.beacon({})).result, { received: 1, restricted: 1 });
        assert.match((await submit(visitor, 'lift')).html, /Your data is unlocked\./);
        assert.deepEqual((await visitor.beacon({})).result, { received: 1, stored: 1 });
    });

    it('deletes, with a receipt that can be kept and checked by anybody', async () => {
        const visitor = await known();
        const erased = await submit(visitor, 'erase');
        assert.match(erased.html, /Your data is deleted\..*Visits: 1/s);
        assert.match(erased.html, /You said no\./);
        assert.equal(visitor.id, undefined);
        const id = deedOf(erased);
        const receipt = await server.get(`/v1/receipt/${id}`);
        assert.equal(receipt.json().right, 'erasure');
        const stranger = server.visitor();
        const check = async (pasted) => saidOf((await post(stranger, { do: 'check', pasted })).text);
        assert.deepEqual(await check(receipt.text), ['This receipt is genuine.']);
        for (const pasted of [receipt.text.replace('"visits":1', '"visits":2'), '', '{}', NASTY, 'x'.repeat(5000)])
            assert.deepEqual(await check(pasted), ['This receipt is not from here, or it was changed.'], pasted);
        assert.match(await page(stranger, `site=shop&lang=en&deed=${id}`), /Your data is deleted\./);
        assert.match(await page(stranger, `site=shop&lang=en&deed=${'0'.repeat(32)}`), /not from here/);
    });

    it('takes a complaint of somebody who refused; it is followed by number and key, and taken back', async () => {
        const visitor = server.visitor();
        const text = `You ask me again.\r\n${NASTY}`;
        const { location, html } = await submit(visitor, 'ask', { kind: 'complaint', text, contact: NASTY });
        const [, number, key] = location.match(/&number=(\d+)&key=([0-9a-f]{32})&told=sent#request-\1$/);
        assert.ok(html.includes(`It has the number ${number}.`) && html.includes(key) && html.includes('Answer due by'));
        assert.ok(html.includes(ESCAPED) && !html.includes('<script>'));
        const read = async () => (await visitor.ask('GET', `/v1/me/requests?site=shop&number=${number}&key=${key}`)).json().requests[0];
        assert.equal((await read()).text, `You ask me again.\n${NASTY}`);
        const query = `site=shop&lang=en&number=${number}&key=${key}`;
        const followed = await page(visitor, query);
        assert.deepEqual(saidOf(followed), [], 'only once it is told that it arrived');
        assert.ok(followed.indexOf(`id="request-${number}" open`) < followed.indexOf('id="choice"'), 'it stands above all that it is not about');
        assert.equal(followed.split(`id="request-${number}"`).length, 2, 'and once');
        const back = await submit(visitor, 'take_back', {}, query);
        assert.match(back.html, /<b>Taken back<\/b>/);
        assert.equal((await read()).state, 'withdrawn');
        for (const wrong of [`number=${number}&key=${'0'.repeat(32)}`, `number=0&key=${key}`, 'number=x&key=y', `number=${number}`])
            assert.deepEqual(saidOf(await page(visitor, `site=shop&lang=en&${wrong}`, 404)), ['There is no message with this number and key.'], wrong);
    });

    it('shows a visitor of the cookie their requests, and what was answered', async () => {
        const visitor = await known();
        await submit(visitor, 'ask', { kind: 'other', text: 'Where am I from?' });
        const html = await page(visitor);
        assert.match(html, /Where am I from\?/);
        assert.match((await submit(visitor, 'take_back')).html, /Taken back/);
    });

    it('takes none of its forms from another page', async () => {
        const visitor = await known();
        const before = (await server.dump('ledger')).length;
        for (const fields of [{ do: 'erase' }, { do: 'restrict' }, { do: 'lift' }, { do: 'correct', country: 'AT' },
            { do: 'ask', kind: 'other', text: 'x' }, { do: 'take_back', number: '1' }, { do: 'check', pasted: '{}' }])
            for (const headers of [FORM, { ...FORM, origin: 'https://evil.example' }, { ...FORM, origin: 'https://other.example' },
                { ...FORM, origin: 'null' }, { ...FORM, 'sec-fetch-site': 'cross-site', referer: own().origin }])
                assert.equal((await post(visitor, fields, headers)).status, 403, JSON.stringify([fields, headers]));
        const { visitor: kept, corrections, requests } = (await visitor.ask('GET', '/v1/me?site=shop')).json();
        assert.deepEqual([kept.restricted, corrections, requests], [false, {}, []]);
        assert.equal((await server.dump('ledger')).length, before);
    });

    it('does nothing for whom it does not know, and says so', async () => {
        const good = await known();
        const forged = server.visitor();
        forged.cookies.set('crumb_id', good.id.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')).replace(/^(1\..)./, '$1_'));
        const elsewhere = server.visitor();
        elsewhere.cookies.set('crumb_id', good.id);
        for (const [visitor, status] of [[server.visitor(), 404], [forged, 403]])
            for (const fields of [{ do: 'erase' }, { do: 'restrict' }, { do: 'lift' }, { do: 'correct', country: 'AT' }]) {
                const answer = await post(visitor, fields);
                assert.equal(answer.status, status, fields.do);
                assert.equal(saidOf(answer.text).length, 1);
            }
        assert.match(await page(forged), /This browser’s number is not valid here/);
        const other = await elsewhere.ask('GET', '/privacy?site=other&lang=en');
        assert.match(other.text, /This browser’s number is not valid here/, 'a cookie of one site is none of another');
        assert.doesNotMatch(other.text, /\/hats/);
        assert.equal((await good.ask('GET', '/v1/me?site=shop')).status, 200);
    });

    it('refuses what its forms cannot send, and keeps what was written', async () => {
        const visitor = await known();
        const before = (await visitor.ask('GET', '/v1/me?site=shop')).json();
        for (const fields of [{ do: 'fly' }, { do: NASTY }, { do: 'correct', country: 'Narnia' }, { do: 'correct', country: NASTY },
            { do: 'correct', language: '"><b>' }, { do: 'correct', device: 'toaster' }, { do: 'ask', kind: 'other', text: ' ' },
            { do: 'ask', kind: NASTY, text: 'x' }, { do: 'ask', kind: 'other', text: 'x'.repeat(5000) },
            { do: 'ask', kind: 'other', text: 'x', contact: 'a\nb' }, { do: 'ask', kind: 'other', text: NASTY, contact: 'x'.repeat(300) }]) {
            const answer = await post(visitor, fields);
            assert.equal(answer.status, 400, JSON.stringify(fields));
            assert.deepEqual(saidOf(answer.text), ['Please check what you filled in.']);
            assert.ok(!answer.text.includes('<script>alert'));
            if (fields.text === NASTY) assert.ok(answer.text.includes(`required>${ESCAPED}</textarea>`));
        }
        for (const body of ['do=erase%', 'do=%ff', 'do=ask&kind=other&text=%ff', 'do=ask&kind=other&text=%00'])
            assert.equal((await visitor.ask('POST', '/privacy?site=shop', { body, headers: own() })).status, 400, body);
        assert.deepEqual((await visitor.ask('GET', '/v1/me?site=shop')).json(), before);
    });

    it('shows as text whatever a browser once sent', async () => {
        const visitor = await known({ url: `https://shop.example/${NASTY}`, page: NASTY, refr: `https://evil.example/${NASTY}`, lang: 'de' });
        await visitor.beacon({ e: 'se', se_ca: 'click', se_ac: NASTY, se_la: `javascript:alert(1)`, url: 'https://shop.example/' });
        await visitor.beacon({ e: 'se', se_ca: 'event', se_ac: NASTY, [`x_p.a`]: NASTY, url: 'https://shop.example/' });
        const html = await page(visitor);
        assert.ok(html.split(ESCAPED).length >= 4, 'title, click and event');
        assert.doesNotMatch(html, /<script>|alert\("1"\)|href="javascript/);
    });
});

describe('the script of the privacy page', { timeout: 60_000 }, () => {
    it('is small, of this service, and makes no HTML of text', async () => {
        await withServer({}, async (server) => {
            const answer = await server.get('/privacy.js');
            assert.equal(answer.headers['content-type'], 'text/javascript; charset=utf-8');
            assert.ok(brotliCompressSync(answer.body).length <= 3072);
            assert.doesNotMatch(answer.text, /innerHTML|outerHTML|insertAdjacent|document\.write|eval|https?:/);
        });
    });
});

describe('a privacy page that is behind', { timeout: 60_000 }, () => {
    it('whose notice has changed shows the new one and records nothing', async () => {
        await withServer({ sites: { shop: shop() } }, async (server) => {
            const visitor = server.visitor();
            const headers = { ...FORM, origin: 'https://shop.example' };
            const fields = fieldsOf((await visitor.ask('GET', '/privacy?site=shop')).text);
            await server.reload({ sites: { shop: shop({ controller: { name: 'Buyer Inc', contact: 'x@buyer.example' } }) } });
            const body = new URLSearchParams([...fields, ['action', 'grant']]).toString();
            const answer = await visitor.ask('POST', '/privacy?site=shop', { body, headers });
            assert.equal(answer.status, 409);
            assert.deepEqual(answer.setCookies, []);
            assert.deepEqual(saidOf(answer.text), [await textOf(server, 'changed')]);
            assert.match(answer.text, /Buyer Inc/);
            assert.deepEqual(await server.dump('ledger'), []);
            const again = new URLSearchParams([...fieldsOf(answer.text), ['action', 'grant']]).toString();
            assert.equal((await visitor.ask('POST', '/privacy?site=shop', { body: again, headers })).status, 303);
        });
    });

    it('of somebody who chose before a material change says so, and keeps what still holds', async () => {
        await withServer({ sites: { shop: shop() } }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const purposes = { ...shop().purposes, journeys: { collects: ['clickpath', 'log'] } };
            await server.reload({ sites: { shop: shop({ purposes }) } });
            const { text } = await visitor.ask('GET', '/privacy?site=shop');
            assert.deepEqual(saidOf(text), [await textOf(server, 'changed')]);
            assert.deepEqual(tickedOf(text), ['analytics', 'marketing']);
        });
    });

    it('that cannot be saved says so in the visitor\'s language', async () => {
        const texts = { de: { saving_failed: 'Nicht gespeichert.' } };
        await withServer({ data_max: '1MiB', sites: { shop: shop({ texts }) } }, async (server) => {
            server.expect(/^crumb: error: cannot write to the store; answering 503 /, /^crumb: the store takes writes again$/);
            const headers = { ...FORM, origin: 'https://shop.example' };
            const { text } = await server.visitor().ask('GET', '/privacy?site=shop&lang=de');
            const body = new URLSearchParams([...fieldsOf(text), ['action', 'grant']]).toString();
            let refused;
            for (let i = 0; i < 2000 && !refused; i++) {
                const visitors = Array.from({ length: 20 }, () => server.visitor());
                const answers = await Promise.all(visitors.map((visitor) =>
                    visitor.ask('POST', '/privacy?site=shop', { body, headers })));
                refused = answers.find(({ status }) => status !== 303);
            }
            assert.equal(refused.status, 503);
            assert.deepEqual(refused.setCookies, []);
            assert.ok(Number(refused.headers['retry-after']) > 0);
            assert.deepEqual(saidOf(refused.text), ['Nicht gespeichert.']);
            assert.match(refused.text, /href="privacy\?site=shop&amp;lang=de"/);
        });
    });
});

describe('GET /.well-known/gpc.json', { timeout: 60_000 }, () => {
    it('says that the signal is honoured, and since when', async () => {
        await withServer({}, async (server) => {
            const answer = await server.get('/.well-known/gpc.json');
            const { gpc, lastUpdate, ...more } = answer.json();
            assert.deepEqual([answer.status, gpc, more], [200, true, {}]);
            assert.match(lastUpdate, /^\d{4}-\d\d-\d\d$/);
        });
    });
});
