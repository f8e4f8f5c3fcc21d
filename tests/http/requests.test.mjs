// Subject requests: anybody may ask, nobody reads what others asked, and the queue knows what is due.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { request, uuid, word } from './client.mjs';
import { eventually, makeToken, Server, site, sleep, start, withServer } from './server.mjs';

const DAY_MS = 86_400_000;
const ORIGIN = 'https://shop.example';

// The day that is so many working days behind @from, from Monday to Friday.
function workingDay(from, n) {
    const day = new Date(from);
    while (n > 0) {
        day.setUTCDate(day.getUTCDate() + 1);
        if (day.getUTCDay() % 6) n--;
    }
    return day.toISOString().slice(0, 10);
}

const complaint = (more = {}) =>
    JSON.stringify({ site: 'shop', kind: 'complaint', text: 'You ask me again and again.', ...more });

describe('requests', { timeout: 120_000 }, () => {
    let server;
    const tokens = {};
    before(async () => {
        tokens.officer = await makeToken('officer', 'privacy', 'shop');
        tokens.stranger = await makeToken('stranger', 'privacy', 'other');
        tokens.root = await makeToken('root', 'admin');
        tokens.analyst = await makeToken('marketing', 'analyst', 'shop');
        const sites = { shop: site(), other: site({ origins: ['https://other.example'] }) };
        server = await start({ sites, tokens: Object.values(tokens).map(({ entry }) => entry) });
    });
    after(() => server.end());

    const path = '/v1/me/requests';
    const make = async (body = complaint(), visitor = server.visitor(), headers) => {
        const answer = await visitor.ask('POST', path, { body, headers });
        assert.equal(answer.status, 201, answer.text);
        return answer.json();
    };
    const follow = ({ request: { number }, key }, visitor = server.visitor(), method = 'GET') =>
        visitor.ask(method, `${path}?site=shop&number=${number}&key=${key}`);
    const office = (method, rest, who, body) =>
        request(server.private, {
            method, path: `/admin/requests${rest}`, body: body && JSON.stringify(body),
            headers: who ? { authorization: `Bearer ${tokens[who].token}` } : {},
        });
    const versions = new Map(); // of each request, as far as it was moved here
    const move = async (number, body, who = 'officer') => {
        const answer = await office('POST', `/${number}?site_id=shop`, who, { version: versions.get(number) ?? 1, ...body });
        assert.equal(answer.status, 200, answer.text);
        versions.set(number, answer.json().version);
        return answer.json();
    };
    const audit = async () =>
        (await request(server.private, {
            path: '/admin/audit', headers: { authorization: `Bearer ${tokens.root.token}` },
        })).json().records;

    it('are taken from whoever has no cookie, with a number, a day and a key', async () => {
        const before = Date.now();
        const made = await make();
        assert.deepEqual(Object.keys(made), ['request', 'key', 'follow']);
        const { number, kind, state, text, contact, due, history } = made.request;
        assert.deepEqual([number, kind, state, text, contact], [1, 'complaint', 'open', 'You ask me again and again.', null]);
        assert.ok([before, Date.now()].some((now) => workingDay(now, 10) === due), due);
        assert.deepEqual(history.map((step) => [step.state, step.by, step.answer]), [['open', 'visitor', null]]);
        assert.match(made.key, /^[0-9a-f]{32}$/);
        const link = new URL(made.follow);
        assert.equal(link.host, `127.0.0.1:${server.public}`);
        const seen = await server.get(link.pathname + link.search);
        assert.equal(seen.headers['cache-control'], 'no-store');
        assert.match(seen.text, /You ask me again and again\./, 'a page for people');
        assert.deepEqual((await server.get(`/v1/me/requests${link.search}`)).json(), { requests: [made.request], more: false });
    });

    it('of whoever refused are taken, too, and set no cookie', async () => {
        const visitor = server.visitor();
        await visitor.chose('deny');
        const answer = await visitor.ask('POST', path, { body: complaint() });
        assert.equal(answer.status, 201);
        assert.deepEqual(answer.setCookies, []);
    });

    it('of a visitor are found by the cookie, and by nobody else\'s', async () => {
        const [ann, bob] = [server.visitor(), server.visitor()];
        await Promise.all([ann.chose('grant'), bob.chose('grant')]);
        const made = [await make(complaint({ text: 'first' }), ann), await make(complaint({ text: 'second' }), ann)];
        const list = async (visitor) => (await visitor.ask('GET', `${path}?site=shop`)).json().requests;
        assert.deepEqual((await list(ann)).map(({ text }) => text), ['first', 'second']);
        assert.deepEqual(await list(bob), []);
        const { number } = made[0].request;
        assert.equal((await ann.ask('GET', `${path}?site=shop&number=${number}`)).json().requests[0].text, 'first');
        (await bob.ask('GET', `${path}?site=shop&number=${number}`)).error(404);
        (await bob.ask('DELETE', `${path}?site=shop&number=${number}`)).error(404);
        bob.cookies.set('crumb_id', `1.${'A'.repeat(43)}`);
        (await bob.ask('GET', `${path}?site=shop&number=${number}`)).error(400);
        const elsewhere = server.visitor({ site: 'other' });
        await elsewhere.chose('grant');
        elsewhere.cookies.set('crumb_id', ann.cookies.get('crumb_id'));
        (await elsewhere.ask('GET', `${path}?site=other&number=${number}`)).error(400);
    });

    it('are shown to nobody with another key', async () => {
        const [one, two] = [await make(), await make()];
        (await follow({ ...one, key: two.key })).error(404);
        (await follow({ ...one, key: '0'.repeat(32) })).error(404);
        (await follow({ request: { number: 999999 }, key: one.key })).error(404);
        (await follow({ ...one, key: two.key }, undefined, 'DELETE')).error(404);
        for (const key of ['0', one.key.slice(1), `${one.key}0`, 'g'.repeat(32), one.key.replace(/../g, '$&:')])
            (await follow({ ...one, key })).error(400);
        assert.equal((await follow({ ...one, key: one.key.toUpperCase() })).status, 200);
        (await server.get(`${path}?site=shop`)).error(400);
        (await server.get(`${path}?site=shop&number=1`)).error(400);
        (await server.get(`${path}?site=shop&key=${one.key}`)).error(400);
        (await server.get(`${path}?site=nowhere&number=1&key=${one.key}`)).error(404);
        (await server.get(`${path}?number=1&key=${one.key}`)).error(400);
    });

    it('with a key are not another visitor\'s who has a cookie', async () => {
        const ann = server.visitor();
        await ann.chose('grant');
        const made = await make(complaint(), ann);
        const other = await make();
        (await follow({ ...made, key: other.key }, ann)).error(404);
    });

    it('keep what was written, in any script', async () => {
        const text = 'Grüße, \u{1F36A} שלום\u202e "quoted" </script>\n\ttab \\ \u0001';
        const made = await make(complaint({ text, contact: 'ann@поддержка.example' }));
        const [seen] = (await follow(made)).json().requests;
        assert.equal(seen.text, text);
        assert.equal(seen.contact, 'ann@поддержка.example');
        assert.equal((await office('GET', `/${made.request.number}?site_id=shop`, 'officer')).json().text, text);
    });

    const bytes = (n) => 'é'.repeat(n / 2);
    for (const [name, body, status = 400] of [
        ['nothing', ''], ['no JSON', '{'], ['a list', '[]'], ['a number', '7'], ['a member twice', '{"site":"shop","site":"shop"}'],
        ['no site', complaint({ site: undefined }), 404], ['an unknown site', complaint({ site: 'nowhere' }), 404],
        ['no kind', complaint({ kind: undefined })], ['an unknown kind', complaint({ kind: 'praise' })],
        ['a kind that is no text', complaint({ kind: 7 })], ['no text', complaint({ text: undefined })],
        ['an empty text', complaint({ text: '' })], ['blanks', complaint({ text: ' \n\t ' })],
        ['too long a text', complaint({ text: `x${bytes(4096)}` })], ['a text with NUL', complaint({ text: 'a\0b' })],
        ['half a character', Buffer.from(complaint({ text: 'é' }), 'utf8').subarray(0, -3)],
        ['bytes that are no text', Buffer.from('{"site":"shop","kind":"complaint","text":"\xff"}', 'latin1')],
        ['two lines of contact', complaint({ contact: 'a\nb' })], ['too long a contact', complaint({ contact: 'x'.repeat(255) })],
        ['a member that is none', complaint({ number: '1' })], ['a huge body', complaint({ text: 'x'.repeat(60_000) })],
        ['brackets without end', '['.repeat(30_000)],
    ])
        it(`are refused with ${name}: ${status}`, async () => {
            (await server.post(path, body)).error(status);
        });

    it('may be as long as it is said', async () => {
        await make(complaint({ text: bytes(4096), contact: 'x'.repeat(254) }));
        await make(complaint({ text: '\u0001'.repeat(4096) }));
    });

    it('are taken from pages of their site only', async () => {
        const own = await server.post(path, complaint(), { origin: ORIGIN, 'content-type': 'text/plain' });
        assert.equal(own.status, 201);
        assert.equal(own.headers['access-control-allow-origin'], ORIGIN);
        for (const origin of ['https://other.example', 'null'])
            (await server.post(path, complaint(), { origin })).error(403);
        const made = await make();
        (await server.get(`${path}?site=shop&number=${made.request.number}&key=${made.key}`, { origin: 'https://other.example' })).error(403);
        const preflight = await request(server.public, { method: 'OPTIONS', path, headers: { origin: ORIGIN } });
        assert.match(preflight.headers['access-control-allow-methods'], /DELETE/);
    });

    it('go through the officer\'s hands, who is on record', async () => {
        const made = await make(complaint({ contact: 'ann@mail.example' }));
        const { number } = made.request;
        const before = (await audit()).length;
        const read = (await office('GET', `/${number}?site_id=shop`, 'officer')).json();
        assert.deepEqual([read.text, read.contact], [made.request.text, 'ann@mail.example']);
        await move(number, { state: 'in_progress', note: 'who did this?' });
        await move(number, { answer: 'We look into it.' });
        const done = await move(number, { state: 'answered', answer: 'It was a bug.' });
        assert.deepEqual(done.history.map((step) => [step.state, step.by, step.name, step.answer, step.note]), [
            ['open', 'visitor', null, null, null], ['in_progress', 'officer', 'officer', null, 'who did this?'],
            ['in_progress', 'officer', 'officer', 'We look into it.', null],
            ['answered', 'officer', 'officer', 'It was a bug.', null],
        ]);
        const [seen] = (await follow(made)).json().requests;
        assert.equal(seen.state, 'answered');
        assert.deepEqual(seen.history.map((step) => [step.state, step.by, step.answer]), [
            ['open', 'visitor', null], ['in_progress', 'officer', null],
            ['in_progress', 'officer', 'We look into it.'], ['answered', 'officer', 'It was a bug.'],
        ]);
        assert.doesNotMatch(JSON.stringify(seen), /who did this|"name"|"note"/);
        const records = (await audit()).slice(0, (await audit()).length - before);
        assert.deepEqual(records.map((record) => [record.act, record.name, record.site, record.object, record.details]), [
            ['request_moved', 'officer', 'shop', `request ${number}`, 'in_progress to answered, with an answer'],
            ['request_moved', 'officer', 'shop', `request ${number}`, 'in_progress to in_progress, with an answer'],
            ['request_moved', 'officer', 'shop', `request ${number}`, 'open to in_progress, with a note'],
            ['request_read', 'officer', 'shop', `request ${number}`, null],
        ]);
    });

    it('move only as they may', async () => {
        const made = await make();
        const { number } = made.request;
        let version = 1;
        const refused = async (body, status) => (await office('POST', `/${number}?site_id=shop`, 'officer', { version, ...body })).error(status);
        const before = (await audit()).length;
        await refused({ state: 'withdrawn' }, 409);
        for (const body of [{}, { state: 'lost' }, { state: 'answered' }, { state: 'refused', note: 'no' }, { state: 'refused', answer: ' ' },
            { answer: 'a', note: 'b' }, { note: '' }, { note: 7 }, { text: 'x' }, { answer: 'x'.repeat(4097) },
            { note: 'x', version: undefined }, { note: 'x', version: 0 }, { note: 'x', version: '1' }])
            await refused(body, 400);
        assert.equal((await audit()).length, before, 'what did not happen is not on record');
        const withdrawn = await follow(made, undefined, 'DELETE');
        assert.equal(withdrawn.status, 200, withdrawn.text);
        assert.equal(withdrawn.json().request.state, 'withdrawn');
        (await follow(made, undefined, 'DELETE')).error(409);
        assert.match(await refused({ state: 'in_progress' }, 409), /^whoever asked took a step with it at \S+, which you have not seen, and it is withdrawn now/);
        version++;
        assert.match(await refused({ state: 'in_progress' }, 409), /cannot be moved so/);
        await move(number, { version, note: 'for the file' });
        for (const state of ['answered', 'refused']) {
            const other = (await make()).request.number;
            await move(other, { state, answer: 'so' });
            assert.equal((await move(other, { state: 'in_progress' })).state, 'in_progress', 'it can be taken up again');
        }
    });

    it('of which two officers answer one at once are answered once, and the second is told by whom and when', async () => {
        const { number } = (await make()).request;
        const { version } = (await office('GET', `/${number}?site_id=shop`, 'officer')).json();
        assert.equal(version, 1);
        const both = [['officer', 'Yes.'], ['root', 'No.']].map(([who, answer]) =>
            office('POST', `/${number}?site_id=shop`, who, { version, state: answer === 'Yes.' ? 'answered' : 'refused', answer }).then((got) => ({ who, got })));
        const [won, lost] = (await Promise.all(both)).sort((a, b) => a.got.status - b.got.status);
        assert.deepEqual([won.got.status, won.got.json().version], [200, 2]);
        const { history } = won.got.json();
        assert.equal(lost.got.error(409), `${won.who} took a step with it at ${history[1].time}, which you have not seen, and it is ${history[1].state} now: read it again`);
        assert.deepEqual((await office('GET', `/${number}?site_id=shop`, 'root')).json().history, history, 'nothing was changed');
        assert.equal((await office('POST', `/${number}?site_id=shop`, lost.who, { version: 2, note: 'I see.' })).status, 200);
    });

    it('have a history that ends, and a withdrawal fits in', async () => {
        const made = await make();
        const { number } = made.request;
        for (let i = 1; i < 63; i++) await move(number, { note: `step ${i}` });
        (await office('POST', `/${number}?site_id=shop`, 'officer', { version: 63, note: 'one more' })).error(409);
        assert.equal((await follow(made, undefined, 'DELETE')).status, 200);
    });

    for (const [name, rest, who, status] of [
        ['nobody', '?site_id=shop', null, 401], ['an analyst', '?site_id=shop', 'analyst', 403],
        ["another site's officer", '?site_id=shop', 'stranger', 403], ['an officer, of no site', '', 'officer', 403],
        ['an officer, in a state that is none', '?site_id=shop&state=lost', 'officer', 400],
        ['an officer, too many', '?site_id=shop&limit=1001', 'officer', 400], ['nobody, one', '/1?site_id=shop', null, 401],
        ['an analyst, one', '/1?site_id=shop', 'analyst', 403], ["another site's officer, one", '/1?site_id=shop', 'stranger', 403],
        ["another site's officer, of their own", '/1?site_id=other', 'stranger', 404],
        ['an officer, one that is none', '/x?site_id=shop', 'officer', 400], ['an officer, number 0', '/0?site_id=shop', 'officer', 400],
        ['an officer, one that is not there', '/4294967295?site_id=shop', 'officer', 404],
    ]) {
        it(`are not shown to ${name}: ${status}`, async () => {
            (await office('GET', rest, who)).error(status);
        });
        if (/^\/\d/.test(rest) && status !== 400)
            it(`are not moved by ${name}: ${status}`, async () => {
                (await office('POST', rest, who, { version: 1, note: 'mine' })).error(status);
            });
    }

    it('are listed without a word of what they say', async () => {
        const secret = uuid();
        const made = await make(complaint({ text: secret, contact: `${secret}@mail.example` }));
        const answer = await office('GET', '?site_id=shop&state=all&limit=1000', 'officer');
        assert.ok(answer.json().requests.some(({ number }) => number === made.request.number));
        assert.ok(!answer.text.includes(secret));
        assert.deepEqual(Object.keys(answer.json().requests[0]), ['number', 'site', 'kind', 'state', 'made', 'due', 'urgency', 'working_days_left', 'changed']);
    });

    it('are listed in pages and by state', async () => {
        const all = (await office('GET', '?site_id=shop&state=all&limit=1000', 'root')).json().requests;
        assert.deepEqual(all.map(({ number }) => number), all.map((_, i) => all.length - i));
        const found = [];
        for (let offset = 0; offset !== null; ) {
            const page = (await office('GET', `?site_id=shop&state=all&limit=7&offset=${offset}`, 'officer')).json();
            found.push(...page.requests);
            offset = page.next;
        }
        assert.deepEqual(found, all);
        const open = (await office('GET', '?site_id=shop&limit=1000', 'officer')).json();
        assert.deepEqual(
            open.requests.map(({ number }) => number).sort((a, b) => a - b),
            all.filter(({ state }) => ['open', 'in_progress'].includes(state)).map(({ number }) => number).sort((a, b) => a - b));
        assert.equal(open.open, open.requests.length);
        const refused = (await office('GET', '?site_id=shop&state=withdrawn', 'officer')).json().requests;
        assert.ok(refused.length && refused.every(({ state }) => state === 'withdrawn'));
    });

    it('say nothing of a visitor but what nobody can undo', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        await make(complaint(), visitor);
        const rows = await server.dump('requests');
        assert.ok(!JSON.stringify(rows).includes(visitor.id));
        assert.match(rows.at(-1).asker, /^[0-9a-f]{32}$/);
    });
});

