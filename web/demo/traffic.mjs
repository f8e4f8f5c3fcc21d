// Four weeks of an invented bakery's visitors, as lines for build/bench/replay, and where they live, as a geo database.
//
//     node web/demo/traffic.mjs FOLDER PORT      reads FOLDER/crumb.yaml; writes before.yaml, before.ndjson, after.ndjson
//                                                and places.mmdb into FOLDER
//
// Nobody of them exists. Their addresses are of 198.18.0.0/15, which RFC 2544 keeps for measuring, a /24 for each town.
// Each sees the notice as a browser would show it, and most make something of it: half allow everything, some a part, some
// nothing, some look past it, and some take back later what they allowed. In the last week the bakery begins to share data,
// so its notice changes and everybody is asked anew: what came before is in before.ndjson, for before.yaml.
// A few write to the bakery about their data. The same day gives the same visitors.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mmdb } from '../../tests/http/mmdb.mjs';

const DAYS = 28;
const VISITS_A_DAY = 420; // of the first day; a little more each week
const MINUTE_MS = 60_000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS;

// ---- chance ----

// Mulberry32: enough for a bakery, and the same each time.
function chances(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
}

// @list: [weight, ...] rows.
function pick(chance, list) {
    let left = chance() * list.reduce((sum, [weight]) => sum + weight, 0);
    return list.find(([weight]) => (left -= weight) < 0) ?? list.at(-1);
}

// ---- what they are like ----

const PLACES = [
    [30, 'DE', 'BE', 'Berlin'], [14, 'DE', 'HH', 'Hamburg'], [12, 'DE', 'BY', 'Munich'], [8, 'DE', 'NW', 'Cologne'],
    [5, 'DE', 'SN', 'Leipzig'], [8, 'AT', '9', 'Vienna'], [5, 'CH', 'ZH', 'Zurich'], [6, 'NL', 'NH', 'Amsterdam'],
    [6, 'FR', 'IDF', 'Paris'], [3, 'FR', 'ARA', 'Lyon'], [6, 'GB', 'ENG', 'London'], [2, 'GB', 'SCT', 'Edinburgh'],
    [4, 'IT', '25', 'Milan'], [3, 'ES', 'CT', 'Barcelona'], [3, 'PL', '14', 'Warsaw'], [3, 'SE', 'AB', 'Stockholm'],
    [2, 'DK', '84', 'Copenhagen'], [2, 'BE', 'BRU', 'Brussels'], [1, 'PT', '11', 'Lisbon'], [5, 'US', 'NY', 'New York'],
    [3, 'US', 'CA', 'San Francisco'], [2, 'CA', 'ON', 'Toronto'], [1, 'JP', '13', 'Tokyo'], [1, 'AU', 'NSW', 'Sydney'],
    [2, 'BR', 'SP', 'Sao Paulo'], [2, 'IN', 'KA', 'Bengaluru'],
];

const chrome = (system, version, more = '') =>
    `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 ${more}Safari/537.36`;
const safari = (system, version, more = '') =>
    `Mozilla/5.0 (${system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} ${more}Safari/604.1`;
