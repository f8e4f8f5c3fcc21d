// Questions: who may ask, what is answered over HTTP and by `crumb query`, and that an answer knows every event that
// was acknowledged before it was asked.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { event, request, uuid, word } from './client.mjs';
import { crumb, site, start, withServer } from './server.mjs';

// A token made by `crumb token`, and the entry for `tokens:` that it printed.
async function makeToken(name, role, ...sites) {
    const of = sites.flatMap((site) => ['--site', site]);
    const { code, stdout } = await crumb(['token', '--name', name, '--role', role, ...of]);
    assert.equal(code, 0);
    const [token, line, ...rest] = stdout.split('\n');
    const [, entry, list, hash] =
        line.match(/^- \{name: (\S+), role: \w+,(?: sites: \[(.*)\],)? hash: ([0-9a-f]{64})\}$/) ?? assert.fail(line);
    assert.deepEqual(rest, ['']);
    assert.equal(hash, createHash('sha256').update(token).digest('hex'));
    return { token, entry: { name: entry, role, ...(sites.length && { sites: list.split(', ') }), hash } };
}

const QUESTION = { site_id: 'shop', metrics: ['visitors', 'visits', 'pageviews'], date_range: 'all' };
const today = () => new Date().toISOString().slice(0, 10);

describe('POST /api/v2/query', { timeout: 120_000 }, () => {
    let server;
    const tokens = {};
    before(async () => {
        tokens.analyst = await makeToken('marketing', 'analyst', 'shop');
        tokens.both = await makeToken('agency', 'analyst', 'shop', 'other');
        tokens.privacy = await makeToken('officer', 'privacy', 'shop');
        tokens.admin = await makeToken('root', 'admin');
        tokens.limited = await makeToken('limited', 'admin', 'other');
        tokens.stranger = await makeToken('stranger', 'analyst', 'shop');
        const known = Object.values(tokens).filter((one) => one !== tokens.stranger);
        const goals = [{ name: 'Order', event: 'order', currency: 'EUR' }];
        const other = site({ origins: ['https://other.example'] });
        const agents = join(process.env.UAP_CORE ?? '/usr/share/uap-core', 'regexes.yaml');
        server = await start({ agents, sites: { shop: site({ goals }), other }, tokens: known.map((one) => one.entry) });
    });
    after(() => server.end());

    const post = (body, headers) =>
        request(server.private, {
            method: 'POST',
            path: '/api/v2/query',
            headers,
            body: typeof body === 'string' ? body : JSON.stringify(body),
        });
    const as = (name, body) => post(body, { authorization: `Bearer ${tokens[name].token}` });
    const answer = async (body, name = 'analyst') => {
        const { status, text } = await as(name, body);
        assert.equal(status, 200, text);
        return JSON.parse(text);
    };
    const metrics = async (body) => (await answer({ ...QUESTION, ...body })).results[0].metrics;

    for (const [name, header] of [
        ['no token', undefined],
        ['an empty one', 'Bearer '],
        ['rubbish', 'Bearer rubbish'],
        ['a password', `Basic ${Buffer.from('marketing:secret').toString('base64')}`],
        ['a token that is not configured', () => `Bearer ${tokens.stranger.token}`],
        ['the hash in place of the token', () => `Bearer ${tokens.analyst.entry.hash}`],
        ['half a token', () => `Bearer ${tokens.analyst.token.slice(0, 20)}`],
        ['a token with a tail', () => `Bearer ${tokens.analyst.token}x`],
        ['a token without its word', () => tokens.analyst.token],
    ])
        it(`is refused with 401 for ${name}`, async () => {
            const authorization = typeof header === 'function' ? header() : header;
            const refused = await post(QUESTION, authorization ? { authorization } : {});
            assert.match(refused.error(401), /crumb token/);
            assert.equal(refused.headers['www-authenticate'], 'Bearer');
        });

    it('is answered to whom the token allows it, and refused with 403 to others', async () => {
        const rows = [
            ['analyst', 'shop', 200], ['analyst', 'other', 403], ['both', 'shop', 200], ['both', 'other', 200],
            ['privacy', 'shop', 403], ['admin', 'shop', 200], ['admin', 'other', 200], ['limited', 'other', 200],
            ['limited', 'shop', 403], ['admin', 'nowhere', 403],
        ];
        for (const [name, of, status] of rows)
            assert.equal((await as(name, { ...QUESTION, site_id: of })).status, status, `${name} asks about ${of}`);
    });

    it('tells a token nothing of sites that are not its own', async () => {
        const texts = await Promise.all(['other', 'nowhere'].map((of) => as('analyst', { ...QUESTION, site_id: of })));
        assert.equal(texts[0].error(403), texts[1].error(403));
    });

    it('takes the word Bearer in any case', async () => {
        assert.equal((await post(QUESTION, { authorization: `bearer ${tokens.analyst.token}` })).status, 200);
    });

    for (const [name, body, complaint] of [
        ['nothing', '', /JSON/],
        ['no JSON', '{', /JSON/],
        ['a list', '[]', /object/],
        ['no metrics', { site_id: 'shop', date_range: 'all' }, /metrics/],
        ['an unknown metric', { ...QUESTION, metrics: ['clicks'] }, /metrics\[0\]: "clicks"/],
        ['an unknown dimension', { ...QUESTION, dimensions: ['visit:mood'] }, /dimensions\[0\]/],
        ['a filter without a list', { ...QUESTION, filters: [['is', 'event:page', '/']] }, /filters\[0\]\[2\]/],
        ['a goal that there is not', { ...QUESTION, filters: [['is', 'event:goal', ['Nothing']]] }, /Nothing/],
        ['a very long goal', { ...QUESTION, filters: [['is', 'event:goal', ['x'.repeat(9000)]]] }, /called "x+\.\.\."; it has "Order"/],
        ['a very long segment', { ...QUESTION, filters: [['is', 'segment', ['x'.repeat(9000)]]] }, /segment "x+\.\.\." is not/],
        ['a metric that needs a page', { ...QUESTION, metrics: ['scroll_depth'] }, /event:page/],
        ['a wrong date', { ...QUESTION, date_range: ['2026-02-30', '2026-03-01'] }, /date_range/],
        ['dates the wrong way round', { ...QUESTION, date_range: ['2026-03-01', '2026-02-01'] }, /date_range|range/],
        ['a key too many', { ...QUESTION, colour: 'red' }, /colour/],
        ['more than 64 KiB', { ...QUESTION, x: 'x'.repeat(65 << 10) }, /bytes|large/],
        ['nesting without end', '['.repeat(10_000), /nested/],
    ])
        it(`is refused with 400 and a sentence for ${name}`, async () => {
            assert.match((await as('analyst', body)).error(400), complaint);
        });

    it('counts visitors, visits and page views, and each page', async () => {
        const before = await metrics();
        const visitors = [server.visitor(), server.visitor(), server.visitor()];
        await Promise.all(visitors.map((visitor) => visitor.chose('grant')));
        const pages = [word(), word()].map((name) => `/${name}`);
        for (const [i, path] of [[0, pages[0]], [0, pages[1]], [1, pages[0]], [2, pages[0]], [2, pages[0]]])
            await visitors[i].beacon({ url: `https://shop.example${path}` });
        assert.deepEqual(await metrics(), [before[0] + 3, before[1] + 3, before[2] + 5]);
        const { results } = await answer({ ...QUESTION, dimensions: ['event:page'] });
        const of = (path) => results.find((row) => row.dimensions[0] === path)?.metrics;
        assert.deepEqual(pages.map(of), [[3, 3, 4], [1, 1, 1]]);
    });

    it('has no row for a page on which nothing happened, and begins a visit with the first page view', async () => {
        const [before] = (await answer({ ...QUESTION, metrics: ['visits'] })).results[0].metrics;
        const visitors = [server.visitor(), server.visitor(), server.visitor()];
        await Promise.all(visitors.map((visitor) => visitor.chose('grant')));
        const [pinged, viewed] = [`/${word()}`, `/${word()}`];
        const url = (path) => `https://shop.example${path}`;
        await visitors[0].beacon({ e: 'pp', url: url(pinged) });
        await visitors[1].beacon({ e: 'se', se_ca: 'click', se_ac: 'buy', url: undefined });
        await visitors[2].beacon({ e: 'pp', url: url(pinged) });
        await visitors[2].beacon({ url: url(viewed) });
        await visitors[2].beacon({ url: url('/') });
        const pages = { dimensions: ['event:page'], metrics: ['visits', 'pageviews', 'views_per_visit'] };
        const { results } = await answer({ ...QUESTION, ...pages });
        const of = (path) => results.find((row) => row.dimensions[0] === path)?.metrics;
        assert.deepEqual([of(pinged), of(''), of(viewed)], [undefined, [1, 0, null], [1, 1, 2]]);
        const [after] = (await answer({ ...QUESTION, metrics: ['visits'] })).results[0].metrics;
        assert.equal(after, before + 2, 'pings alone are no visit');
    });

    it('is answered as CSV, or an object a line, to whom accepts that', async () => {
        const asked = { ...QUESTION, metrics: ['pageviews'], dimensions: ['event:page'], pagination: { limit: 1 } };
        const { results: [row] } = await answer(asked);
        const [page] = row.dimensions;
        const get = (accept) => post(asked, { authorization: `Bearer ${tokens.analyst.token}`, accept });
        const csv = await get('text/csv');
        assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8; header=present');
        assert.equal(csv.text, `event:page,pageviews\r\n${page},${row.metrics[0]}\r\n`);
        assert.equal((await get('text/csv, */*;q=0.5')).text, csv.text);
        const lines = await get('application/x-ndjson');
        assert.equal(lines.headers['content-type'], 'application/x-ndjson');
        assert.deepEqual(JSON.parse(lines.text), { 'event:page': page, pageviews: row.metrics[0] });
        assert.deepEqual(JSON.parse((await get('*/*')).text).results, [row]);
    });

    it('has the same rows page by page as all at once', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const property = word(), [few, many] = [7, 60];
        for (let i = 0; i < many; i++)
            await visitor.beacon({ e: 'se', se_ca: 'event', se_ac: `kind ${i % 3}`, [`x_p.${property}`]: `${(i * 37) % many}` });
        const asked = { ...QUESTION, metrics: ['events'], dimensions: ['event:name', `event:props:${property}`],
            filters: [['is_not', `event:props:${property}`, ['(none)']]], include: { total_rows: true } };
        for (const order_by of [[['events', 'desc']], [['event:name', 'desc']], [[`event:props:${property}`, 'asc']]]) {
            const { results, meta } = await answer({ ...asked, order_by });
            assert.deepEqual([results.length, meta.total_rows], [many, many]);
            for (let offset = 0; offset < many + few; offset += few) {
                const page = await answer({ ...asked, order_by, pagination: { limit: few, offset } });
                assert.deepEqual(page.results, results.slice(offset, offset + few), `${order_by} from ${offset}`);
            }
        }
    });

    it('compares with another range, in every form', async () => {
        const asked = { ...QUESTION, metrics: ['pageviews'], date_range: 'day',
            include: { comparison: { mode: 'custom', date_range: 'day' } } };
        const { results: [row] } = await answer(asked);
        assert.deepEqual(row.comparison, { dimensions: [], metrics: row.metrics, change: [0] });
    });

    it('tells goals, and the values of a dimension, to those who may ask', async () => {
        const get = (query, name = 'analyst') => request(server.private, {
            path: `/api/v2/schema?${query}`,
            headers: name ? { authorization: `Bearer ${tokens[name].token}` } : {},
        });
        const { goals } = JSON.parse((await get('site_id=shop')).text);
        assert.deepEqual(goals, [{ name: 'Order', currency: 'EUR' }]);
        (await get('site_id=shop', null)).error(401);
        (await get('site_id=other')).error(403);
        (await get('site_id=other&dimension=event:page')).error(403);
        (await get('site_id=shop&dimension=event:page', 'privacy')).error(403);
        assert.match((await get('site_id=shop&dimension=time:day')).error(400), /times have no values/);
        const visitor = server.visitor();
        await visitor.chose('grant');
        const name = word();
        await visitor.beacon({ url: `https://shop.example/${name}/A%20b` });
        const search = `search=${name.toUpperCase()}%2Fa`;
        const { values } = JSON.parse((await get(`site_id=shop&dimension=event:page&date_range=day&${search}`)).text);
        assert.deepEqual(values.map((one) => one.visitors), [1]);
        assert.ok(values[0].value.startsWith(`/${name}/`));
        const property = `my ${name}`, value = 'a + b', fields = { e: 'se', se_ca: 'event', se_ac: 'x', [`x_p.${property}`]: value };
        await visitor.beacon(fields);
        const written = new URLSearchParams({ site_id: 'shop', dimension: `event:props:${property}`, date_range: 'day', search: ' + B' });
        assert.match(`${written}`, /my\+\w+.*search=\+%2B\+B$/);
        assert.deepEqual(JSON.parse((await get(written)).text).values, [{ value, visitors: 1 }]);
    });

    it('gives up a question whose client has left, and answers the next', async () => {
        const leaving = Array.from({ length: 20 }, () => {
            const left = new AbortController();
            const asked = fetch(`http://127.0.0.1:${server.private}/api/v2/query`, { method: 'POST', signal: left.signal,
                headers: { authorization: `Bearer ${tokens.analyst.token}` }, body: JSON.stringify(QUESTION) });
            setTimeout(() => left.abort(), 1);
            return asked.catch(() => undefined);
        });
        await Promise.all(leaving);
        await answer(QUESTION);
    });

    it('counts programs apart, by why they are taken for some', async () => {
        const bots = async () => {
            const { results } = await answer({ ...QUESTION, dimensions: ['visit:bot'] });
            return Object.fromEntries(results.map((row) => [row.dimensions[0], row.metrics]));
        };
        const [people, programs] = [await metrics(), await bots()];
        // One has no language, as no browser; another views pages faster than anybody can.
        const odd = server.visitor({ headers: { 'accept-language': '' } });
        await odd.chose('grant');
        await odd.beacon();
        await odd.beacon({ e: 'se', se_ca: 'click', se_ac: 'buy' });
        const fast = server.visitor();
        await fast.chose('grant');
        await fast.events(Array.from({ length: 59 }, () => event()));
        assert.deepEqual(await metrics(), [people[0] + 1, people[1] + 1, people[2] + 59]);
        await fast.beacon();
        assert.deepEqual(await metrics(), people);
        const [before, after] = [programs.headers ?? [0, 0, 0], await bots()];
        assert.deepEqual(after.headers, [before[0] + 1, before[1] + 1, before[2] + 1]);
        assert.deepEqual(after.speed, [1, 1, 60]);
    });

    it('answers in the form of the Plausible Stats API v2', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        await visitor.beacon();
        const range = [today(), today()];
        const body = { ...QUESTION, dimensions: ['time:day'], date_range: range, include: { total_rows: true } };
        const { results, meta, query, ...more } = await answer(body);
        assert.deepEqual(more, {});
        assert.deepEqual(Object.keys(results[0]), ['metrics', 'dimensions']);
        assert.deepEqual(results[0].dimensions, [range[0]]);
        assert.deepEqual(meta, { total_rows: 1 });
        assert.equal(query.site_id, 'shop');
        assert.deepEqual(query.metrics, QUESTION.metrics);
        assert.deepEqual(query.date_range.map((time) => time.slice(0, 10)), range);
    });

    it('knows every event that was acknowledged before', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        let [, , pageviews] = await metrics();
        for (let i = 0; i < 50; i++) {
            await visitor.beacon();
            assert.equal((await metrics())[2], ++pageviews);
        }
    });

    it('knows them while many ask and many write', async () => {
        const [, , before] = await metrics();
        let sent = 0;
        await Promise.all(Array.from({ length: 8 }, async () => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            for (let i = 0; i < 15; i++) {
                await visitor.beacon();
                const least = before + ++sent;
                const [, , pageviews] = await metrics();
                assert.ok(pageviews >= least, `${pageviews} of at least ${least} page views`);
            }
        }));
        assert.equal((await metrics())[2], before + sent);
    });

    it('counts a repeated event once, and what was dropped not at all', async () => {
        const [, , before] = await metrics();
        const visitor = server.visitor();
        await visitor.chose('grant');
        const eid = uuid();
        await visitor.events([event({ eid }), event({ eid }), 'rubbish']);
        await visitor.beacon({ eid });
        await server.visitor().beacon();
        assert.equal((await metrics())[2], before + 1);
    });

    it('does not mix sites', async () => {
        const elsewhere = server.visitor({ site: 'other' });
        await elsewhere.chose('grant');
        const before = await metrics();
        await elsewhere.beacon({ url: 'https://other.example/' });
        assert.deepEqual(await metrics(), before);
        const { results } = await answer({ ...QUESTION, site_id: 'other' }, 'both');
        assert.deepEqual(results[0].metrics, [1, 1, 1]);
    });

    it('of tokens that were taken away is refused after a reload', async () => {
        const { entry, token } = await makeToken('new', 'analyst', 'shop');
        const { tokens: before } = server.config;
        const ask = () => post(QUESTION, { authorization: `Bearer ${token}` });
        assert.equal((await ask()).status, 401);
        await server.reload({ ...server.config, tokens: [...before, entry] });
        assert.equal((await ask()).status, 200);
        await server.reload({ ...server.config, tokens: before });
        assert.equal((await ask()).status, 401);
    });
});

