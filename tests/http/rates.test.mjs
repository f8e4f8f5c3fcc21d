// What one client, and one site, may send: refused past it with a reason that is counted, and nobody else is touched.
// Clients are told apart by what a trusted proxy says of them, as all of them are on the loopback.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { event } from './client.mjs';
import { site, start } from './server.mjs';

const BURST = 30; // RATE_BURST_S at one a second
const CLICK = { e: 'se', se_ca: 'click', se_ac: 'buy' };
const lines = (n, pairs) => Array.from({ length: n }, () => event(pairs)).join('\n');
const proxied = (rates) => ({ trusted_proxies: ['127.0.0.1'], rates });

let n_clients = 0;
// Somebody whose address nobody had before.
const from = (address = `198.51.100.${++n_clients}`) => ({ headers: { 'x-forwarded-for': address } });

async function granted(server, options) {
    const visitor = server.visitor(options);
    await visitor.chose('grant');
    return visitor;
}

describe('rates.address', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await start({ ...proxied({ address: 1, site: 0, choices: 0 }), sites: { shop: site(), other: site() } });
    });
    after(() => server.end());

    it('lets a burst through, refuses the rest, and counts it in the books', async () => {
        const visitor = await granted(server, from());
        const { answer, rows, books } = await server.added(() => visitor.events(lines(40)));
        assert.equal(answer.status, 204);
        assert.deepEqual(answer.result, { received: 40, stored: BURST, rate_limited: 10 });
        assert.deepEqual(books, answer.result);
        assert.equal(rows.length, BURST);
    });

    it('answers 429 with Retry-After when all of a body is refused, and still counts it', async () => {
        const visitor = await granted(server, from());
        await visitor.events(lines(40));
        const { answer, rows, books } = await server.added(() => visitor.events(lines(60)));
        assert.match(answer.error(429), /too many events/);
        assert.equal(answer.headers['retry-after'], '5');
        assert.ok(answer.result.rate_limited >= 59 && answer.result.received === 60, JSON.stringify(answer.result));
        assert.deepEqual(books, answer.result);
        assert.deepEqual(rows, []);
    });

    it('answers a picture all the same', async () => {
        const visitor = await granted(server, from());
        await visitor.events(lines(40));
        const results = await Promise.all(Array.from({ length: 10 }, async () => (await visitor.beacon()).result));
        assert.ok(results.filter((result) => result.rate_limited === 1).length >= 8, JSON.stringify(results));
    });

    it('is that of the address, whoever uses it and whatever they send', async () => {
        const address = from();
        const visitor = await granted(server, address);
        await server.visitor(address).events('rubbish\n'.repeat(20) + lines(10, { aid: 'nowhere' }));
        const { result } = await visitor.events(lines(5));
        assert.ok(result.rate_limited >= 4, JSON.stringify(result));
    });

    it('is known to the site whose event it was', async () => {
        const visitor = await granted(server, from());
        await visitor.events(lines(BURST));
        const before = await server.dump('books');
        await visitor.events(lines(20));
        const of = (rows) => rows.filter((row) => row.site === 'shop').reduce((n, row) => n + (row.dropped.rate_limited ?? 0), 0);
        assert.ok(of(await server.dump('books')) - of(before) >= 19);
    });

    it('leaves others alone while one floods', async () => {
        const [flooding, other] = [await granted(server, from()), await granted(server, from())];
        const floods = Array.from({ length: 100 }, () => flooding.events(lines(100)));
        const answers = await Promise.all([...floods, other.events(lines(BURST))]);
        assert.deepEqual(answers.at(-1).result, { received: BURST, stored: BURST });
        const stored = answers.slice(0, -1).reduce((n, { result }) => n + (result.stored ?? 0), 0);
        assert.ok(stored >= BURST && stored < 2 * BURST, `${stored} of the flood were stored`);
    });

    it('leaves others alone while thousands of addresses send', async () => {
        const limited = await granted(server, from());
        await limited.events(lines(BURST));
        for (let i = 0; i < 40; i++)
            await Promise.all(Array.from({ length: 50 }, (_, j) =>
                server.get(`/p.gif?${event()}`, { 'x-forwarded-for': `10.1.${i}.${j}` })));
        const { result } = await limited.events(lines(90));
        assert.ok(result.rate_limited > 60, JSON.stringify(result));
    });

    it('takes a /64 of IPv6 for one client', async () => {
        const [one, neighbour, next] = await Promise.all(
            ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'].map((address) => granted(server, from(address))));
        await one.events(lines(40));
        assert.ok((await neighbour.events(lines(10))).result.rate_limited >= 9);
        assert.deepEqual((await next.events(lines(10))).result, { received: 10, stored: 10 });
    });

    it('does not believe what an untrusted hop says', async () => {
        const address = from().headers['x-forwarded-for'];
        const visitor = await granted(server, from());
        for (let i = 0; i < 4; i++)
            await visitor.events(lines(10), { 'x-forwarded-for': `203.0.113.${i}, ${address}` });
        const { result } = await visitor.events(lines(10), { 'x-forwarded-for': `203.0.113.9, ${address}` });
        assert.ok(result.rate_limited >= 9, JSON.stringify(result));
    });

    it('is in the metrics', async () => {
        const visitor = await granted(server, from());
        const before = await server.metric('events_rate_limited_total');
        await visitor.events(lines(40));
        assert.equal(await server.metric('events_rate_limited_total'), before + 10);
    });
});