const WINDOWS = 'Windows NT 10.0; Win64; x64';
const MAC = 'Macintosh; Intel Mac OS X 10_15_7';
const AGENTS = [
    [26, chrome('Linux; Android 10; K', 142, 'Mobile '), '412x915'],
    [18, safari('iPhone; CPU iPhone OS 18_6 like Mac OS X', '18.6', 'Mobile/15E148 '), '393x852'],
    [6, safari('iPhone; CPU iPhone OS 17_7 like Mac OS X', '17.7', 'Mobile/15E148 '), '390x844'],
    [16, chrome(WINDOWS, 142), '1920x1080'],
    [5, chrome(WINDOWS, 141), '1536x864'],
    [6, `${chrome(WINDOWS, 142)} Edg/142.0.0.0`, '1920x1080'],
    [5, `Mozilla/5.0 (${WINDOWS}; rv:145.0) Gecko/20100101 Firefox/145.0`, '1920x1080'],
    [6, safari(MAC, '18.6').replace('604.1', '605.1.15'), '1512x982'],
    [4, chrome(MAC, 142), '1728x1117'],
    [2, 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', '2560x1440'],
    [3, safari('iPad; CPU OS 18_6 like Mac OS X', '18.6', 'Mobile/15E148 '), '820x1180'],
    [1, 'Mozilla/5.0 (compatible; ExampleBot/1.0; +https://bot.example)', '1024x768'],
];

const LANGUAGES = [
    [40, 'de-DE'], [24, 'en-US'], [8, 'en-GB'], [6, 'fr-FR'], [4, 'nl-NL'], [4, 'it-IT'], [3, 'es-ES'], [3, 'pl-PL'],
    [2, 'sv-SE'], [6, 'de-AT'],
];

const WAYS = [
    [34, '', ''],
    [26, 'https://www.google.com/', ''],
    [5, 'https://duckduckgo.com/', ''],
    [4, 'https://www.bing.com/', ''],
    [9, 'https://www.instagram.com/', ''],
    [3, 'https://www.facebook.com/', ''],
    [5, 'https://rye-weekly.example/best-bakeries', ''],
    [3, 'https://slowbread.example/forum/thread', ''],
    [2, 'https://chatgpt.com/', ''],
    [5, '', '?utm_source=newsletter&utm_medium=email&utm_campaign=sunday-buns'],
    [4, 'https://www.google.com/', '?utm_source=google&utm_medium=cpc&utm_campaign=plum-season&gclid=x'],
];

const ALL = ['analytics', 'journeys', 'marketing'];
// What is made of the notice; `ignores`: nothing, so that it is there again at the next visit.
const CHOICES = [
    [48, { purposes: ALL, surface: 'banner' }],
    [9, { purposes: ['analytics', 'journeys'], surface: 'dialog' }],
    [6, { purposes: ['analytics'], surface: 'dialog' }],
    [22, { purposes: [], surface: 'banner' }],
    [3, { purposes: [], surface: 'banner', action: 'dismiss' }],
    [12, { ignores: true }],
];
// The second notice says more plainly that no is as good as yes: fewer look past it, and more choose singly.
const CHOICES_NOW = [
    [46, { purposes: ALL, surface: 'banner' }],
    [13, { purposes: ['analytics', 'journeys'], surface: 'dialog' }],
    [9, { purposes: ['analytics'], surface: 'dialog' }],
    [23, { purposes: [], surface: 'banner' }],
    [2, { purposes: [], surface: 'banner', action: 'dismiss' }],
    [7, { ignores: true }],
];
const NOTICE_CHANGED_DAYS_AGO = 4; // so that the last seven days have both
const SAYS_NO_BY_BROWSER = 0.03; // Global Privacy Control
const WITHDRAWS = 0.012; // of the visits of those who allowed something

// Of 24 hours in Rye: bread is thought of in the morning and before the weekend.
const HOURS = [1, 1, 1, 1, 2, 4, 9, 14, 16, 15, 13, 12, 13, 11, 9, 9, 10, 12, 12, 10, 8, 6, 4, 2];
const WEEKDAYS = [0.9, 0.55, 0.8, 0.9, 1, 1.25, 1.5]; // from Sunday on; it is closed on Monday

const TITLES = {
    '/': 'Crumb & Co: bread worth getting up for',
    '/loaf.html': 'Country loaf: Crumb & Co',
    '/bun.html': 'Cardamom bun: Crumb & Co',
    '/galette.html': 'Plum galette: Crumb & Co',
    '/basket.html': 'Your basket: Crumb & Co',
    '/checkout.html': 'Order: Crumb & Co',
};
const GOODS = { '/loaf.html': ['loaf', 6.2], '/bun.html': ['bun', 3.4], '/galette.html': ['galette', 18.5] };
const ENTRIES = [[60, '/'], [16, '/loaf.html'], [14, '/bun.html'], [10, '/galette.html']];
const NEXT = {
    '/': [[30, ''], [24, '/loaf.html'], [22, '/bun.html'], [18, '/galette.html'], [6, '/basket.html']],
    '/loaf.html': [[34, ''], [28, '/basket.html'], [20, '/'], [10, '/bun.html'], [8, '/galette.html']],
    '/bun.html': [[34, ''], [26, '/basket.html'], [22, '/'], [10, '/loaf.html'], [8, '/galette.html']],
    '/galette.html': [[44, ''], [18, '/basket.html'], [24, '/'], [8, '/loaf.html'], [6, '/bun.html']],
    '/basket.html': [[26, ''], [52, '/checkout.html'], [12, '/'], [10, '/bun.html']],
    '/checkout.html': [[1, '']],
};
const VIEWS_MAX = 14;

// ---- who they are ----

const addressOf = (place, n) => `198.18.${place}.${n % 254 + 1}`;

function makeVisitor(chance, n) {
    const place = PLACES.indexOf(pick(chance, PLACES));
    const [, ua, res] = pick(chance, AGENTS);
    return {
        who: { visitor: `guest ${n}`, ip: addressOf(place, n), ua, lang: pick(chance, LANGUAGES)[1] },
        res,
        saysNo: chance() < SAYS_NO_BY_BROWSER,
        notice: -1, // that was answered, by:
        purposes: [],
    };
}

export const places = () =>
    mmdb(Object.fromEntries(PLACES.map(([, country, region, city], i) => [
        `198.18.${i}.0/24`,
        { country: { iso_code: country }, subdivisions: [{ iso_code: region }], city: { names: { en: city } } },
    ])));

// ---- what they do ----

const pairs = (all) => Object.entries(all).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');

// The notice is there, where it was not answered before: how long that takes. 0: nobody waited for it.
function* answerNotice(chance, guest, begin, notice) {
    const line = (at, more) => ({ t: Math.round(at), site: 'shop', ...guest.who, ...more });
    if (guest.notice >= notice) return 0;
    if (guest.saysNo) {
        guest.notice = notice;
        guest.purposes = [];
        yield line(begin, { purposes: [], surface: 'banner', action: 'gpc' });
        return 0;
    }
    yield line(begin, { shown: true });
    const [, { ignores, ...choice }] = pick(chance, notice ? CHOICES_NOW : CHOICES);
    if (ignores) return 0;
    const took = Math.round((2 + 14 * chance() ** 2) * 1000);
    guest.notice = notice;
    guest.purposes = choice.purposes;
    yield line(begin + took, choice);
    return took;
}

function* visit(chance, shop, guest, begin, notice) {
    const [, referrer, campaign] = pick(chance, WAYS);
    const said = { res: guest.res, vp: guest.res, lang: guest.who.lang };
    const basket = [];
    let at = begin + (yield* answerNotice(chance, guest, begin, notice)), path = pick(chance, ENTRIES)[1];

    const line = (more) => ({
        t: Math.round(at), site: 'shop', ...guest.who, event: pairs(more),
        ...(guest.notice === notice && { purposes: guest.purposes }),
    });
    for (let views = 0; path && views < VIEWS_MAX; views++) {
        const here = `${shop}${path}`;
        const seen = Math.round((8 + 70 * chance() ** 2) * 1000);
        yield line({
            e: 'pv', url: views ? here : `${here}${campaign}`, page: TITLES[path], ...said,
            ...(!views && referrer && { refr: referrer }),
        });
        if (GOODS[path] && chance() < 0.4) {
            const [item, value] = GOODS[path];
            basket.push(value);
            at += seen / 2;
            yield line({ e: 'se', se_ca: 'click', se_ac: 'add-to-basket', url: here });
            yield line({ e: 'se', se_ca: 'event', se_ac: 'added to basket', se_va: value, x_cur: 'EUR', 'x_p.item': item, url: here });
            at -= seen / 2;
        }
        if (path == '/checkout.html' && basket.length && chance() < 0.7) {
            at += seen * 0.9;
            const total = basket.reduce((sum, value) => sum + value, 0);
            yield line({ e: 'se', se_ca: 'event', se_ac: 'order', se_va: total.toFixed(2), x_cur: 'EUR', url: here });
            at -= seen * 0.9;
        }
        at += seen;
        const depth = Math.round(600 + 1800 * chance());
        yield line({ e: 'pp', url: here, x_vis: seen, pp_miy: 0, pp_may: depth, vp: '412x800', ds: '412x2600' });
        at += 500;
        path = pick(chance, NEXT[path])[1];
    }
    if (guest.notice !== notice || !guest.purposes.length || chance() >= WITHDRAWS) return;
    guest.notice = Infinity; // and is not asked again
    yield { t: Math.round(at), site: 'shop', ...guest.who, purposes: [], surface: 'dialog', action: 'withdraw' };
}

// The instants of a day's visits, by the hours and the weekday.
function* beginnings(chance, day, week) {
    const n = VISITS_A_DAY * WEEKDAYS[new Date(day).getDay()] * (1 + 0.06 * week) * (0.9 + 0.2 * chance());
    for (let i = 0; i < n; i++) {
        const [, hour] = pick(chance, HOURS.map((weight, number) => [weight, number]));
        yield day + (hour + chance()) * HOUR_MS;
    }
}

// ---- what they ask ----

const OFFICER = 'mira';
// [days ago, hour, who, what, steps: [days ago, state, note]]
const REQUESTS = [
    [25, 10, 'guest 12', { kind: 'access', text: 'What do you keep about me, and since when?', contact: 'lena@example.org' },
        [[24, 'answered', 'Everything is on the page “Your data”, where you can also download it. Nothing else is kept.']]],
    [18, 20, 'guest 40', { kind: 'complaint', text: 'On my phone the notice covers the opening hours.' },
        [[17, 'in_progress'], [15, 'answered', 'You are right, and it no longer does. Thank you for telling us.']]],
    [11, 9, 'guest 77', { kind: 'erasure', text: 'Please delete my order of the 3rd, too, not only the visits.', contact: 'p.weber@example.org' },
        [[10, 'in_progress']]],
    [6, 15, 'guest 130', { kind: 'objection', text: 'I do not want to be counted for your newsletter statistics.' }, []],
    [3, 12, 'guest 201', { kind: 'copy', text: 'May I have my data as a file that I can open in a spreadsheet?', contact: '+49 30 5550 0199' }, []],
    [1, 18, 'guest 260', { kind: 'complaint', text: 'I said no and still got your flyer by post.', contact: 'joris@example.org' }, []],
];

// Requests have numbers in the order of their making.
function* requests(today) {
    const at = (days, hour) => dayBefore(today, days) + hour * HOUR_MS;
    for (const [i, [days, hour, visitor, request, steps]] of REQUESTS.entries()) {
        yield { t: at(days, hour), site: 'shop', visitor, request };
        for (const [stepDays, state, note] of steps)
            yield { t: at(stepDays, 11), site: 'shop', visitor, step: { number: i + 1, state, officer: OFFICER, ...(note && { note }) } };
    }
}

const dayBefore = (today, days) => new Date(today).setDate(new Date(today).getDate() - days);

// The demo's configuration as it was until the notice changed: nobody but the bakery had the data, and the notice had the
// words that crumb ships.
export const earlierConfig = (config) =>
    config.replace(', recipients: [flyers]', '').replace(/^    texts:\n(?: {5,}.*\n|\n)*/m, '');

// The lines of four weeks until @now at @shop, 'http://127.0.0.1:8090', in the order of their time: before the notice
// changed, and after.
export function traffic(now, shop) {
    const today = new Date(now).setHours(0, 0, 0, 0);
    const changed = dayBefore(today, NOTICE_CHANGED_DAYS_AGO);
    const chance = chances(Math.floor(today / DAY_MS));
    const guests = [];
    const lines = [...requests(today)];

    for (let i = DAYS; i >= 0; i--)
        for (const begin of [...beginnings(chance, dayBefore(today, i), (DAYS - i) / 7)].sort((a, b) => a - b)) {
            const isKnown = guests.length > 50 && chance() < 0.35;
            if (!isKnown) guests.push(makeVisitor(chance, guests.length));
            const recent = Math.floor(guests.length * (1 - 0.3 * chance() ** 2));
            const guest = isKnown ? guests[Math.min(recent, guests.length - 1)] : guests.at(-1);
            lines.push(...visit(chance, shop, guest, begin, begin < changed ? 0 : 1));
        }
    const all = lines.filter(({ t }) => t < now).sort((a, b) => a.t - b.t);
    return { before: all.filter(({ t }) => t < changed), after: all.filter(({ t }) => t >= changed) };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
    const [folder, port] = process.argv.slice(2);
    if (!folder || !/^\d+$/.test(port)) {
        process.stderr.write('usage: node web/demo/traffic.mjs FOLDER PORT\n');
        process.exit(2);
    }
    const { before, after } = traffic(Date.now(), `http://127.0.0.1:${port}`);
    const write = (name, lines) => writeFileSync(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    writeFileSync(join(folder, 'before.yaml'), earlierConfig(readFileSync(join(folder, 'crumb.yaml'), 'utf8')));
    writeFileSync(join(folder, 'places.mmdb'), places());
    write('before.ndjson', before);
    write('after.ndjson', after);
}
