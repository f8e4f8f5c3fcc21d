// Random small sets of events, full of what goes wrong: silences of exactly half an hour, midnights to the millisecond,
// days of 23 and 25 hours, several events in one millisecond, repeated ids, choices that change, programs.
//
// A set has the lines for bench/replay, and the rows that a store may tell of them: who has not granted what an event
// needs is in no row, and whoever comes back after granting nothing is a new visitor.

const MINUTE_MS = 60_000;
const GAP_MS = 30 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const GRACE_MS = 15 * MINUTE_MS; // after midnight a day may be sealed

export const ZONES = [
    'UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Tokyo',
];
const HOSTS = ['shop.example', 'blog.shop.example'];
const PAGES = ['/', '/a', '/a/b', '/b', '/B', '/cart', '/caf%C3%A9', '/long/path/to/a/page', '/a-b', '/b/1', '/b/2'];
const GRANTS = [
    ['analytics', 'devices', 'journeys'], ['analytics', 'devices'], ['analytics', 'journeys'], ['analytics'], ['journeys'], [],
];
const WIDTHS = [[390, 'under 480'], [479, 'under 480'], [480, '480 to 767'], [800, '768 to 1023'], [1280, '1024 to 1439'],
    [1920, '1920 and more'], [0, '']];

// What docs/wire.md says of a browser's name for itself.
const agent = (ua, bot, device, os = '', os_version = '', browser = '', browser_version = '') =>
    ({ ua, bot, device, os, os_version, browser, browser_version });
const BROWSERS = [
    agent('Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', '', 'desktop', 'Linux', '', 'Firefox', '128.0'),
    agent('Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0', '', 'desktop', 'Windows', '10',
        'Firefox', '131.0'),
    agent('Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0', '', 'phone', 'Android', '14', 'Firefox Mobile',
        '127.0'),
    agent('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 ' +
        'Mobile/15E148 Safari/604.1', '', 'phone', 'iOS', '17.5', 'Mobile Safari', '17.5'),
    agent('', '', 'unknown'),
];
const PROGRAMS = [
    agent('ExampleBot/1.0 (+https://bot.example/)', 'agent', 'unknown', '', '', 'ExampleBot', '1.0'),
    agent('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36',
        'automation', 'desktop', 'Linux', '', 'HeadlessChrome', '126.0.0'),
];
const NO_AGENT = { device: 'unknown', os: '', os_version: '', browser: '', browser_version: '' };

// Where addresses are, by the database of the test (oracle.test.mjs).
const place = (ip, country, country_name, region = '', region_name = '', city = '') =>
    ({ ip, country, country_name, region, region_name, city });
export const PLACES = [
    place('192.0.2.1', 'US', 'United States', 'US-CA', 'California', 'San Francisco'),
    place('198.51.100.1', 'DE', 'Germany', 'DE-BE', 'Berlin', 'Berlin'),
    place('203.0.113.1', 'US', 'United States'),
    place('198.18.0.1', 'US', 'United States', 'US-ZZ', 'US-ZZ', 'Somewhere'), // a code without a name
    place('2001:db8::1', 'FR', 'France', 'FR-IDF', 'Île-de-France', 'Paris'),
    place('192.88.99.1', '', ''),
];
const NO_PLACE = { country: '', country_name: '', region: '', region_name: '', city: '' };