describe('crumb query', { timeout: 120_000 }, () => {
    const FLAGS = '--site shop --metrics visitors,pageviews --date-range all --dimensions event:page'.split(' ');

    async function withPages(act) {
        await withServer({}, async (server) => {
            const visitors = [server.visitor(), server.visitor()];
            for (const visitor of visitors) await visitor.chose('grant');
            for (const [i, path] of [[0, '/a'], [0, '/b,"c"'], [1, '/a']])
                await visitors[i].beacon({ url: `https://shop.example${path}` });
            await act(server);
        });
    }

    it('answers the same as the service, while it runs and after', async () => {
        const { entry, token } = await makeToken('marketing', 'analyst', 'shop');
        await withServer({ tokens: [entry] }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await visitor.beacon();
            const body = JSON.stringify({ ...QUESTION, dimensions: ['event:page'] });
            const { text } = await request(server.private, {
                method: 'POST', path: '/api/v2/query', body, headers: { authorization: `Bearer ${token}` },
            });
            const ask = async () => {
                const { code, stdout, stderr } = await server.run('query', ['--format', 'json'], body);
                assert.deepEqual([code, stderr], [0, '']);
                return JSON.parse(stdout);
            };
            assert.deepEqual((await ask()).results, [{ metrics: [1, 1, 1], dimensions: ['/'] }]);
            assert.deepEqual((await ask()).results, JSON.parse(text).results);
            await server.stop();
            assert.deepEqual((await ask()).results, JSON.parse(text).results);
        });
    });

    it('prints JSON, CSV and a table', async () => {
        await withPages(async (server) => {
            const print = async (format) => {
                const flags = format ? [...FLAGS, '--format', format] : FLAGS;
                const { code, stdout, stderr } = await server.run('query', flags);
                assert.deepEqual([code, stderr], [0, '']);
                return stdout;
            };
            const rows = [{ metrics: [2, 2], dimensions: ['/a'] }, { metrics: [1, 1], dimensions: ['/b,"c"'] }];
            assert.deepEqual(JSON.parse(await print('json')).results, rows);
            assert.equal(await print('csv'), 'event:page,visitors,pageviews\r\n/a,2,2\r\n"/b,""c""",1,1\r\n');
            const table = await print('table');
            assert.equal(await print(), table);
            assert.match(table, /event:page.*visitors.*pageviews/);
            assert.match(table, /\/a\s+2\s+2/);
        });
    });

    it('answers about paths and funnels, as a table and as JSON', async () => {
        await withPages(async (server) => {
            const ask = async (kind, body, ...flags) => {
                const request = JSON.stringify({ site_id: 'shop', date_range: 'all', ...body });
                const { code, stdout, stderr } = await server.run('query', [kind, ...flags], request);
                assert.deepEqual([code, stderr], [0, '']);
                return stdout;
            };
            const steps = [{ page: '/a' }, { page: '/nowhere' }];
            assert.match(await ask('--paths', {}), /^path +visits +share\n[^]*of \d+ visits allowed that the order/);
            assert.match(await ask('--funnel', { steps }), /^step +visits[^]*\n1\. \/a [^]*\n2\. \/nowhere /);
            assert.deepEqual(Object.keys(JSON.parse(await ask('--paths', {}, '--format', 'json'))).slice(0, 3), ['visits', 'traced', 'untraced']);
            assert.equal(JSON.parse(await ask('--funnel', { steps }, '--format', 'json')).steps.length, 2);
        });
    });

    it('says of an empty table which days it covers, and nothing of any other', async () => {
        const before = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
        await withPages(async (server) => {
            const said = async (...flags) => (await server.run('query', ['--site', 'shop', ...flags])).stderr;
            const [first, last] = [before(7), before(1)];
            for (const flags of [[], ['--dimensions', 'event:page'], ['--metrics', 'bounce_rate']]) {
                assert.equal(await said('--date-range', '7d', ...flags), `crumb query: no traffic from ${first} to ${last}\n`);
                assert.equal(await said('--date-range', `${last},${last}`, ...flags), `crumb query: no traffic on ${last}\n`);
                assert.equal(await said('--date-range', '7d', '--format', 'csv', ...flags), '');
                assert.equal(await said('--date-range', 'day', ...flags), '');
                const none = ['--filters', '[["is","event:page",["/none"]]]', '--date-range', 'day'];
                assert.match(await said(...none, ...flags), /^crumb query: nothing that passes the filters on \d/);
            }
        });
    });

    it('tells what is wrong with a question and exits with 2', async () => {
        await withPages(async (server) => {
            const wrong = [
                [['--site', 'nowhere'], '', /nowhere/],
                [['--site', 'shop', '--metrics', 'clicks'], '', /clicks/],
                [['--site', 'shop', '--date-range', 'someday'], '', /date_range/],
                [['--site', 'shop', '--limit', 'many'], '', /pagination\.limit: must be a whole number/],
                [['--site', 'shop', '--limit', '2x'], '', /pagination\.limit: must be a whole number/],
                [['--site', 'shop', '--limit', ''], '', /pagination\.limit: must be a whole number/],
                [['--site', 'shop', '--limit', '0'], '', /pagination\.limit: must be a whole number/],
                [['--site', 'shop', '--limit', '99999999999999999999'], '', /pagination\.limit: must be a whole number/],
                [['--metrics', 'visits'], JSON.stringify(QUESTION), /--site NAME/],
                [['--date-range', 'day'], JSON.stringify(QUESTION), /--site NAME/],
                [['--dimensions', 'time:day'], JSON.stringify(QUESTION), /--site NAME/],
                [['--limit', '1'], JSON.stringify(QUESTION), /--site NAME/],
                [['--site', 'shop', '--format', 'xml'], '', /xml/],
                [['--paths', '--site', 'shop'], '', /from standard input/],
                [['--paths', '--funnel'], JSON.stringify({ site_id: 'shop', date_range: 'all' }), /two questions/],
                [['--paths', '--format', 'csv'], JSON.stringify({ site_id: 'shop', date_range: 'all' }), /as JSON or as a table/],
                [[], '{', /JSON/],
                [[], '', /JSON/],
                // What a terminal would obey.
                [['--site', 'a\x1b[31mb'], '', /a\?\[31mb/],
                [['--site', 'shop', '--filters', '[["is","event:goal",["a\\u001bb"]]]'], '', /called "a\?b"/],
                [['--site', 'shop', '--filters', '[["is","segment",["a\\u001bb"]]]'], '', /segment "a\?b"/],
            ];
            for (const [args, input, complaint] of wrong) {
                const { code, stdout, stderr } = await server.run('query', args, input);
                assert.deepEqual([code, stdout], [2, ''], args.join(' '));
                assert.match(stderr, complaint);
            }
        });
    });
});
