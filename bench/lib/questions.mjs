// The questions of script/bench query: each as a request to crumb and as SQL over the same events.
//
// Peers have two tables, as products of this kind do: `hits`, the CSV as it is, and `visits`, made from it once while
// loading (VISITS). A question over whole visits reads the small table. SQL is written for each engine's dialect, which
// gives `unique(column)`: how many different, by the engine's own sketch where it has one, as crumb has; or exactly, for
// the answer that all are compared with.
//
// An answer is a list of rows: the dimensions, then the figures that `columns` names. SQL gives sums where crumb gives
// a ratio; `ratios` makes one of the other.

// Which days: all, as none is left out by saying so.
export const range = (set) => [set.first, set.last];

export const COLUMNS = [
    'visit', 'visitor', 't_ms', 'day', 'kind', 'name', 'host', 'page', 'title', 'dwell_s', 'scroll', 'cents', 'currency',
    'plan', 'device', 'brand', 'os', 'os_version', 'browser', 'browser_version', 'country', 'region', 'city', 'source',
    'channel', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign', 'language', 'width', 'height',
];
export const NUMBERS = new Set(['visit', 'visitor', 't_ms', 'dwell_s', 'scroll', 'cents', 'width', 'height']);
const OF_VISITS = COLUMNS.slice(COLUMNS.indexOf('device'));

// A bounce has one page view at most and no other event.
export const VISITS = (dialect) => `
    SELECT visit, min(visitor) AS visitor, min(day) AS day, min(t_ms) AS start_ms,
        ${dialect.div('max(t_ms)', 1000)} - ${dialect.div('min(t_ms)', 1000)} AS duration_s,
        sum(CASE WHEN kind = 'view' THEN 1 ELSE 0 END) AS views, count(*) AS events,
        CASE WHEN sum(CASE WHEN kind = 'view' THEN 1 ELSE 0 END) <= 1
              AND sum(CASE WHEN kind = 'view' THEN 0 ELSE 1 END) = 0 THEN 1 ELSE 0 END AS bounce,
        ${OF_VISITS.map((name) => `min(${name}) AS ${name}`).join(', ')}
    FROM hits GROUP BY visit`;

// Of sums over visits: percent with one decimal, mean seconds; halves up.
const rounded = (numerator, denominator, scale) =>
    denominator ? Math.floor((2 * numerator * scale + denominator) / (2 * denominator)) : 0;
const ratios = ([visitors, visits, views, bounces, duration]) =>
    [visitors, visits, views, rounded(bounces, visits, 1000) / 10, rounded(duration, visits, 1)];

const STATS = ['visitors', 'visits', 'pageviews', 'bounce_rate', 'visit_duration'];
const statsSql = (d, where) =>
    `SELECT ${d.unique('visitor')}, count(*), sum(views), sum(bounce), sum(duration_s) FROM visits WHERE ${where}`;
const days = (set) => `day >= '${set.first}' AND day <= '${set.last}'`;

// What a query's answer says, as rows of ours.
const queryRows = ({ results }) => results.map((row) => [...row.dimensions, ...row.metrics]);
const query = (set, body) => ({ path: '/api/v2/query', body: { site_id: 'shop', date_range: range(set), ...body } });

// A visit's pages in their order, the same one after itself once, as text: the first three of them.
const PATH_STEPS = 3;
const PATHS_TOLD = 20;
const PATHS = 50; // crumb tells a path that ended apart from one that went on; enough of both for the first twenty

function pathRows({ paths }) {
    const sums = new Map();
    for (const { pages, visits } of paths) {
        const path = pages.join(' > ');
        sums.set(path, (sums.get(path) ?? 0) + visits);
    }
    const rows = [...sums].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return rows.slice(0, PATHS_TOLD);
}

