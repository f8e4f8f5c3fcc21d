// script/bench rights: what a visitor's rights, retention and encryption cost.
//
//   --quick          1,000,000 events of 365 days instead of 10,000,000
//   --only PART      rights or cipher
//   BENCH_FOLDER     where the stores are for as long as it takes (build/)
//
// Some visitors came every day, 1,000 page views each. One has everything copied and then erased, end to end over HTTP
// with the signed cookie: once while the journal has all days, once while it has thirty. In between beacons are sent as
// fast as they are answered, with and without expiry and erasures beside them. Encryption is measured beside the same
// program without (bench/plain.c), over the same events. docs/benchmarks.md defines every figure.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { build, median, medians, quick, root, rotate, rounded, row, write } from './lib/figures.mjs';
import { cpuOf, generate, Shop } from './lib/shop.mjs';
import { questions } from './lib/questions.mjs';
import { wrk } from './lib/wrk.mjs';

const DAY_MS = 86_400_000;
const DAYS = 365;
const SET = quick ? { events: 1_000_000, days: DAYS } : { events: 10_000_000, days: DAYS };
const REGULAR_EVENTS = 1000;
const CONNECTIONS = 256;
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null;
const BARS = { ingest: 0.8, cipher_ingest: 1.1, cipher_query: 1.15 };

const day = (ms) => new Date(ms).toISOString().slice(0, 10);
// Until the day before yesterday, wherever the machine thinks it is.
const FIRST_MS = Date.now() - (DAYS + 1) * DAY_MS;
const RANGE = [day(FIRST_MS), day(FIRST_MS + (DAYS - 1) * DAY_MS)];

// ---- ingest ----

let seed = 0;

// Beacons as fast as they are answered; what they cost @shop is in the figures.
async function send(shop, seconds, cookies) {
    const before = shop.cpu();
    const answers = await wrk([`-t${Math.min(2, cpus().length)}`, `-c${CONNECTIONS}`, `-d${seconds}s`, '-s',
        join(root, 'bench/beacon.lua'), `http://127.0.0.1:${shop.port}`], ['none=1', '0', String(++seed), cookies]);
    return { ...answers, cpu_us: ((shop.cpu() - before) * 1e6) / answers.requests };
}

// ---- the rights ----

const retention = (journal_days) => `journal: ${journal_days}d, segments: 25mo, choice: 13mo, visitor: 13mo`;