describe('crumb export --visitor', { timeout: 120_000 }, () => {
    it('gives everything of one visitor, of journal and segments, nothing of others, and is on record', async () => {
        const { REPLAY } = process.env;
        const server = new Server();
        const event = (t, visitor, url) => JSON.stringify({
            t: Date.parse(t), site: 'shop', visitor, purposes: ['analytics', 'journeys'], event: `e=pv&url=https://shop.example/${url}`,
        });
        const [first, second] = [4, 3].map((days) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10));
        const lines = [
            event(`${first}T09:00:00Z`, 'ann', 'ann-one'), event(`${first}T09:01:00Z`, 'bob', 'bob-one'),
            event(`${first}T09:02:00Z`, 'ann', 'ann-two'), event(`${second}T09:00:00Z`, 'ann', 'ann-three'),
        ];
        execFileSync(REPLAY, ['-c', server.file], { input: lines.join('\n'), stdio: ['pipe', 'ignore', 'pipe'] });
        await server.launch();
        try {
            const rows = await server.dump('journal');
            const [ann, bob] = [rows[0].visitor, rows[1].visitor];
            const bare = async (id) => server.run('export', ['--site', 'shop', '--visitor', id]);
            const { code, stdout, stderr } = await bare(ann);
            assert.equal(code, 0, stderr);
            const found = stdout.trim().split('\n').map(JSON.parse);
            const of = (tier) => found.filter((line) => line.tier === tier).map(({ row }) => row);
            assert.deepEqual(of('visitors').map((row) => row.visitor), [ann]);
            assert.deepEqual(of('ledger').map((row) => row.visitor), [ann]);
            assert.deepEqual(of('journal'), rows.filter((row) => row.visitor === ann));
            await eventually('both days sealed', async () => (await server.dump('segment')).length === 3);
            const later = (await bare(ann)).stdout.trim().split('\n').map(JSON.parse);
            const visits = later.filter(({ tier }) => tier === 'segment').map(({ row }) => row);
            assert.deepEqual(visits.map(({ day }) => day), [first, second]);
            assert.match(JSON.stringify(visits), /ann-one.*ann-two.*ann-three/);
            assert.ok(!JSON.stringify(later).includes('bob-') && !JSON.stringify(later).includes(bob));
            const none = await bare('0'.repeat(32));
            assert.deepEqual([none.code, none.stdout], [1, '']);
            assert.match(none.stderr, /nothing is kept of this visitor/);
            for (const id of ['ann', ann.slice(1), `${ann}0`, 'g'.repeat(32)]) assert.equal((await bare(id)).code, 2);
            assert.equal((await server.run('export', ['--site', 'shop', '--visitor', ann, '--from', first])).code, 2);
            const told = (await server.dump('audit')).filter(({ act }) => act === 'disclosed');
            assert.equal(told.length, 3);
            assert.equal(told[0].object, told[1].object);
            assert.match(told[0].object, /^visitor [0-9a-f]{32}$/);
            assert.ok(!JSON.stringify(told).includes(ann), 'the trail does not name the visitor');
        } finally {
            await server.end();
        }
    });

    it('has the requests of the visitor, whose words are found nowhere else', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const [text, contact, answer] = [word(), word(), word()];
            const made = await visitor.ask('POST', '/v1/me/requests', { body: complaint({ text, contact }) });
            assert.equal(made.status, 201);
            assert.equal((await server.post('/v1/me/requests', complaint({ text: answer }))).status, 201);
            const { stdout } = await server.run('export', ['--site', 'shop', '--visitor', visitor.id]);
            assert.ok(stdout.includes(text) && stdout.includes(contact) && !stdout.includes(answer));
            const bytes = server.bytes();
            for (const secret of [text, contact, answer, made.json().key])
                assert.ok(!bytes.includes(secret), 'encrypted, or a hash alone');
        });
    });
});