export const questions = [
    {
        name: 'stats', filtered: false, columns: STATS, ratios,
        ask: (set) => query(set, { metrics: STATS }),
        sql: (d, set) => statsSql(d, days(set)),
    },
    {
        name: 'pages', filtered: false, columns: ['page', 'visitors', 'pageviews'],
        ask: (set) => query(set, {
            metrics: ['visitors', 'pageviews'], dimensions: ['event:page'], order_by: [['pageviews', 'desc']],
            pagination: { limit: 100 },
        }),
        sql: (d, set) => `SELECT page, ${d.unique('visitor')}, count(*) AS n FROM hits WHERE kind = 'view' AND ${days(set)}
            GROUP BY page ORDER BY n DESC, page LIMIT 100`,
    },
    {
        name: 'days', filtered: false, columns: ['day', 'visitors', 'visits', 'pageviews'],
        ask: (set) => query(set, { metrics: ['visitors', 'visits', 'pageviews'], dimensions: ['time:day'] }),
        sql: (d, set) => `SELECT day, ${d.unique('visitor')}, count(*), sum(views) FROM visits WHERE ${days(set)}
            GROUP BY day ORDER BY day`,
    },
    {
        name: 'uniques', filtered: false, columns: ['visitors'],
        ask: (set) => query(set, { metrics: ['visitors'] }),
        sql: (d, set) => `SELECT ${d.unique('visitor')} FROM visits WHERE ${days(set)}`,
    },
    {
        name: 'filter', filtered: true, columns: STATS, ratios,
        ask: (set) => query(set, { metrics: STATS, filters: [['is', 'visit:country', ['DE']]] }),
        sql: (d, set) => statsSql(d, `${days(set)} AND country = 'DE'`),
    },
    {
        name: 'filters', filtered: true, columns: ['browser', 'visitors', 'visits', 'pageviews'],
        ask: (set) => query(set, {
            metrics: ['visitors', 'visits', 'pageviews'], dimensions: ['visit:browser'], order_by: [['pageviews', 'desc']],
            filters: [
                ['is', 'visit:country', ['DE', 'FR', 'GB']], ['is', 'visit:os', ['iOS', 'Android']],
                ['contains', 'event:page', ['/products']],
            ],
        }),
        sql: (d, set) => `SELECT browser, ${d.unique('visitor')}, ${d.exact('visit')},
                sum(CASE WHEN kind = 'view' THEN 1 ELSE 0 END) AS n
            FROM hits WHERE ${days(set)} AND country IN ('DE', 'FR', 'GB') AND os IN ('iOS', 'Android')
                AND page LIKE '%/products%'
            GROUP BY browser ORDER BY n DESC, browser`,
    },
    {
        // Visits that saw the home page, after it an item, after that the cart: how many came to each step.
        name: 'funnel', filtered: true, columns: ['visits'],
        ask: (set) => ({
            path: '/api/v2/funnel',
            body: {
                site_id: 'shop', date_range: range(set),
                steps: [{ page: '/' }, { page: '/products/item*' }, { page: '/cart' }],
            },
        }),
        read: ({ steps }) => steps.map((step) => [step.visits]),
        sql: (d, set) => d.funnel(days(set)),
        steps: ["page = '/'", "page LIKE '%/products/item%'", "page = '/cart'"],
    },
    {
        // How visits begin: the first three pages, the twenty most frequent ways.
        name: 'paths', filtered: true, columns: ['path', 'visits'],
        ask: (set) => ({
            path: '/api/v2/paths',
            body: { site_id: 'shop', date_range: range(set), steps: PATH_STEPS, paths: PATHS, loops: 'kept' },
        }),
        read: pathRows,
        sql: (d, set) => d.paths(days(set)),
    },
];

export const answerOf = (question, body) => (question.read ?? queryRows)(body);

// What SQL gave, as crumb says it.
export function rowsOf(question, rows) {
    if (!question.ratios) return rows;
    return rows.map((row) => question.ratios(row));
}

// ---- funnel and paths in plain SQL (not for ClickHouse of 2018, which has neither CTEs nor windows) ----

const FUNNEL = questions.find(({ name }) => name === 'funnel').steps;

export const plainFunnel = (where) => `
    WITH a AS (SELECT visit, min(t_ms) AS t FROM hits WHERE ${where} AND kind = 'view' AND ${FUNNEL[0]} GROUP BY visit),
        b AS (SELECT hits.visit AS visit, min(hits.t_ms) AS t FROM a JOIN hits ON hits.visit = a.visit
            WHERE ${where} AND kind = 'view' AND ${FUNNEL[1]} AND hits.t_ms > a.t GROUP BY hits.visit),
        c AS (SELECT hits.visit AS visit, min(hits.t_ms) AS t FROM b JOIN hits ON hits.visit = b.visit
            WHERE ${where} AND kind = 'view' AND ${FUNNEL[2]} AND hits.t_ms > b.t GROUP BY hits.visit)
    SELECT n FROM (SELECT 1 AS step, count(*) AS n FROM a UNION ALL SELECT 2, count(*) FROM b
        UNION ALL SELECT 3, count(*) FROM c) AS steps ORDER BY step`;

export const plainPaths = (where) => `
    WITH views AS (SELECT visit, t_ms, page, lag(page) OVER (PARTITION BY visit ORDER BY t_ms) AS before FROM hits
            WHERE ${where} AND kind = 'view'),
        steps AS (SELECT visit, page, row_number() OVER (PARTITION BY visit ORDER BY t_ms) AS step FROM views
            WHERE before IS NULL OR before <> page),
        ways AS (SELECT max(CASE WHEN step = 1 THEN page END) AS a, max(CASE WHEN step = 2 THEN page END) AS b,
            max(CASE WHEN step = 3 THEN page END) AS c FROM steps WHERE step <= ${PATH_STEPS} GROUP BY visit)
    SELECT a || coalesce(' > ' || b, '') || coalesce(' > ' || c, '') AS path, count(*) AS n FROM ways
    GROUP BY path ORDER BY n DESC, path LIMIT 20`;

export const funnelSteps = FUNNEL;
