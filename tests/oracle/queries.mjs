// Random queries of everything that the interface has, but for what docs/query-api.md says cannot be asked together.
import { DIMENSIONS } from './oracle.mjs';
import { GOALS, dayBefore, firstOfMonth, startOfDay, startOfDate, wall, wallSecond } from './events.mjs';

const COUNTS = ['visitors', 'visits', 'pageviews', 'events'];
const WHOLE = ['views_per_visit', 'bounce_rate', 'visit_duration']; // what a visit was as a whole
const OF_PAGES = ['scroll_depth', 'time_on_page'];
const OF_GOALS = ['conversion_rate', 'group_conversion_rate'];
const REVENUE = ['total_revenue', 'average_revenue'];
export const METRICS = [...COUNTS, ...WHOLE, ...OF_PAGES, 'percentage', ...OF_GOALS, ...REVENUE, 'coverage'];
const TIMES = ['time', 'time:hour', 'time:day', 'time:week', 'time:month'];

// Those that are there, parts of them, others in capitals and small letters, and some that are nowhere.
const VALUES = {
    'event:page': ['/', '/a', '/b', '/B', 'a/', 'caf%C3%A9', 'nowhere', ''],
    'event:hostname': ['shop.example', 'blog.', 'SHOP', ''],
    'event:name': ['pageview', 'signup', 'Buy', 'buy', 'down', 'click', '(other)', 'e'],
    'event:target': ['more', 'a', 'https://there.example/', 'THERE', '(none)', ''],
    'event:props:plan': ['free', 'team', '(none)', 'e', ''],
    'event:props:size': ['XL', 'xl', '(none)', 'l'],
    'event:props:colour': ['(none)', 'red'],
    'visit:entry_page': ['/', '/a', 'cart', '/B', '(none)'],
    'visit:exit_page': ['/', '/a', 'cart'],
    'visit:entry_page_hostname': ['shop.example', 'blog', '(NONE)'],
    'visit:exit_page_hostname': ['shop.example', 'blog'],
    'visit:source': ['Google', 'letter', 'goo', 'example.org', ''],
    'visit:channel': ['direct', 'search', 'SEARCH', 'referral', 'al'],
    'visit:referrer': ['https://www.google.com', '', 'google', 'android-app://com.google.android.gm'],
    'visit:utm_source': ['letter', 'Letter', 'part', ''],
    'visit:utm_medium': ['email', 'mail', ''],
    'visit:utm_campaign': ['spring', 'sale', 'SPRING'],
    'visit:utm_content': ['top', ''],
    'visit:utm_term': ['red shoes', ' '],
    'visit:device': ['desktop', 'phone', 'unknown', 'o'],
    'visit:browser': ['Firefox', 'fox', '', 'Mobile Safari'],
    'visit:browser_version': ['128.0', '1', ''],
    'visit:os': ['Linux', 'Windows', 'i', ''],
    'visit:os_version': ['10', '1', ''],
    'visit:country': ['US', 'DE', 'u', ''],
    'visit:country_name': ['United States', 'germany', ''],
    'visit:region': ['US-CA', 'US', ''],
    'visit:region_name': ['California', 'Île-de-France', 'US-ZZ', ''],
    'visit:city': ['Berlin', 'San', ''],
    'visit:city_name': ['Paris', 'e', ''],
    'visit:language': ['de-DE', 'en', 'fr', 'EN-gb', ''],
    'visit:screen': ['under 480', '1024 to 1439', ' to ', ''],
    'visit:bot': ['agent', 'automation', 'speed', 'a'],
    'event:goal': GOALS.map(({ name }) => name),
};
const PATTERNS = {
    'event:page': ['^/a', 'b$', '^/[ab]$', 'a.*b'], 'visit:utm_source': ['^[Ll]etter$', 'r$'], 'visit:source': ['^G', 'e$'],
    'visit:browser_version': ['^1[23]', '[0-9]\\.0$'], 'event:props:plan': ['e+', '^.*$'], 'visit:city_name': ['^[A-Z]', 'n( |$)'],
};

const some = (random, list, most, least = 1) => {
    const rest = [...list], taken = [];
    for (let n = random.between(least, Math.min(most, rest.length)); n; n--) taken.push(...rest.splice(random.between(0, rest.length - 1), 1));
    return taken;
};