// Where a page view came from, and what docs/wire.md makes of it.
const origin = (refr, campaign, referrer, source, channel) => ({
    refr, campaign, referrer, source, channel, utm_source: '', utm_medium: '', utm_campaign: '', utm_content: '', utm_term: '',
    ...Object.fromEntries(Object.entries(campaign).filter(([name]) => name.startsWith('utm_'))),
});
const ORIGINS = [
    origin('', {}, '', '', 'direct'),
    origin('https://www.google.com/', {}, 'https://www.google.com', 'Google', 'search'),
    origin('https://www.google.com/search?q=hats', { gclid: 'x' }, 'https://www.google.com/search', 'Google', 'paid_search'),
    origin('https://news.example.org/a/b#c', {}, 'https://news.example.org/a/b', 'example.org', 'referral'),
    origin('https://shop.example/x', {}, 'https://shop.example/x', '', 'internal'),
    origin('', { utm_source: 'letter' }, '', 'letter', 'referral'),
    origin('', { utm_source: 'Letter', utm_medium: 'email', utm_campaign: 'spring' }, '', 'Letter', 'mail'),
    origin('https://t.co/abc', { utm_source: 'partner', utm_medium: 'banner', utm_content: 'top', utm_term: 'red shoes' },
        'https://t.co/abc', 'partner', 'display'),
    origin('', { utm_campaign: 'autumn sale' }, '', '', 'referral'),
    origin('', { fbclid: 'y' }, '', 'Facebook', 'social'),
    origin('android-app://com.google.android.gm', {}, 'android-app://com.google.android.gm', 'Gmail', 'mail'),
];
const ORIGIN_NAMES = ['referrer', 'source', 'channel', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'];

// What an amount is worth, in thousandths.
const AMOUNTS = [['19.90', 19900], ['5', 5000], ['0.005', 5], ['-3.333', -3333], ['1000.1249', 1000125], ['0', 0], ['.5', 500], ['5.', 5000]];

// The goals of the configuration, and which events complete them: `*` is anything but a slash, `**` anything.
export const GOALS = [
    { page: '/cart' }, { name: 'Under b', page: '/b/*' }, { name: 'All of a', page: '/a**' }, { event: 'signup' },
    { name: 'Bought', event: 'Buy', currency: 'EUR' }, { name: 'Got it', event: 'download', currency: 'USD' },
    { name: 'Clicked', event: 'click', currency: 'EUR' },
].map((goal) => ({ name: goal.event ?? `Visit ${goal.page}`, ...goal }));

const patternOf = (page) => new RegExp(`^${page.replaceAll('**', '\0').replaceAll('*', '[^/]*').replaceAll('\0', '.*')}$`);
export const completes = (goal, { kind, page, name }) =>
    goal.page ? kind === 'view' && patternOf(goal.page).test(page) : kind !== 'ping' && name === goal.event;

// ---- clocks, by the browser's own tables and not by crumb's ----

const formats = new Map();

// { day: "2026-02-01", hour: "2026-02-01 09:00:00" } on the wall in @zone.
export function wall(zone, t) {
    if (!formats.has(zone)) {
        const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', hourCycle: 'h23' };
        formats.set(zone, new Intl.DateTimeFormat('en', { timeZone: zone, ...parts }));
    }
    const of = Object.fromEntries(formats.get(zone).formatToParts(t).map(({ type, value }) => [type, value]));
    const day = `${of.year}-${of.month}-${of.day}`;
    return { day, hour: `${day} ${of.hour}:00:00` };
}

const seconds = new Map();

// "2026-02-01T09:00:00" on the wall in @zone.
export function wallSecond(zone, t) {
    if (!seconds.has(zone)) seconds.set(zone, new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }));
    return seconds.get(zone).format(t).replace(' ', 'T');
}

// ---- dates ----

export const dayBefore = (day, n) => new Date(Date.parse(day) - n * DAY_MS).toISOString().slice(0, 10);
export const firstOfMonth = (day, months) =>
    new Date(Date.UTC(+day.slice(0, 4), +day.slice(5, 7) - 1 - months, 1)).toISOString().slice(0, 10);
export const startOfDate = (zone, day) => startOfDay(zone, Date.parse(`${day}T12:00:00Z`) - middayOffset(zone, day));
// So that it is about noon at the site, whatever the offset is.
const middayOffset = (zone, day) => Date.parse(`${wallSecond(zone, Date.parse(`${day}T12:00:00Z`))}Z`) - Date.parse(`${day}T12:00:00Z`);

