// Random queries, of what the engine says it answers.
import { startOfDay, wall } from './events.mjs';

// What the version before filters answers. It forms visits of what lies inside a range that cuts a day, counts visits of
// pings alone, and lists only pages that were viewed.
export const FIRST_ENGINE = {
    isFirst: true,
    metrics: ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration'],
    dimensions: ['time:day', 'event:page', 'visit:bot'],
    filters: false,
};

// What oracle.mjs has SQL for; the engine may know more.
const METRICS = [...FIRST_ENGINE.metrics, 'events', 'percentage'];
const DIMENSIONS = [
    'time:hour', 'time:day', 'time:week', 'time:month', 'event:page', 'event:hostname', 'event:name', 'event:props:plan',
    'visit:entry_page', 'visit:exit_page', 'visit:utm_source', 'visit:utm_medium', 'visit:utm_campaign', 'visit:language',
    'visit:bot',
];
const WHOLE = ['views_per_visit', 'bounce_rate', 'visit_duration']; // what a visit was as a whole
const VALUES = {
    'event:page': ['/', '/a', '/b', '/B', 'a/', 'caf%C3%A9', 'nowhere'],
    'event:hostname': ['shop.example', 'blog.', 'SHOP'],
    'event:name': ['pageview', 'signup', 'Buy', 'buy', 'down'],
    'event:props:plan': ['free', 'team', '(none)', 'e'],
    'visit:entry_page': ['/', '/a', 'cart', '/B'],
    'visit:exit_page': ['/', '/a', 'cart'],
    'visit:utm_source': ['letter', 'Letter', 'part', ''],
    'visit:utm_medium': ['email', 'mail', ''],
    'visit:utm_campaign': ['spring', 'sale', 'SPRING'],
    'visit:language': ['de-DE', 'en', 'fr', 'EN-gb'],
};
const PATTERNS = { 'event:page': ['^/a', 'b$', '^/[ab]$', 'a.*b'], 'visit:utm_source': ['^[Ll]etter$', 'r$'] };

const names = (list, prefix) => list.map((item) => (typeof item === 'string' ? item : `${item.name}`.replace('*', prefix)));

// From GET /api/v2/schema; null where there is none.
export function supportedOf(schema) {
    if (!schema) return FIRST_ENGINE;
    const metrics = names(schema.metrics, ''), dimensions = names(schema.dimensions, 'plan');
    return {
        isFirst: false,
        metrics: METRICS.filter((name) => metrics.includes(name)),
        dimensions: DIMENSIONS.filter((name) => dimensions.includes(name) || dimensions.includes(name.replace('plan', '*'))),
        filters: true,
    };
}

const some = (random, list, most) => {
    const rest = [...list], taken = [];
    for (let n = random.between(1, Math.min(most, rest.length)); n; n--) taken.push(...rest.splice(random.between(0, rest.length - 1), 1));
    return taken;
};

function leaf(random, supported) {
    const dimension = random.pick(supported.dimensions.filter((name) => VALUES[name]));
    const operators = ['is', 'is_not', 'contains', 'contains_not', ...(PATTERNS[dimension] ? ['matches', 'matches_not'] : [])];
    const operator = random.pick(operators);
    const values = some(random, (operator.startsWith('matches') ? PATTERNS : VALUES)[dimension].filter((value) => value || operator === 'is'), 3);
    const filter = [operator, dimension, values.length ? values : ['/']];
    if (/^(is|contains)/.test(operator) && random.chance(0.25)) filter.push({ case_sensitive: random.chance(0.3) });
    return filter;
}

function filterOf(random, supported, depth) {
    const x = random.next();
    if (depth === 0 || x < 0.55) return leaf(random, supported);
    const below = () => filterOf(random, supported, depth - 1);
    if (x < 0.85) return [random.pick(['and', 'or']), Array.from({ length: random.between(1, 3) }, below)];
    return ['not', below()];
}

// A behaviour is about events, and stands at the top.
function behaviour(random, supported) {
    const own = { ...supported, dimensions: supported.dimensions.filter((name) => name.startsWith('event:')) };
    return [random.pick(['has_done', 'has_not_done']), leaf(random, own)];
}

const iso = (t) => new Date(Math.floor(t / 1000) * 1000).toISOString().replace('.000Z', 'Z');

// { asked, from, to, cuts }: milliseconds, the second not included.
function rangeOf(random, set) {
    const { zone, from, to } = set;
    const day = (t) => wall(zone, t).day;
    const at = () => from + Math.floor(random.next() * (to - from));
    const [a, b] = [at(), at()].sort((x, y) => x - y);
    if (random.chance(0.25)) {
        const last = Math.floor(b / 1000) * 1000 + 999;
        return { asked: [iso(a), iso(b)], from: Math.floor(a / 1000) * 1000, to: last + 1, cuts: true };
    }
    const [first, last] = random.chance(0.4) ? [from, to] : [a, b];
    return { asked: [day(first), day(last)], from: startOfDay(zone, first), to: startOfDay(zone, startOfDay(zone, last) + 30 * 3600_000), cuts: false };
}

const isEvent = (name) => name.startsWith('event:');
const hasEventLeaf = (filter) => JSON.stringify(filter).includes('"event:');

// Leaves out what a query may not mix, and what the definitions leave open (oracle.test.mjs says what).
function metricsOf(random, supported, dimensions, filters, cuts) {
    const byPage = dimensions.some(isEvent);
    let list = supported.metrics;
    if (!supported.isFirst) {
        if (dimensions.includes('time:hour') || cuts) list = list.filter((name) => name !== 'visits' && !WHOLE.includes(name));
        if (byPage && (filters.some(hasEventLeaf) || dimensions.some((name) => isEvent(name) && name !== 'event:page')))
            list = list.filter((name) => !WHOLE.includes(name));
    }
    if (!dimensions.length || dimensions.includes('visit:bot')) list = list.filter((name) => name !== 'percentage');
    return some(random, list, 6);
}

export function makeQuery(random, set, supported) {
    const range = rangeOf(random, set);
    let dimensions = random.chance(0.25) ? [] : some(random, supported.dimensions, supported.isFirst ? 2 : 3);
    if (dimensions.filter((name) => name.startsWith('time:')).length > 1) dimensions = dimensions.slice(0, 1);
    if (dimensions.includes('visit:bot') && dimensions.includes('event:page')) dimensions = ['visit:bot'];
    const filters = [];
    if (supported.filters)
        for (let n = random.pick([0, 0, 1, 1, 2]); n; n--)
            filters.push(random.chance(0.2) ? behaviour(random, supported) : filterOf(random, supported, 2));
    const metrics = metricsOf(random, supported, dimensions, filters, range.cuts);
    const body = { site_id: 'shop', date_range: range.asked, metrics, dimensions };
    if (filters.length) body.filters = filters;
    if (random.chance(0.5))
        body.order_by = some(random, [...metrics, ...dimensions], 3).map((name) => [name, random.pick(['asc', 'desc'])]);
    if (random.chance(0.3) && !dimensions.includes('time:hour')) {
        body.pagination = { limit: random.between(1, 6), offset: random.between(0, 3) };
        body.include = { total_rows: true };
    }
    return { body, range };
}