// ---- filters ----

function leaf(random, dimensions = Object.keys(VALUES)) {
    const dimension = random.chance(0.12) && dimensions.includes('event:goal') ? 'event:goal' : random.pick(dimensions);
    if (dimension === 'visit:bot' && random.chance(0.7)) return leaf(random, dimensions);
    const isGoal = dimension === 'event:goal';
    const operators = ['is', 'contains', ...(isGoal ? [] : ['is_not', 'contains_not', ...(PATTERNS[dimension] ? ['matches', 'matches_not'] : [])])];
    const operator = random.pick(operators);
    const values = some(random, (operator.startsWith('matches') ? PATTERNS : VALUES)[dimension], 3);
    if (isGoal && operator === 'contains') values[0] = random.pick(['o', 'B', 'Visit', 'nothing']);
    const filter = [operator, dimension, values];
    if (/^(is|contains)/.test(operator) && random.chance(0.25)) filter.push({ case_sensitive: random.chance(0.3) });
    return filter;
}

function filterOf(random, depth) {
    const x = random.next();
    if (depth === 0 || x < 0.55) return leaf(random);
    const below = () => filterOf(random, depth - 1);
    if (x < 0.75) return [random.pick(['and', 'or']), Array.from({ length: random.between(1, 3) }, below)];
    if (x < 0.9) return [random.pick(['has_done', 'has_not_done']), below()];
    return ['not', below()];
}

// Whether a filter, but for what is in has_done, is on @dimension.
function isOn([operator, below], dimension) {
    if (operator === 'has_done' || operator === 'has_not_done') return false;
    if (operator === 'not') return isOn(below, dimension);
    return Array.isArray(below) ? below.some((one) => isOn(one, dimension)) : below === dimension;
}

// ---- ranges ----

const DAY_MS = 86_400_000;
const iso = (t) => `${new Date(t).toISOString().slice(0, 19)}Z`;

// The same time by a clock that is some hours ahead of UTC.
function isoBeside(random, t) {
    const minutes = random.pick([0, 60, -300, 330, 765, -570]);
    const sign = minutes < 0 ? '-' : '+', size = Math.abs(minutes);
    const two = (number) => String(Math.floor(number)).padStart(2, '0');
    return iso(t + minutes * 60_000).replace('Z', `${sign}${two(size / 60)}:${two(size % 60)}`);
}

const second = (t) => Math.floor(t / 1000) * 1000;
const dates = (zone, first, last) => ({
    from: startOfDate(zone, first), to: startOfDate(zone, dayBefore(last, -1)), first, last, isDays: true,
});

// What a word means at @now: { from, to } in ms, the last not included; null where the answer has to say it.
function wordRange(zone, word, now) {
    const today = wall(zone, now).day;
    const [, n, unit] = /^(\d*)(\w+)$/.exec(word);
    if (word === 'day') return dates(zone, today, today);
    if (word === 'month') return dates(zone, firstOfMonth(today, 0), today);
    if (word === 'year') return dates(zone, `${today.slice(0, 4)}-01-01`, today);
    if (unit === 'd') return dates(zone, dayBefore(today, +n), dayBefore(today, 1));
    if (unit === 'mo') return dates(zone, firstOfMonth(today, +n), dayBefore(firstOfMonth(today, 0), 1));
    return null;
}

// { asked, at }: at(now) gives what it covers.
function rangeOf(random, { zone, from, to }) {
    const day = (t) => wall(zone, t).day;
    const at = () => from + Math.floor(random.next() * (to - from));
    const [a, b] = [at(), at()].sort((x, y) => x - y);
    const x = random.next();
    if (x < 0.2) {
        const asked = [a, b].map((t) => (random.chance(0.5) ? iso(t) : isoBeside(random, t)));
        return { asked, at: () => ({ from: second(a), to: second(b) + 1000 }) };
    }
    if (x < 0.3) { // as the clock on the wall shows it: the first time, and the last
        const asked = [a, b].map((t) => wallSecond(zone, t));
        const times = (text, t) => [-2, -1, -0.5, 0, 0.5, 1, 2].map((h) => second(t) + h * 3_600_000).filter((one) => wallSecond(zone, one) === text);
        if (asked[0] <= asked[1])
            return { asked, at: () => ({ from: times(asked[0], a)[0], to: times(asked[1], b).at(-1) + 1000 }) };
    }
    if (x < 0.5) {
        const word = random.pick(['day', '24h', '7d', '3d', '30d', 'month', '1mo', '6mo', 'year', 'all']);
        return { asked: word, at: (now) => wordRange(zone, word, now) };
    }
    const [first, last] = random.chance(0.4) ? [from, to - 1] : [a, b];
    return { asked: [day(first), day(last)], at: () => dates(zone, day(first), day(last)) };
}