// The first instant of the day in which @t lies: no zone moves its clock by other than whole minutes.
export function startOfDay(zone, t) {
    const { day } = wall(zone, t);
    let [low, high] = [t - 26 * 60 * MINUTE_MS, t];
    while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (wall(zone, middle).day < day) low = middle;
        else high = middle;
    }
    return high;
}

// The last time before @now that the zone's clock was moved, or null.
function lastChange(zone, now) {
    for (let t = now; t > now - 200 * DAY_MS; t -= DAY_MS) {
        const start = startOfDay(zone, t);
        const before = startOfDay(zone, start - 1);
        if (start - before !== DAY_MS) return start;
    }
    return null;
}

export const isDue = (zone, day, now) => {
    for (let t = now - GRACE_MS; t > now - 3 * DAY_MS; t -= DAY_MS)
        if (wall(zone, t).day <= day) return false;
        else if (wall(zone, t).day > day) return true;
    return true;
};

// ---- one set ----

function visitorOf(random, name) {
    return {
        name,
        agent: random.chance(0.15) ? random.pick(PROGRAMS) : random.pick(BROWSERS),
        place: random.pick(PLACES),
        language: random.pick(['de-DE', 'en-GB', 'fr', '']),
        width: random.pick(WIDTHS),
        grants: random.chance(0.75) ? GRANTS[0] : random.pick(GRANTS),
    };
}

// When a visitor's next event is, seen from the last: mostly soon, and every odd case now and then.
function nextTime(random, zone, t) {
    const x = random.next();
    if (x < 0.05) return t;
    if (x < 0.5) return t + random.between(1, 120_000);
    if (x < 0.6) return t + GAP_MS + random.between(-1, 1);
    if (x < 0.75) return t + random.between(1, GAP_MS);
    if (x < 0.8) return startOfDay(zone, t + 26 * 60 * MINUTE_MS) + random.between(-2, 2); // around a midnight
    return t + random.between(GAP_MS, 30 * 60 * MINUTE_MS);
}

// What of a visitor changes between two events: another network, another browser, now and then a program.
function change(random, visitor) {
    if (random.chance(0.05)) visitor.place = random.pick(PLACES);
    if (random.chance(0.05)) visitor.agent = random.pick(random.chance(0.1) ? PROGRAMS : BROWSERS);
    if (random.chance(0.08)) visitor.language = random.pick(['de-DE', 'en-GB', '']);
    if (random.chance(0.08)) visitor.grants = random.pick(GRANTS);
}

function eventOf(random, visitor, last) {
    const x = random.next();
    const kind = x < 0.6 || !last ? 'view' : x < 0.8 ? 'ping' : 'event';
    const isView = kind === 'view';
    const event = {
        kind, page: isView ? random.pick(PAGES.slice(0, random.between(1, PAGES.length))) : last.page,
        host: isView ? (random.chance(0.9) ? HOSTS[0] : HOSTS[1]) : last.host,
        title: isView || random.chance(0.1) ? random.pick(['', 'One', 'Two']) : '',
        agent: visitor.agent, place: visitor.place, language: '', width: WIDTHS.at(-1), origin: null, pairs: {},
    };
    if (kind !== 'ping' || random.chance(0.1)) Object.assign(event, { language: visitor.language, width: visitor.width });
    if (isView) event.origin = random.chance(0.4) ? ORIGINS[0] : random.pick(ORIGINS);
    if (random.chance(isView ? 0.1 : 0.5)) event.dwell = random.pick([1, 499, 500, 1500, 60_000, 86_399_999, 86_400_000]);
    if (random.chance(isView ? 0.3 : 0.6)) event.scroll = [random.between(0, 3000), random.pick([0, 800]), random.pick([0, 900, 2999])];
    if (kind === 'event') {
        [event.category, event.action, event.label] = random.pick([['event', 'signup'], ['event', 'download'], ['event', 'Buy'],
            ['event', 'Buy', 'once'], ['click', 'more'], ['click', 'a', 'https://there.example/'], ['form', ''], ['', 'bare'], ['', '']]);
        if (random.chance(0.1)) [event.page, event.host] = ['', ''];
        if (random.chance(0.5)) [event.amount, event.currency] = [random.pick(AMOUNTS), random.pick(['EUR', 'eur', 'USD', ''])];
    }
    if (isView && random.chance(0.05)) [event.amount, event.currency] = [random.pick(AMOUNTS), 'EUR'];
    if (kind !== 'ping') {
        event.plan = random.pick([null, null, 'free', 'team', '']);
        event.size = random.pick([null, null, null, 'XL', 'xl']);
    }
    return event;
}

