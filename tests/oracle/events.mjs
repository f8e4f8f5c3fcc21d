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
const PROGRAM = 'ExampleBot/1.0 (+https://bot.example/)';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const GRANTS = [['analytics', 'journeys'], ['analytics'], ['journeys'], []];

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
        agent: random.chance(0.1) ? PROGRAM : BROWSER,
        language: random.pick(['de-DE', 'en-GB', 'fr', '']),
        width: random.pick([390, 800, 1280, 1920, 0]),
        grants: random.chance(0.8) ? GRANTS[0] : random.pick(GRANTS),
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

function eventOf(random, visitor, last) {
    const x = random.next();
    const kind = x < 0.65 || !last ? 'view' : x < 0.82 ? 'ping' : 'event';
    const page = kind === 'view' ? random.pick(PAGES.slice(0, random.between(1, PAGES.length))) : last.page;
    const host = kind === 'view' ? (random.chance(0.9) ? HOSTS[0] : HOSTS[1]) : last.host;
    const event = { kind, page, host, language: '', width: 0, utm_source: '', utm_medium: '', utm_campaign: '' };
    if (kind !== 'ping') Object.assign(event, { language: visitor.language, width: visitor.width });
    if (kind === 'view' && random.chance(0.3)) {
        event.utm_source = random.pick(['letter', 'partner', 'Letter']);
        event.utm_medium = random.pick(['email', 'banner', '']);
        event.utm_campaign = random.pick(['spring', 'autumn sale', '']);
    }
    if (kind === 'event') {
        event.name = random.pick(['signup', 'download', 'Buy']);
        event.plan = random.pick([null, null, 'free', 'team']);
    }
    return event;
}

function pairsOf(event, eid) {
    const pairs = new URLSearchParams({ e: { view: 'pv', ping: 'pp', event: 'se' }[event.kind] });
    const url = new URL(`https://${event.host}${event.page}`);
    for (const name of ['utm_source', 'utm_medium', 'utm_campaign']) if (event[name]) url.searchParams.set(name, event[name]);
    pairs.set('url', url.href);
    if (eid) pairs.set('eid', eid);
    if (event.language) pairs.set('lang', event.language);
    if (event.width) pairs.set('res', `${event.width}x800`);
    if (event.name) {
        pairs.set('se_ca', 'event');
        pairs.set('se_ac', event.name);
    }
    if (event.plan) pairs.set('x_p.plan', event.plan);
    return pairs.toString();
}

// Events of visitors called @prefix..., in the order of time.
function makeEvents(random, { zone, from, to }, prefix, n_visitors) {
    const all = [];
    for (let i = 0; i < n_visitors; i++) {
        const visitor = visitorOf(random, `${prefix}${i}`);
        let t = from + Math.floor(random.next() * (to - from)), last = null, eid = null;
        for (let left = random.between(1, 25); left && t < to; left--) {
            const event = eventOf(random, visitor, last);
            if (random.chance(0.08)) visitor.grants = random.pick(GRANTS);
            if (eid === null || wall(zone, last.t).day !== wall(zone, t).day || !random.chance(0.2))
                eid = random.chance(0.3) ? `00000000-0000-4000-8000-${String(all.length).padStart(6, '0')}${String(i).padStart(6, '0')}` : '';
            all.push({ ...event, t, visitor, grants: visitor.grants, eid });
            last = { ...event, t };
            t = nextTime(random, zone, t);
        }
    }
    return all.map((event, i) => ({ ...event, i })).sort((a, b) => a.t - b.t || a.i - b.i);
}

const collects = (grants) => grants.length > 0;
const CARRIER = { view: 'analytics', ping: 'analytics', event: 'journeys' };

// What a store may tell of @events, and the lines that bring them there.
function tell(zone, events) {
    const known = new Map(), rows = [], lines = [], seen = new Set();
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
            t, site: 'shop', visitor: visitor.name, ua: visitor.agent, purposes: grants, event: pairsOf(event, eid),
        }));
        const id = `${visitor.name}#${state.ids}`;
        // Without `log` an event has no time and is not told; a custom event needs `clickpath`, too.
        if (!grants.includes(CARRIER[event.kind])) continue;
        if (eid && seen.has(`${id} ${eid}`)) continue;
        if (eid) seen.add(`${id} ${eid}`);
        if (!grants.includes('analytics')) continue;
        const { day, hour } = wall(zone, t);
        rows.push({
            ...event, visitor: id, day, hour, is_program: visitor.agent === PROGRAM ? 1 : 0, name: event.name ?? null,
            plan: event.plan ?? null,
        });
    }
    return { rows, lines };
}

// The events of some days: the first lines, and others that come late, of visitors that had not been there.
export function makeSet(random, now = Date.now()) {
    const zone = random.pick(ZONES);
    const change = random.chance(0.5) ? lastChange(zone, now) : null;
    const to = change ? Math.min(now, change + random.between(1, 3) * DAY_MS) : now;
    const from = startOfDay(zone, to - random.between(1, 9) * DAY_MS);
    const days = { zone, from, to };
    const first = tell(zone, makeEvents(random, days, 'v', random.between(2, 30)));
    const late = tell(zone, makeEvents(random, days, 'late', random.between(1, 6)));
    return { zone, from, to, first, late };
}