describe('what is due', { timeout: 120_000 }, () => {
    const gauge = async (server, name) => {
        const { text } = await request(server.private, { path: '/metrics' });
        return Number(new RegExp(`^crumb_requests_${name}\\{site="shop"\\} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    const ask = async (server) => (await server.post('/v1/me/requests', complaint())).json().request;

    it('goes by the site\'s working days and holidays, comes first in the queue, and is told in metrics', async () => {
        const officer = await makeToken('officer', 'privacy', 'shop');
        const daily = { working_days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] };
        const date = (days) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
        const config = (more) => ({ tokens: [officer.entry], sites: { shop: site(more) } });
        await withServer(config({ ...daily, holidays: [1, 2, 3].map(date) }), async (server) => {
            const late = await ask(server);
            assert.equal(late.due, date(13));
            await server.reload(config(daily));
            const early = await ask(server);
            assert.equal(early.due, date(10));
            const list = async () => (await request(server.private, {
                path: '/admin/requests?site_id=shop', headers: { authorization: `Bearer ${officer.token}` },
            })).json();
            const { requests, open, soon, overdue } = await list();
            assert.deepEqual(requests.map(({ number }) => number), [early.number, late.number]);
            assert.deepEqual([open, soon, overdue], [2, 0, 0]);
            assert.deepEqual([await gauge(server, 'open'), await gauge(server, 'due_soon'), await gauge(server, 'overdue')], [2, 0, 0]);
            // To somebody who rests for the next days, three working days are a long time.
            await server.reload(config({ ...daily, holidays: [1, 2, 3, 4, 5, 6, 7, 8].map(date) }));
            assert.deepEqual([await gauge(server, 'open'), await gauge(server, 'due_soon'), await gauge(server, 'overdue')], [2, 1, 0]);
            assert.deepEqual((await list()).requests.map((one) => [one.urgency, one.working_days_left]), [['soon', 2], ['later', 5]]);
        });
    });

    it('is bounded: too many open ones are refused with another way to ask, and an answer makes room', async () => {
        const officer = await makeToken('officer', 'privacy', 'shop');
        await withServer({ tokens: [officer.entry] }, async (server) => {
            for (let i = 0; i < 1000; i += 50)
                await Promise.all(Array.from({ length: 50 }, () => ask(server)));
            const full = await server.post('/v1/me/requests', complaint());
            assert.match(full.error(503), /privacy@shop\.example/);
            assert.ok(Number(full.headers['retry-after']) > 0);
            const answer = await request(server.private, {
                method: 'POST', path: '/admin/requests/1?site_id=shop', body: JSON.stringify({ version: 1, state: 'answered', answer: 'yes' }),
                headers: { authorization: `Bearer ${officer.token}` },
            });
            assert.equal(answer.status, 200);
            assert.equal((await ask(server)).number, 1001);
        });
    });

    it('is bounded for each client, too', async () => {
        await withServer({ rates: { requests: 3 } }, async (server) => {
            for (let i = 0; i < 3; i++) await ask(server);
            const answer = await server.post('/v1/me/requests', complaint());
            answer.error(429);
            assert.equal(await server.metric('requests_rate_limited_total'), 1);
            assert.equal((await request(server.public, { method: 'POST', path: '/v1/me/requests', body: complaint(), from: '127.0.0.2' })).status, 201);
        });
    });
});

describe('requests and kills', { timeout: 120_000 }, () => {
    it('that were answered are there after kill -9', async () => {
        const officer = await makeToken('officer', 'privacy', 'shop');
        const server = await start({ tokens: [officer.entry] });
        try {
            const made = [], moved = new Set();
            for (let round = 0; round < 8; round++) {
                let over = false;
                const work = Array.from({ length: 6 }, async () => {
                    while (!over) {
                        try {
                            const answer = await server.post('/v1/me/requests', complaint({ text: uuid() }));
                            if (answer.status !== 201) continue;
                            const one = answer.json();
                            made.push(one);
                            const { status } = await request(server.private, {
                                method: 'POST', path: `/admin/requests/${one.request.number}?site_id=shop`,
                                body: JSON.stringify({ version: 1, state: 'answered', answer: 'done' }),
                                headers: { authorization: `Bearer ${officer.token}` },
                            });
                            if (status === 200) moved.add(one.request.number);
                        } catch {
                            // It is gone in the middle of this.
                        }
                    }
                });
                await sleep(20 + 40 * round);
                await server.crash();
                over = true;
                await Promise.all(work);
                await server.assertSound();
                await server.launch();
                for (const { request: { number, text }, key } of made) {
                    const [seen] = (await server.get(`/v1/me/requests?site=shop&number=${number}&key=${key}`)).json().requests;
                    assert.equal(seen.text, text);
                    if (moved.has(number)) assert.equal(seen.state, 'answered');
                }
            }
            assert.equal(new Set(made.map(({ request: { number } }) => number)).size, made.length, 'no number is given twice');
            const told = await eventually('records', async () => (await server.dump('audit')).filter(({ act }) => act === 'request_moved'));
            assert.ok(told.length >= moved.size && moved.size > 0);
        } finally {
            await server.end();
        }
    });
});