function pairsOf(event, eid) {
    const pairs = new URLSearchParams({ e: { view: 'pv', ping: 'pp', event: 'se' }[event.kind] });
    const put = (name, value) => value && pairs.set(name, value);
    if (event.page) {
        const url = new URL(`https://${event.host}${event.page}`);
        for (const [name, value] of Object.entries(event.origin?.campaign ?? {})) url.searchParams.set(name, value);
        pairs.set('url', url.href);
    }
    put('eid', eid);
    put('page', event.title);
    put('refr', event.origin?.refr);
    put('lang', event.language);
    put('res', event.width[0] && `${event.width[0]}x800`);
    put('x_vis', event.dwell);
    if (event.scroll) {
        put('pp_may', event.scroll[0]);
        put('vp', event.scroll[1] && `1200x${event.scroll[1]}`);
        put('ds', event.scroll[2] && `1200x${event.scroll[2]}`);
    }
    put('se_ca', event.category);
    put('se_ac', event.action);
    put('se_la', event.label);
    put('se_va', event.amount?.[0]);
    put('x_cur', event.currency);
    for (const name of ['plan', 'size']) if (typeof event[name] === 'string') pairs.set(`x_p.${name}`, event[name]);
    return pairs.toString();
}

// Somebody who views pages faster than anybody can: just so, or just not.
function rush(random, visitor, from) {
    const step = random.pick([339, 340, 338.98]); // 59 steps within 20 seconds, or a little more
    return Array.from({ length: 60 }, (_, i) => {
        const event = { ...eventOf(random, visitor, null), dwell: 0, scroll: null };
        return { ...event, t: Math.floor(from + i * step), visitor, grants: visitor.grants, eid: '' };
    });
}

// Events of visitors called @prefix..., in the order of time.
function makeEvents(random, { zone, from, to }, prefix, n_visitors) {
    const all = [];
    for (let i = 0; i < n_visitors; i++) {
        const visitor = visitorOf(random, `${prefix}${i}`);
        let t = from + Math.floor(random.next() * (to - from)), last = null, eid = null;
        for (let left = random.between(1, 25); left && t < to; left--) {
            change(random, visitor);
            const event = eventOf(random, visitor, last);
            if (eid === null || wall(zone, last.t).day !== wall(zone, t).day || !random.chance(0.2))
                eid = random.chance(0.3) ? `00000000-0000-4000-8000-${String(all.length).padStart(6, '0')}${String(i).padStart(6, '0')}` : '';
            all.push({ ...event, t, visitor, grants: visitor.grants, eid });
            if (event.page) last = { ...event, t };
            else last = { ...last, t };
            t = nextTime(random, zone, t);
        }
    }
    if (random.chance(0.3)) all.push(...rush(random, visitorOf(random, `${prefix}rush`), from + random.between(1, to - from - 60_000)));
    return all.map((event, i) => ({ ...event, i })).sort((a, b) => a.t - b.t || a.i - b.i);
}

const collects = (grants) => grants.length > 0;
const CARRIER = { view: 'analytics', ping: 'analytics', event: 'journeys' };