describe('rates.site', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await start({ ...proxied({ address: 0, site: 1, choices: 0 }), sites: { shop: site(), other: site() } });
    });
    after(() => server.end());

    it('counts only what comes with a good crumb_id, for that site alone', async () => {
        const stranger = server.visitor(from());
        assert.deepEqual((await stranger.events(lines(100))).result, { received: 100, no_consent: 100 });
        const [one, two] = [await granted(server, from()), await granted(server, from())];
        assert.deepEqual((await one.events(lines(20))).result, { received: 20, stored: 20 });
        const { result } = await two.events(lines(20, CLICK));
        assert.ok(result.stored >= 10 && result.stored <= 12 && result.rate_limited >= 8, JSON.stringify(result));
        const elsewhere = await granted(server, { ...from(), site: 'other' });
        assert.deepEqual((await elsewhere.events(lines(20, { aid: 'other' }))).result, { received: 20, stored: 20 });
    });
});

describe('rates.choices', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await start(proxied({ address: 0, site: 0, choices: 1 }));
    });
    after(() => server.end());

    const tooMany = (answers) => answers.filter(({ status }) => status === 429);
    const times = (n, act) => Promise.all(Array.from({ length: n }, act));

    it('bounds what one address adds to the ledger, and says so', async () => {
        const address = from();
        const before = (await server.stat()).ledger;
        const answers = await times(50, () => server.visitor(address).choose('grant'));
        const refused = tooMany(answers);
        assert.ok(refused.length >= 15 && refused.length <= 20, `${refused.length} were refused`);
        assert.match(refused[0].error(429), /no effect/);
        assert.equal(refused[0].headers['retry-after'], '5');
        assert.deepEqual(refused[0].setCookies, []);
        assert.equal((await server.stat()).ledger - before, 50 - refused.length);
        assert.equal((await server.visitor(from()).choose('grant')).status, 201, 'others may choose');
    });

    it('keeps consent that can be taken back: grants are not in the way of withdrawals', async () => {
        const address = from();
        const visitor = await granted(server, address);
        await times(50, () => server.visitor(address).choose('grant'));
        const answer = await visitor.choose('withdraw');
        assert.equal(answer.status, 201);
        assert.equal(answer.json().ended, true);
        assert.ok(tooMany(await times(50, () => server.visitor(address).choose('deny'))).length >= 15);
    });

    it('bounds what is counted as shown', async () => {
        const visitor = server.visitor(from());
        const { hash } = await visitor.notice();
        const body = JSON.stringify({ site: 'shop', notice: hash, surface: 'banner' });
        const answers = await times(50, () => visitor.ask('POST', '/v1/shown', { body }));
        assert.ok(tooMany(answers).length >= 15);
        assert.ok(answers.filter(({ status }) => status === 204).length >= BURST);
    });

    it('holds for the page without scripts, which says it in words', async () => {
        const visitor = server.visitor(from());
        const { hash } = await visitor.notice();
        const origin = `http://127.0.0.1:${server.public}`;
        const form = `notice=${hash}&lang=en&action=grant`;
        const headers = { 'content-type': 'application/x-www-form-urlencoded', origin, host: `127.0.0.1:${server.public}` };
        const answers = await times(50, () => visitor.ask('POST', '/privacy?site=shop', { body: form, headers }));
        const refused = tooMany(answers);
        assert.ok(refused.length >= 15, [...new Set(answers.map(({ status }) => status))].join(' '));
        assert.match(refused[0].headers['content-type'], /^text\/html/);
        assert.deepEqual(refused[0].setCookies, []);
    });

    it('is in the metrics', async () => {
        assert.ok((await server.metric('choices_rate_limited_total')) >= 60);
    });
});

describe('a reload', { timeout: 60_000 }, () => {
    it('changes the rates at once', async () => {
        const server = await start(proxied({ address: 1, site: 0, choices: 0 }));
        const visitor = await granted(server, from());
        assert.equal((await visitor.events(lines(40))).result.rate_limited, 10);
        await server.reload(proxied({ address: 0, site: 0, choices: 0 }));
        assert.deepEqual((await visitor.events(lines(40))).result, { received: 40, stored: 40 });
        await server.end();
    });
});
