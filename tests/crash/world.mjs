// A server, some browsers and a clock that a test sets (setclock.c); people.mjs knows what must come of it.
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { event, readResult, request } from '../http/client.mjs';
import { mmdb } from '../http/mmdb.mjs';
import { eventually, makeToken, site } from '../http/server.mjs';
import { dayBefore, startOfDate } from '../oracle/events.mjs';
import { DECIMALS, ask as askSql, sqlOf } from '../oracle/oracle.mjs';
import { begin, folder, surprises } from './harness.mjs';
import {
    PURPOSES, People, RETENTION, ZONE, classesOf, dayOf, firstDay, folded, lastDay, shownLineOf, shownVisitOf,
} from './people.mjs';

const { SETCLOCK } = process.env;
if (!SETCLOCK) throw new Error('set SETCLOCK to the library under tests/crash of the build folder');

const BROWSERS = 6;
const SPEED = 20; // of what the keeper takes for a second
const NUDGE_MS = 2000; // of the clock, for what rests
const SETTLED_MS_MAX = 60_000;
const BEGAN = Date.parse('2026-01-05T08:00:00Z');
const ME = '/v1/me?site=shop';
const RESTRICTION = '/v1/me/restriction?site=shop';
const PATHS = ['/', '/hats', '/cart'];
const PLACES = { '203.0.113.1': 'DE', '198.51.100.1': 'AT', '192.0.2.1': 'CH' };
const DEVICES = {
    phone: { 'user-agent': 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36' },
    desktop: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0' },
};
const FIGURES = ['visitors', 'visits', 'pageviews', 'events'];
const TOTALS = [...FIGURES, 'views_per_visit', 'bounce_rate', 'visit_duration'];
const FOLDED_DIMENSIONS = ['event:page', 'visit:country', 'visit:device', 'visit:language'];
const BOUGHT = ['has_done', ['is', 'event:name', ['buy']]];
const QUESTIONS = [
    { metrics: TOTALS, dimensions: [] },
    { metrics: TOTALS, dimensions: ['time:day'] },
    { metrics: [...FIGURES, 'time_on_page'], dimensions: ['event:page'] },
    { metrics: TOTALS, dimensions: ['visit:country'] },
    { metrics: TOTALS, dimensions: ['visit:device', 'visit:language'] },
    { metrics: FIGURES, dimensions: ['event:name'] },
    { metrics: TOTALS, dimensions: ['visit:entry_page'], filters: [['is', 'visit:device', ['phone', 'tablet']]] },
    { metrics: TOTALS, dimensions: ['visit:exit_page'], filters: [BOUGHT] },
];

const iso = (t) => new Date(t).toISOString();
const sorted = (list) => [...list].sort();
const receiptOf = ({ sequence, previous, material, visitor, ...receipt }) => receipt;
const purposesOf = (granted) => Object.fromEntries(Object.keys(PURPOSES).map((name) => [name, granted.includes(name)]));

// Tiers that `dump` prints, at once.
const dumps = async (server, ...tiers) => Object.fromEntries(await Promise.all(tiers.map(async (tier) => [tier, await server.dump(tier)])));

export class World {
    // @erases: whether a withdrawal erases.
    static async make(random, erases) {
        const world = new World();
        const analyst = await makeToken('analyst', 'analyst', 'shop');
        const purposes = Object.fromEntries(Object.entries(PURPOSES).map(([name, collects]) => [name, { collects }]));
        const { fold_below, ...periods } = RETENTION;
        const retention = { ...Object.fromEntries(Object.entries(periods).map(([name, days]) => [name, `${days}d`])), fold_below };
        const server = folder({
            geo: 'geo.mmdb', trusted_proxies: ['127.0.0.1'], tokens: [analyst.entry],
            sites: { shop: site({ timezone: ZONE, on_withdraw: erases ? 'erase' : 'keep', purposes, retention }) },
        });
        writeFileSync(join(server.folder, 'geo.mmdb'), mmdb(Object.fromEntries(
            Object.entries(PLACES).map(([address, code]) => [`${address}/32`, { country: { iso_code: code } }]))));
        Object.assign(world, { random, server, token: analyst.token, people: new People(erases), seen: new Map(), kills: 0, jumps: 0 });
        world.clock = mkdtempSync(join(tmpdir(), 'crumb-clock-'));
        world.hands = openSync(join(world.clock, 'clock'), 'w+');
        world.setClock(BEGAN);
        Object.assign(process.env, { LD_PRELOAD: SETCLOCK, SETCLOCK_FILE: join(world.clock, 'clock'), SETCLOCK_SPEED: String(SPEED) });
        world.browsers = Array.from({ length: BROWSERS }, () => world.newBrowser());
        assert.ok(await begin(server));
        world.notice = (await server.visitor().notice()).hash;
        return world;
    }

    cleanup() {
        for (const name of ['LD_PRELOAD', 'SETCLOCK_FILE', 'SETCLOCK_SPEED']) delete process.env[name];
        this.server.cleanup();
        rmSync(this.clock, { recursive: true });
    }

    // ---- time ----

    setClock(ms) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(ms));
        writeSync(this.hands, bytes, 0, 8, 0);
        this.now = ms;
    }

    pass(ms) {
        this.setClock(this.now + ms);
        this.tell('later');
        if (ms < NUDGE_MS * 1000) return;
        this.jumps++;
        for (const deed of this.people.deeds) if (!deed.known) deed.n = undefined; // something may have gone by itself
    }

    // The same while it is served and somebody asks for something next.
    async wait(ms) {
        this.pass(ms);
        if (this.people.isFoldDue(this.now)) await this.settle();
    }

    // ---- browsers ----

    newBrowser() {
        const address = this.random.pick(Object.keys(PLACES)), device = this.random.pick(Object.keys(DEVICES));
        return {
            visitor: this.server.visitor({ headers: { 'x-forwarded-for': address, ...DEVICES[device] } }), identity: null,
            country: PLACES[address], device, language: this.random.pick(['de', 'en', 'it']), own: `/own-${this.random.word().slice(0, 12)}`,
        };
    }

    // An act is something that a browser does: `fire` it, then `apply` the answer or, where there is none, `resolve` by what
    // is found whether it was done. null: the server is gone.
    act(what, browser, ask, apply, resolve) {
        const said = `${this.browsers.indexOf(browser)} ${what}`;
        const fire = async () => {
            const answer = await ask().catch((error) => (error.code === 'ERR_ASSERTION' ? Promise.reject(error) : null));
            this.tell(`${said}: ${answer ? answer.status : 'no answer'}`);
            return answer;
        };
        return { browser, fire, apply, resolve: (found) => this.tell(`${said}: ${resolve(found) ? 'was' : 'was not'} done`) };
    }

    // Of the step that is done; told where it fails.
    log = [];
    tell = (line) => this.log.push(`${iso(this.now)} ${line}`);

    async do(act) {
        const answer = await act.fire();
        assert.ok(answer, 'the server is there');
        act.apply(answer);
    }

    isOver = (browser) => Boolean(browser.identity?.has) && this.people.isOver(browser.identity, this.now);

    see(browser, kind, path) {
        const { people, now } = this, { identity } = browser;
        const result = people.resultOf(identity, kind, now);
        const pairs = { url: `https://shop.example${path}`, lang: browser.language };
        if (kind === 'event') Object.assign(pairs, { e: 'se', se_ca: 'event', se_ac: 'buy' });
        const happened = () => people.happened(identity, { kind, path, browser, t: now }, result);
        return this.act(`${kind} ${path}`, browser, () => browser.visitor.ask('GET', `/p.gif?${event(pairs)}`), (answer) => {
            assert.equal(answer.status, 200, answer.text);
            assert.deepEqual(readResult(answer.headers['crumb-result']), { received: 1, [result]: 1 });
            happened();
        }, ({ journal }) => {
            const was = result === 'stored' && journal.some((row) => row.visitor === identity.id && row.event === 'pv' && row.log?.path === path);
            if (was) happened();
            return was;
        });
    }

    // A visit, or more of one. It begins and ends with a view: where the journal has gone nobody knows which class a visit's
    // beginning and end came from, so a click that is taken back leaves them (docs/rights.md).
    async visit(browser) {
        for (const kind of this.random.pick([['view'], ['view', 'event', 'view'], ['view', 'view', 'event', 'event', 'view']])) {
            this.setClock(this.now + this.random.between(1, 50) * 1000);
            await this.do(this.see(browser, kind, this.random.chance(0.3) ? browser.own : this.random.pick(PATHS)));
        }
    }

    choose(browser, action, granted) {
        const { people, now: t } = this, { identity } = browser;
        const right = action === 'minor' ? 'minor' : people.erases ? 'withdrawal' : null;
        const chose = (receipt, id, at) => {
            people.records.set(receipt.id, receipt);
            return people.chose(identity, { id, action, granted, receipt, t, at, right });
        };
        const ask = () => browser.visitor.choose(action, { notice: this.notice, ...(action === 'custom' && { purposes: purposesOf(granted) }) });
        const apply = (answer) => {
            assert.equal(answer.status, 201, answer.text);
            const { receipt, erasures = [] } = answer.json();
            assert.deepEqual([receipt.action, receipt.time, receipt.purposes], [action, iso(t), purposesOf(granted)]);
            // Whose time is over may have gone before or not.
            if (identity?.has && people.isOver(identity, t))
                identity.has = right && people.lossOf(identity, granted) ? erasures.length > 0 : browser.visitor.id === identity.id;
            else if (identity?.has && (classesOf(granted).length || !right)) assert.equal(browser.visitor.id, identity.id, 'the same id');
            const loss = people.lossOf(identity?.has ? identity : null, granted);
            assert.equal(erasures.length, loss && right ? 1 : 0);
            browser.identity = chose(receipt, browser.visitor.id, erasures[0]) ?? (action === 'minor' ? null : browser.identity);
            if (action === 'minor') Object.assign(browser, this.newBrowser());
        };
        const resolve = ({ ledger }) => {
            const i = ledger.findIndex((row) => row.time === iso(t) && row.action === action && (identity?.has ? row.visitor === identity.id
                : !people.identities.some(({ id, has }) => has && id === row.visitor)) && assert.deepEqual(row.purposes, purposesOf(granted)) === undefined);
            if (i >= 0) chose(receiptOf(ledger[i]), ledger.splice(i, 1)[0].visitor);
            if (action === 'minor') Object.assign(browser, this.newBrowser());
            return i >= 0;
        };
        return this.act(`${action} ${granted}`, browser, ask, apply, resolve);
    }

    // One of the rights, of which @done tells the model; @wasDone whether it was.
    use(browser, method, path, body, done, wasDone) {
        const { identity } = browser, isOver = this.isOver(browser);
        return this.act(`${method} ${path} ${body ?? ''}`, browser, () => browser.visitor.ask(method, path, { body }), (answer) => {
            if (answer.status === 404) return assert.ok(!identity?.has || isOver, 'they are known');
            assert.ok(answer.status === 200 || answer.status === 202, answer.text);
            assert.ok(identity?.has, 'nobody is known');
            const { receipts } = answer.json(), n = this.people.deeds.length;
            done(receipts[0]?.at);
            assert.equal(receipts.length, this.people.deeds.length - n);
        }, (found) => {
            const was = Boolean(identity?.has && wasDone(found));
            if (was) done();
            return was;
        });
    }

    restrict(browser, restricted) {
        const { people } = this, { identity } = browser;
        return this.use(browser, restricted ? 'POST' : 'DELETE', RESTRICTION, undefined,
            (at) => people.restrict(identity, restricted, at), ({ me }) => me.get(identity.id)?.visitor.restricted === restricted);
    }

    correct(browser, fields) {
        const { people } = this, { identity } = browser;
        const is = (corrections) => Object.entries(fields).every(([name, value]) => (corrections?.[name] ?? null) === value);
        return this.use(browser, 'PATCH', ME, JSON.stringify(fields), (at) => people.correct(identity, fields, at),
            ({ me }) => is(me.get(identity.id)?.corrections));
    }

    erase(browser) {
        const { people, now: t } = this, { identity } = browser;
        const done = (at) => {
            people.lose(identity, people.lossOf(identity, []), { at, right: 'erasure', t });
            identity.has = false;
            this.owed.push({ visitor: identity.id, time: iso(t) });
        };
        return this.use(browser, 'DELETE', ME, undefined, done, ({ visitors }) => !visitors.some(({ visitor }) => visitor === identity.id));
    }

    owed = []; // records of the ledger whose receipt was not told

    // ---- dying ----

    async crash() {
        this.kills++;
        this.tell('kill -9');
        await this.server.crash();
        assert.deepEqual(surprises(this.server), []);
    }

    // What became of @acts without an answer.
    async resolve(acts) {
        const found = await dumps(this.server, 'journal', 'ledger', 'visitors');
        found.ledger = found.ledger.filter(({ id }) => !this.people.records.has(id));
        found.me = new Map();
        for (const { browser } of acts) {
            const answer = await browser.visitor.ask('GET', ME);
            if (answer.status === 200) found.me.set(browser.identity.id, answer.json());
        }
        for (const act of acts) act.resolve(found);
        // Whether what was not stored was counted, nobody was told.
        const { received, dropped } = await this.server.books(), { books } = this.people;
        for (const name of ['no_consent', 'restricted']) {
            const more = (dropped[name] ?? 0) - books[name];
            assert.ok(more >= 0 && more <= acts.length, `${name}: ${more} more than were answered`);
            books[name] += more;
            books.received += more;
        }
        assert.equal(received, books.received);
    }

    // ---- until nothing is left to do ----

    async settle() {
        const { people, server } = this;
        const { days, visitors } = await eventually('the end of what is due', async () => {
            const found = await dumps(server, 'jobs', 'days', 'visitors');
            const isDue = ({ visitor }) => people.identities.some((identity) => identity.id === visitor && people.isOver(identity, this.now));
            if (!found.jobs.length && found.days.every((row) => people.isDone(row, this.now)) && !found.visitors.some(isDue)) return found;
            this.setClock(this.now + NUDGE_MS);
            return null;
        }, SETTLED_MS_MAX);
        people.observe(days, this.now, (month) => this.snapshot(month));
        for (const identity of people.identities) if (people.isOver(identity, this.now)) identity.has = false;
        assert.deepEqual(sorted(visitors.map(({ visitor }) => visitor)), sorted(people.identities.filter(({ has }) => has).map(({ id }) => id)), 'who is known');
        this.sealed = new Set(days.filter(({ sealed, folded }) => sealed && !folded).map(({ day }) => day));
    }

    // ---- the comparison ----

    async compare() {
        const { server, people } = this;
        const found = await dumps(server, 'journal', 'ledger', 'deeds', 'audit');
        this.compareJournal(found.journal);
        this.compareLedger(found.ledger);
        await this.compareDeeds(found.deeds, found.audit);
        for (const browser of this.browsers) await this.compareCopy(browser);
        await this.compareAnswers();
        const { received, stored, dropped } = await server.books();
        assert.deepEqual({ received, stored, no_consent: dropped.no_consent ?? 0, restricted: dropped.restricted ?? 0 }, people.books);
        const { code, stdout, stderr } = await server.run('verify', ['--rebuild']);
        assert.equal(code, 0, stdout + stderr);
    }

    compareJournal(rows) {
        assert.deepEqual(sorted(rows.map((row) => `${row.visitor} ${shownLineOf(row)}`)), sorted(this.people.journal()), 'the journal');
        // What an event said once it says for ever, as long as it may.
        for (const { sequence, visitor, log, device, clickpath } of rows) {
            const now = { visitor, log, device, clickpath }, before = this.seen.get(sequence) ?? now;
            for (const name of Object.keys(now)) if (now[name]) assert.deepEqual(now[name], before[name], `event ${sequence}`);
            this.seen.set(sequence, now);
        }
    }

    compareLedger(rows) {
        const { records } = this.people;
        for (const { visitor, time } of this.owed.splice(0)) {
            const owed = rows.filter((row) => !records.has(row.id) && row.visitor === visitor && row.time === time);
            assert.equal(owed.length, 1, 'an erasure is one record');
            assert.equal(owed[0].action, 'withdraw');
            records.set(owed[0].id, receiptOf(owed[0]));
        }
        assert.deepEqual(Object.fromEntries(rows.map((row) => [row.id, receiptOf(row)])), Object.fromEntries(records), 'the ledger');
        assert.equal(rows.length, records.size);
    }

    async compareDeeds(rows, audit) {
        const { deeds } = this.people, byId = new Map(rows.map((row) => [row.id, row]));
        for (const deed of deeds.filter(({ known, at }) => !known && at)) deed.known = byId.get(deed.at.replace('/v1/receipt/', ''));
        for (const deed of deeds.filter(({ known }) => !known)) // nobody was told where they are
            deed.known = rows.find((row) => row.right === deed.right && String(row.classes) === String(deed.classes) && !deeds.some(({ known }) => known?.id === row.id));
        for (const { known, right, classes, n, at } of deeds) {
            assert.ok(known, `there is no receipt of a ${right}, ${at ?? 'which nobody was told of'}`);
            assert.deepEqual(byId.get(known.id), known, 'a receipt stays as it is');
            assert.deepEqual([known.right, known.classes], [right, classes]);
            if (n !== undefined) assert.equal(known.events, n, `events that a ${right} reached`);
        }
        assert.equal(rows.length, deeds.length, 'receipts');
        const erased = audit.filter(({ act }) => act === 'erased').map(({ object }) => object.replace('receipt ', ''));
        assert.deepEqual(sorted(erased), sorted(deeds.filter(({ classes }) => classes.length).map(({ known }) => known.id)), 'the audit trail');
        const { known } = deeds.at(-1) ?? {};
        if (known) assert.deepEqual((await this.server.get(`/v1/receipt/${known.id}`)).json(), known);
    }

    async compareCopy({ visitor, identity }) {
        const answer = await visitor.ask('GET', '/v1/me/export?site=shop');
        if (!identity?.has) return assert.equal(answer.status, 404, answer.text);
        const { visitor: told, corrections, choices, under_way, days } = answer.json();
        const { id, since, at, restricted, action, granted } = identity;
        assert.deepEqual([told.id, told.since, told.restricted], [id, iso(since), restricted]);
        assert.deepEqual(told.choice, { action, time: iso(at), purposes: purposesOf(granted) });
        assert.deepEqual(corrections, identity.corrected);
        assert.deepEqual(choices, identity.receipts);
        assert.deepEqual(under_way, []);
        const shown = days.map(({ day, events, visits }) => ({ day, events: events.map(shownLineOf), visits: visits.map(shownVisitOf) }));
        assert.deepEqual(shown, this.people.daysOf(identity, this.sealed), 'a copy');
    }

    // ---- answers ----

    // The oracle's, of several bodies: rows of [dimensions, metrics].
    told(bodies, range) {
        const told = askSql({ zone: ZONE, rows: this.people.rows(), books: [] }, bodies.map((body) => sqlOf(body, range)));
        return told.map((rows, i) => rows.map((row) => [
            bodies[i].dimensions.map((_, at) => row[`d${at}`]),
            bodies[i].metrics.map((name, at) => (row[`m${at}`] === null ? null : row[`m${at}`] / (DECIMALS[name] ?? 1))),
        ]));
    }

    async answerTo(body, from, to) {
        const { status, text } = await request(this.server.private, {
            method: 'POST', path: '/api/v2/query', headers: { authorization: `Bearer ${this.token}` },
            body: JSON.stringify({ site_id: 'shop', date_range: [from, to], ...body }),
        });
        assert.equal(status, 200, `${text} ${JSON.stringify(body)}`);
        return JSON.parse(text).results.map(({ dimensions, metrics }) => [dimensions, metrics]);
    }

    async compareAnswers() {
        const from = this.people.detailedFrom(this.now), to = dayOf(this.now);
        const wanted = this.told(QUESTIONS, { from: startOfDate(ZONE, from), to: startOfDate(ZONE, dayBefore(to, -1)), unit: 'day' });
        for (const [i, body] of QUESTIONS.entries()) assertSame(await this.answerTo(body, from, to), wanted[i], body);
        for (const [month, { body: bodies, rows }] of this.people.folded)
            for (const [i, body] of bodies.entries()) assertSame(await this.answerTo(body, firstDay(month), lastDay(month)), rows[i], body);
    }

    // Whether a folded month tells of a page.
    isFolded = (path) => [...this.people.folded.values()].some(({ rows }) => JSON.stringify(rows).includes(path));

    // What is told of a month for ever.
    snapshot(month) {
        const range = { from: startOfDate(ZONE, firstDay(month)), to: startOfDate(ZONE, dayBefore(lastDay(month), -1)), unit: 'day' };
        const body = [{ metrics: TOTALS, dimensions: [] }, { metrics: TOTALS, dimensions: ['time:day'] },
            ...FOLDED_DIMENSIONS.map((name) => ({ metrics: FIGURES, dimensions: [name] }))];
        const rows = this.told(body, range);
        for (const [i, name] of FOLDED_DIMENSIONS.entries()) {
            const visitorsOf = (values) => this.told([{ metrics: ['visitors'], dimensions: [], filters: [['is', name, values]] }], range)[0][0][1][0];
            const cells = rows[i + 2].map(([[value], metrics]) => ({ value, ...Object.fromEntries(FIGURES.map((figure, at) => [figure, metrics[at]])) }));
            rows[i + 2] = folded(cells, visitorsOf).map(({ value, ...figures }) => [[value], FIGURES.map((figure) => figures[figure])]);
        }
        return { body, rows };
    }
}

function assertSame(told, wanted, body) {
    const lines = (rows) => sorted(rows.map((row) => JSON.stringify(row)));
    assert.deepEqual(lines(told), lines(wanted), `the answer to ${JSON.stringify(body)}`);
}