function nameOf({ kind, category, action }) {
    if (kind !== 'event') return kind === 'view' ? 'pageview' : null;
    if (category && category !== 'event') return category;
    return category || action ? action : '(other)';
}

function targetOf({ kind, category, action, label }) {
    if (kind === 'ping') return null;
    if (kind !== 'event' || !category || category === 'event') return '(none)';
    return label && ['', 'a'].includes(action) ? label : action;
}

// How far down, in whole per cent of the page's height; null where the browser did not tell.
function scrollOf({ scroll }) {
    if (!scroll || !scroll[1] || !scroll[2]) return null;
    return Math.min(100, Math.floor((100 * (scroll[0] + scroll[1])) / scroll[2]));
}

// What a store may tell of an event whose visitor granted `analytics`: a class that is not granted is in no column.
function rowOf(zone, event, visitor) {
    const { t, kind, grants, page, host, title, agent, place } = event;
    const mayDevice = grants.includes('devices'), mayClicks = grants.includes('journeys') && kind !== 'ping';
    const clicks = mayClicks ? event : { kind };
    const currency = clicks.currency?.toUpperCase() ?? '';
    return {
        t, kind, visitor, page, host, title, ...wall(zone, t), bot: agent.bot,
        ...(mayDevice && kind !== 'ping' ? agent : NO_AGENT), knows_agent: +(mayDevice && kind !== 'ping' && agent.ua !== ''),
        ...(kind === 'ping' ? NO_PLACE : place), language: mayDevice ? event.language : '', screen: mayDevice ? event.width[1] : '',
        ...Object.fromEntries(ORIGIN_NAMES.map((name) => [name, event.origin?.[name] ?? ''])),
        dwell_ms: event.dwell ?? 0, scroll: mayDevice ? scrollOf(event) : null,
        name: nameOf(clicks), target: targetOf(clicks), plan: clicks.plan ?? null, size: clicks.size ?? null,
        amount: currency ? (clicks.amount?.[1] ?? null) : null, currency,
    };
}

// What a store may tell of @events, the lines that bring them there, and whether each was stored.
function tell(zone, events) {
    const known = new Map(), rows = [], lines = [], seen = new Set(), books = [];
    for (const event of events) {
        const { visitor, grants, t, eid } = event;
        const state = known.get(visitor.name) ?? { ids: 0, has: false, grants: null };
        known.set(visitor.name, state);
        if (state.grants === null || state.grants !== grants) {
            if (!state.has) state.ids++;
            state.has = collects(grants);
            state.grants = grants;
        }
        lines.push(JSON.stringify({
            t, site: 'shop', visitor: visitor.name, ip: event.place.ip, ua: event.agent.ua, purposes: grants,
            event: pairsOf(event, eid),
        }));
        const id = `${visitor.name}#${state.ids}`;
        const repeats = eid && seen.has(`${id} ${eid}`);
        const isStored = grants.includes(CARRIER[event.kind]) && !repeats;
        books.push({ t, stored: +isStored });
        if (!isStored) continue;
        if (eid) seen.add(`${id} ${eid}`);
        // Without `log` an event has no time and is not told.
        if (grants.includes('analytics')) rows.push(rowOf(zone, event, id));
    }
    return { rows, lines, books };
}

// The events of some days: the first lines, and others that come late, of visitors that had not been there.
export function makeSet(random, now) {
    const zone = random.pick(ZONES);
    const change = random.chance(0.5) ? lastChange(zone, now) : null;
    const to = change ? Math.min(now, change + random.between(1, 3) * DAY_MS) : now;
    const from = startOfDay(zone, to - random.between(1, 9) * DAY_MS);
    const days = { zone, from, to };
    const first = tell(zone, makeEvents(random, days, 'v', random.between(2, 30)));
    const late = tell(zone, makeEvents(random, days, 'late', random.between(1, 6)));
    return { zone, from, to, first, late };
}