// What @range is compared with; at() is given what the range covers.
function comparisonOf(random, set, range) {
    const isDays = Array.isArray(range.asked) ? range.asked[0].length === 10 : !/^(24h|all)$/.test(range.asked);
    if (random.chance(0.4)) {
        const other = rangeOf(random, set);
        if (!/^(24h|all)$/.test(other.asked)) return { asked: { mode: 'custom', date_range: other.asked }, at: (_, now) => other.at(now) };
    }
    if (!isDays) return { asked: { mode: 'previous_period' }, at: ({ from, to }) => ({ from: 2 * from - to, to: from }) };
    const mode = random.pick(['previous_period', 'previous_period', 'year_over_year']), weeks = random.chance(0.3);
    const yearBefore = (day) => {
        const before = `${day.slice(0, 4) - 1}${day.slice(4)}`;
        return before.endsWith('02-29') ? before.replace('29', '28') : before;
    };
    const at = ({ first, last }) => {
        const n = Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS) + 1;
        const by = mode === 'year_over_year' ? 364 : weeks ? Math.ceil(n / 7) * 7 : n;
        const move = (day) => (mode === 'year_over_year' && !weeks ? yearBefore(day) : dayBefore(day, by));
        return dates(set.zone, move(first), move(last));
    };
    return { asked: { mode, ...(weeks && { match_day_of_week: true }) }, at };
}

// ---- metrics ----

const isEvent = (name) => name.startsWith('event:');

function metricsOf(random, dimensions, filters) {
    const has = (name) => dimensions.includes(name) || filters.some((filter) => isOn(filter, name));
    const others = dimensions.filter((name) => isEvent(name) && name !== 'event:page');
    const isWhole = others.every((name) => name === 'event:hostname' && dimensions.includes('event:page'));
    const list = [
        ...COUNTS, ...REVENUE, ...(isWhole ? WHOLE : []), ...(has('event:page') ? OF_PAGES : []), ...(has('event:goal') ? OF_GOALS : []),
        ...(dimensions.length ? ['percentage'] : []),
        ...(!filters.length && dimensions.every((name) => name.startsWith('time')) ? ['coverage'] : []),
    ];
    return some(random, list, 7);
}

// ---- a query ----

export function makeQuery(random, set) {
    const range = rangeOf(random, set);
    let dimensions = random.chance(0.2) ? [] : some(random, DIMENSIONS, 3, random.chance(0.3) ? 0 : 1);
    if (random.chance(0.2)) dimensions = ['event:page', ...dimensions.filter((name) => name !== 'event:page')].slice(0, 3);
    if (random.chance(0.15)) dimensions.splice(random.between(0, dimensions.length), 0, 'event:goal');
    if (random.chance(0.35)) dimensions.splice(random.between(0, dimensions.length), 0, random.pick(TIMES));
    const filters = Array.from({ length: random.pick([0, 0, 1, 1, 2]) }, () => filterOf(random, 2));
    const metrics = metricsOf(random, dimensions, filters);
    const body = { site_id: 'shop', date_range: range.asked, metrics, dimensions };
    const include = {};
    let comparison = null;
    if (filters.length) body.filters = filters;
    if (random.chance(0.5))
        body.order_by = some(random, [...metrics, ...dimensions], 3).map((name) => [name, random.pick(['asc', 'desc'])]);
    if (random.chance(0.3)) body.pagination = { limit: random.between(1, 6), offset: random.between(0, 3) };
    if (random.chance(0.5)) include.total_rows = true;
    if (dimensions.some((name) => name.startsWith('time')) && random.chance(0.2)) include.time_labels = true;
    if (random.chance(0.15) && range.asked !== 'all') {
        comparison = comparisonOf(random, set, range);
        include.comparison = comparison.asked;
    }
    if (Object.keys(include).length) body.include = include;
    return { body, range, comparison };
}