async function copy(shop, cookie) {
    shop.forgetPeak();
    const [before, began] = [shop.cpu(), performance.now()];
    const answer = await shop.ask('/v1/me/export?site=shop', { cookie });
    if (answer.status !== 200) throw new Error(`GET /v1/me/export was answered ${answer.status}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const figures = { ms: performance.now() - began, cpu_s: shop.cpu() - before, peak_mb: shop.peak(), bytes: bytes.length };
    const { days } = JSON.parse(bytes.toString());
    const events = days.reduce((sum, { events }) => sum + events.length, 0);
    const visits = days.reduce((sum, { visits }) => sum + visits.length, 0);
    if (days.length !== DAYS || visits < DAYS) throw new Error(`the copy has ${days.length} days and ${visits} visits`);
    return { ...figures, days: days.length, events, visits };
}

// And until what was built of the days anew is whole again: months, which nobody waits for.
async function erase(shop, cookie) {
    const views = await shop.pageviews(RANGE);
    await shop.untilQuiet();
    shop.forgetPeak();
    const before = shop.cpu();
    const { ms, receipt } = await shop.erase(cookie);
    const cpu_s = shop.cpu() - before, peak_mb = shop.peak();
    const after_s = await shop.untilQuiet();
    const gone = views - await shop.pageviews(RANGE);
    if (gone !== REGULAR_EVENTS) throw new Error(`${gone} page views have gone, not ${REGULAR_EVENTS}`);
    const { status } = await shop.ask('/v1/me?site=shop', { cookie });
    if (status !== 404) throw new Error(`whoever was erased is answered ${status}`);
    const { events, visits, days } = receipt;
    return { ms, cpu_s, peak_mb, cpu_after_s: after_s, peak_after_mb: shop.peak(), events, visits, days };
}

const smooth = (figures) => Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)]));

async function useRights(shop, cookie) {
    await shop.start();
    try {
        await shop.untilQuiet();
        const copied = smooth(await copy(shop, cookie));
        return { copy: copied, erasure: smooth(await erase(shop, cookie)) };
    } finally {
        await shop.stop();
    }
}

// ---- ingest beside the keeper's work ----

const ROUNDS = 3;
const SECONDS = quick ? 2 : 6;
const GRANTS = 64;
const ROWS_PER_S = 20_000; // more than expire in a second: there is something to do all the time

class Beside {
    constructor(shop, cookies, folder) {
        Object.assign(this, { shop, cookies, folder, journal_days: DAYS + 35, erased: [] });
        this.step_days = Math.ceil((SECONDS * ROWS_PER_S * DAYS) / SET.events);
        if (DAYS - 2 * ROUNDS * this.step_days < 30) this.step_days = Math.floor((DAYS - 30) / (2 * ROUNDS));
    }

    // One erasure after the other, until @state.ended.
    async eraseOn(state) {
        while (!state.ended) {
            const cookie = this.cookies.shift();
            if (!cookie) throw new Error('there is nobody left to erase');
            const { ms, receipt } = await this.shop.erase(cookie);
            this.erased.push({ ms, days: receipt.days });
        }
    }

    // The service is started for each measurement, as new periods make expire at once what is then due.
    async measure(subject) {
        if (subject.expires) this.journal_days = Math.min(this.journal_days, DAYS) - this.step_days;
        await this.shop.configure(retention(this.journal_days));
        await this.shop.start();
        try {
            const cookies = await Promise.all(Array.from({ length: GRANTS }, () => this.shop.grant()));
            const file = join(this.folder, 'cookies');
            writeFileSync(file, cookies.join('\n') + '\n');
            if (!subject.expires) await this.shop.untilQuiet();
            const state = { ended: false };
            const erasing = subject.erases ? this.eraseOn(state) : null;
            const figures = await send(this.shop, SECONDS, file);
            state.ended = true;
            await erasing;
            await this.shop.untilQuiet();
            return figures;
        } finally {
            await this.shop.stop();
        }
    }

    async run() {
        const before = this.shop.stat().events;
        const subjects = [{ name: 'alone' }, { name: 'expiry', expires: true }, { name: 'rights', expires: true, erases: true }];
        const rounds = await rotate(subjects, ROUNDS, (subject) => this.measure(subject));
        const ratio = (name) => rounded(median(rounds.map((round) => round[name].requests_per_s / round.alone.requests_per_s)));
        const keys = ['requests_per_s', 'cpu_us', 'p50_ms', 'p99_ms'];
        return {
            ...Object.fromEntries(subjects.map(({ name }) => [name, medians(rounds, name, keys)])),
            ratio_expiry: ratio('expiry'), ratio_rights: ratio('rights'),
            erasures: this.erased.length, erasure_ms: rounded(median(this.erased.map(({ ms }) => ms))),
            expired_days: DAYS + 35 - this.journal_days, events_before: before, events_after: this.shop.stat().events,
        };
    }
}

// ---- encryption ----

const CIPHER_SET = { events: quick ? 400_000 : 1_000_000, days: 14, first: day(Date.now() - 15 * DAY_MS), last: day(Date.now() - 2 * DAY_MS) };
const CIPHER_ROUNDS = quick ? 5 : 7;
const CIPHER_SECONDS = quick ? 2 : 4;
const CIPHER_VISITORS = 20_000;
const QUERY_ROUNDS = quick ? 7 : 15;
const FILTERED = questions.filter(({ filtered }) => filtered);

async function cipherIngest(shops) {
    const rounds = await rotate(shops, CIPHER_ROUNDS, (shop) => send(shop, CIPHER_SECONDS, shop.cookies));
    const over = (of) => rounded(median(rounds.map((round) => of(round.crumb) / of(round.plain))));
    return {
        ...Object.fromEntries(shops.map(({ name }) => [name, medians(rounds, name, ['cpu_us', 'requests_per_s', 'p99_ms'])])),
        ratio: over(({ cpu_us }) => cpu_us), ratio_rate: over(({ requests_per_s }) => 1 / requests_per_s),
    };
}

// Each question once by a service that has just begun, which has nothing unpacked, and then again, where it has.
async function askOnce(shop, request) {
    const [before, began] = [cpuOf(shop.child.pid), performance.now()];
    const answer = await shop.query(request);
    return { ms: performance.now() - began, cpu_ms: (cpuOf(shop.child.pid) - before) * 1e3, text: JSON.stringify(answer.results ?? answer.steps ?? answer.paths) };
}

async function askAll(shop) {
    const figures = {};
    for (const question of FILTERED) {
        await shop.start();
        try {
            await shop.pageviews([CIPHER_SET.last, CIPHER_SET.last]); // what a first question alone pays for: threads, connections
            const request = question.ask(CIPHER_SET);
            const cold = await askOnce(shop, request), warm = await askOnce(shop, request);
            figures[question.name] = { cold, warm };
        } finally {
            await shop.stop();
        }
    }
    return figures;
}

async function cipherQueries(shops) {
    const rounds = await rotate(shops, QUERY_ROUNDS, askAll);
    const result = {};
    for (const { name } of FILTERED) {
        if (rounds.some(({ crumb, plain }) => crumb[name].cold.text !== plain[name].cold.text)) throw new Error(`${name}: two answers`);
        const of = (shop, temperature, key) => rounded(median(rounds.map((round) => round[shop][name][temperature][key])), 2);
        const ratio = (temperature, key) =>
            rounded(median(rounds.map(({ crumb, plain }) => crumb[name][temperature][key] / plain[name][temperature][key])));
        result[name] = {
            crumb_cold_ms: of('crumb', 'cold', 'ms'), plain_cold_ms: of('plain', 'cold', 'ms'),
            crumb_cold_cpu_ms: of('crumb', 'cold', 'cpu_ms'), plain_cold_cpu_ms: of('plain', 'cold', 'cpu_ms'),
            ratio_cold: ratio('cold', 'cpu_ms'), ratio_warm: ratio('warm', 'cpu_ms'), ratio_cold_ms: ratio('cold', 'ms'),
        };
    }
    return result;
}

async function measureCipher(folder) {
    const shops = [new Shop(folder, 'crumb'), new Shop(folder, 'plain', '-plain')];
    const csv = generate(join(folder, 'cipher.csv'), '--events', CIPHER_SET.events, '--days', CIPHER_SET.days, '--first', CIPHER_SET.first);
    try {
        for (const shop of shops) {
            await shop.configure();
            shop.cookies = join(folder, `${shop.name}.cookies`); // each signs with a key of its own
            const { cookies } = shop.load('--cookies', CIPHER_VISITORS, csv);
            writeFileSync(shop.cookies, cookies.join('\n') + '\n');
        }
        rmSync(csv);
        const query = await cipherQueries(shops);
        for (const shop of shops) {
            await shop.start();
            await shop.untilQuiet();
        }
        const ingest = await cipherIngest(shops);
        for (const { accounting } of shops.map((shop) => shop.stat()))
            if (accounting.received !== accounting.stored) throw new Error(`events were dropped: ${JSON.stringify(accounting)}`);
        return { ingest, query };
    } finally {
        for (const shop of shops) {
            await shop.stop();
            rmSync(shop.folder, { recursive: true, force: true });
        }
    }
}

// ---- all of it ----

async function measureRights(folder) {
    const shop = new Shop(folder, 'shop');
    const regulars = 3 + 8 * ROUNDS;
    const csv = generate(join(folder, 'hits.csv'), '--events', SET.events, '--days', SET.days, '--first', RANGE[0], '--regulars', regulars);
    await shop.configure(retention(DAYS + 35));
    const { journal_s, seal_s, cookies } = shop.load('--cookies', regulars, csv);
    rmSync(csv);
    process.stderr.write(`loaded in ${(journal_s + seal_s).toFixed(1)} s\n`);
    const whole = await useRights(shop, cookies.shift());
    const last = cookies.pop();
    const ingest = await new Beside(shop, cookies, folder).run();
    await shop.configure(retention(30));
    const { expired } = shop.load('--expire');
    process.stderr.write(`${expired} events expired\n`);
    return { load_s: rounded(journal_s + seal_s), whole_journal: whole, thirty_days: await useRights(shop, last), ingest };
}

const worst = (query, key) => Math.max(...Object.values(query).map((figures) => figures[key]));

function printRights(result) {
    console.log(`\none visitor, ${REGULAR_EVENTS} page views over ${SET.days} days, of ${SET.events} events`);
    row(['', 'ms', 'CPU s', 'peak MB', 'visits', 'events'], 11);
    for (const [name, { copy, erasure }] of [['all in the journal', result.whole_journal], ['30 days of journal', result.thirty_days]]) {
        console.log(name);
        row(['  copy', Math.round(copy.ms), copy.cpu_s.toFixed(2), copy.peak_mb.toFixed(1), copy.visits, copy.events], 11);
        row(['  erasure', Math.round(erasure.ms), erasure.cpu_s.toFixed(2), erasure.peak_mb.toFixed(1), erasure.visits, erasure.events], 11);
        row(['  months built again', '', erasure.cpu_after_s.toFixed(2), erasure.peak_after_mb.toFixed(1)], 11);
    }
}

function printIngest({ ingest, bars }) {
    console.log(`\nbeacons, ${CONNECTIONS} connections (medians of ${ROUNDS} rounds of ${SECONDS} s)`);
    row(['', 'requests/s', 'CPU us', 'p50 ms', 'p99 ms']);
    for (const name of ['alone', 'expiry', 'rights']) {
        const f = ingest[name];
        row([name, Math.round(f.requests_per_s), f.cpu_us.toFixed(2), f.p50_ms.toFixed(2), f.p99_ms.toFixed(2)]);
    }
    const kept = bars.ingest ? 'kept' : 'MISSED';
    console.log(`expiry / alone ${ingest.ratio_expiry}, expiry and erasures / alone ${ingest.ratio_rights} (bar ${BARS.ingest}: ${kept}); ` +
        `${ingest.erasures} erasures, ${Math.round(ingest.erasure_ms)} ms each`);
}

function printCipher({ cipher, bars }) {
    console.log('\nencryption: crumb over the same without');
    row(['', 'crumb', 'plain', 'ratio', 'again']);
    row(['beacon, CPU us', cipher.ingest.crumb.cpu_us, cipher.ingest.plain.cpu_us, cipher.ingest.ratio, '']);
    for (const [name, f] of Object.entries(cipher.query))
        row([`${name}, CPU ms`, f.crumb_cold_cpu_ms, f.plain_cold_cpu_ms, f.ratio_cold, f.ratio_warm]);
    console.log(`bars: ingest ${BARS.cipher_ingest} ${bars.cipher_ingest ? 'kept' : 'MISSED'}, ` +
        `filtered query ${BARS.cipher_query} ${bars.cipher_query ? 'kept' : 'MISSED'}`);
}

const home = process.env.BENCH_FOLDER ?? build;
mkdirSync(home, { recursive: true });
const folder = mkdtempSync(join(home, 'rights-'));
for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
        rmSync(folder, { recursive: true, force: true });
        process.exit(130);
    });
try {
    const result = { quick, date: new Date().toISOString(), ...SET };
    if (only !== 'rights') result.cipher = await measureCipher(folder);
    if (only !== 'cipher') Object.assign(result, await measureRights(folder));
    result.bars = {};
    if (result.ingest) {
        result.ratio_ingest = Math.min(result.ingest.ratio_expiry, result.ingest.ratio_rights);
        result.bars.ingest = result.ratio_ingest >= BARS.ingest;
    }
    if (result.cipher) {
        result.ratio_cipher_ingest = result.cipher.ingest.ratio;
        result.ratio_cipher_query = worst(result.cipher.query, 'ratio_cold');
        result.bars.cipher_ingest = result.ratio_cipher_ingest <= BARS.cipher_ingest;
        result.bars.cipher_query = result.ratio_cipher_query <= BARS.cipher_query;
    }
    write('rights', result);
    if (result.ingest) {
        printRights(result);
        printIngest(result);
    }
    if (result.cipher) printCipher(result);
} catch (error) {
    for (const log of readdirSync(folder).filter((name) => name.endsWith('.log')))
        process.stderr.write(readFileSync(join(folder, log), 'utf8').slice(-2000));
    throw error;
} finally {
    rmSync(folder, { recursive: true, force: true });
}
