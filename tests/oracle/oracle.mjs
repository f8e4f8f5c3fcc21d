// The same question as SQL: definitions and not crumb's way, put to sqlite.
//
// A visit is a visitor's events with no silence longer than half an hour, cut at midnight at the site. A bounce is a
// visit with at most one page view and no other event but pings. Its duration is from its first event to its last, in
// whole seconds of the clock (the first engine: in milliseconds). It is entered by its first page view and left by its last. A hit is a page view or a custom
// event. Filters choose hits; has_done chooses visits by another hit. Then of the hits that are left,
//
//   visitors, pageviews, events    of them
//   visits                         with at least one of them
//   views_per_visit, bounce_rate, visit_duration   of these visits, as they were as a whole; by page: of those that the
//                                  page began
//   percentage                     visitors of all visitors that the query has
//
// Ratios are rounded, halves up. An average of nothing is null, and the least in order; the first engine said 0.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const GAP_MS = 30 * 60 * 1000;
const END = '-- end --';

const COLUMNS = [
    'seq', 'visitor', 't', 'kind', 'day', 'hour', 'page', 'host', 'name', 'plan', 'language', 'utm_source', 'utm_medium',
    'utm_campaign', 'is_program',
];

const quote = (value) =>
    value === null || value === undefined ? 'NULL' : typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;

function fill(rows) {
    const values = rows.map((row, seq) => `(${COLUMNS.map((name) => quote({ ...row, seq }[name])).join(',')})`);
    return `CREATE TABLE raw (${COLUMNS.join(', ')});\n` + values.map((value) => `INSERT INTO raw VALUES ${value};\n`).join('');
}

// ---- dimensions ----

const week = (day) => `date(${day}, '-6 days', 'weekday 1')`;
const EXPRESSIONS = {
    'time:hour': 'hit.hour', 'time:day': 'hit.day', 'time:week': week('hit.day'), 'time:month': "substr(hit.day, 1, 7) || '-01'",
    'event:page': 'hit.page', 'event:hostname': 'hit.host', 'event:name': "coalesce(hit.name, 'pageview')",
    'event:props:plan': "coalesce(hit.plan, '(none)')",
    'visit:entry_page': "coalesce(v.entry_page, '(none)')", 'visit:exit_page': "coalesce(v.exit_page, '(none)')",
    'visit:utm_source': 'v.utm_source', 'visit:utm_medium': 'v.utm_medium', 'visit:utm_campaign': 'v.utm_campaign',
    'visit:language': 'v.language', 'visit:bot': "CASE v.is_program WHEN 1 THEN 'agent' ELSE 'none' END",
};

// ---- filters ----

function leafSql([operator, dimension, clauses, modifiers]) {
    const insensitive = modifiers?.case_sensitive === false;
    const fold = (text) => (insensitive ? `lower(${text})` : text);
    const x = EXPRESSIONS[dimension];
    const one = (clause) => {
        if (operator.startsWith('matches')) return `${x} REGEXP ${quote(clause)}`;
        if (operator.startsWith('contains')) return `instr(${fold(x)}, ${fold(quote(clause))}) > 0`;
        return `${fold(x)} = ${fold(quote(clause))}`;
    };
    const any = `(${clauses.map(one).join(' OR ')})`;
    return operator.endsWith('_not') ? `NOT ${any}` : any;
}

function filterSql(filter) {
    const [operator, below] = filter;
    if (operator === 'and' || operator === 'or') return `(${below.map(filterSql).join(` ${operator.toUpperCase()} `)})`;
    if (operator === 'not') return `NOT ${filterSql(below)}`;
    if (operator === 'has_done' || operator === 'has_not_done') {
        const inner = filterSql(below).replaceAll('hit.', 'other.');
        const exists = `EXISTS (SELECT 1 FROM told AS other WHERE other.visit = hit.visit AND other.kind <> 'ping' AND ${inner})`;
        return operator === 'has_done' ? exists : `NOT ${exists}`;
    }
    return leafSql(filter);
}

// ---- metrics ----

const rounded = (numerator, denominator, scale, nothing) =>
    `CASE WHEN ${denominator} THEN (2 * ${numerator} * ${scale} + ${denominator}) / (2 * ${denominator}) ELSE ${nothing} END`;
const WHOLE = 'coalesce(w.whole, 0)';
const metricsSql = (nothing) => ({
    visitors: 'g.visitors', visits: 'g.visits', pageviews: 'g.pageviews', events: 'g.events',
    views_per_visit: rounded('w.views', WHOLE, 100, nothing),
    bounce_rate: rounded('w.bounces', WHOLE, 1000, nothing),
    visit_duration: rounded('w.duration_ms', `(1000 * ${WHOLE})`, 1, nothing),
    percentage: rounded('g.visitors', '(SELECT count(DISTINCT visitor) FROM hits)', 10_000, nothing),
});
const DECIMALS = { views_per_visit: 100, bounce_rate: 10, percentage: 100 };

// ---- a query ----

// Visits of the events that @where lets in.
const visits = (where, isFirst) => `
    marked AS (SELECT *, CASE WHEN t - lag(t) OVER o <= ${GAP_MS} AND day = lag(day) OVER o THEN 0 ELSE 1 END AS begins
        FROM raw WHERE ${where} WINDOW o AS (PARTITION BY visitor, is_program ORDER BY t, seq)),
    told AS (SELECT *, visitor || ' ' || is_program || ' ' || sum(begins) OVER
        (PARTITION BY visitor, is_program ORDER BY t, seq ROWS UNBOUNDED PRECEDING) AS visit FROM marked),
    firsts AS (SELECT *, row_number() OVER (PARTITION BY visit ORDER BY t, seq) AS nth,
        row_number() OVER (PARTITION BY visit ORDER BY t DESC, seq DESC) AS last_nth FROM told WHERE kind = 'view'),
    v AS (SELECT told.visit, ${isFirst ? '(max(told.t) - min(told.t))' : '1000 * (max(told.t) / 1000 - min(told.t) / 1000)'} AS duration_ms, max(told.is_program) AS is_program,
            sum(told.kind = 'view') AS views,
            CASE WHEN sum(told.kind = 'view') <= 1 AND sum(told.kind = 'event') = 0 THEN 1 ELSE 0 END AS bounce,
            max(told.language) AS language, a.page AS entry_page, z.page AS exit_page,
            coalesce(a.utm_source, '') AS utm_source, coalesce(a.utm_medium, '') AS utm_medium,
            coalesce(a.utm_campaign, '') AS utm_campaign
        FROM told LEFT JOIN firsts AS a ON a.visit = told.visit AND a.nth = 1
            LEFT JOIN firsts AS z ON z.visit = told.visit AND z.last_nth = 1 GROUP BY told.visit)`;

function orderOf({ order_by, metrics, dimensions }) {
    const time = dimensions.find((name) => name.startsWith('time:'));
    const asked = order_by ?? [...(time ? [[time, 'asc']] : []), [metrics[0], 'desc']];
    const column = (name) => (metrics.includes(name) ? `m${metrics.indexOf(name)}` : `d${dimensions.indexOf(name)}`);
    return [...asked.map(([name, way]) => `${column(name)} ${way}`), ...dimensions.map((_, i) => `d${i} asc`)].join(', ');
}

export function sqlOf({ body, range }, isFirst) {
    const { metrics, dimensions, filters = [] } = body;
    const inside = `t >= ${range.from} AND t < ${range.to}`;
    const expressions = dimensions.map((name, i) => `${EXPRESSIONS[name]} AS d${i}`);
    const keys = dimensions.map((_, i) => `d${i}`);
    const list = (...parts) => parts.flat().filter(Boolean).join(', ');
    const byPage = dimensions.indexOf('event:page');
    const asksPrograms = JSON.stringify([dimensions, filters]).includes('visit:bot');
    const counted = isFirst ? (byPage >= 0 ? "hit.kind = 'view'" : '1') : "hit.kind <> 'ping'";
    const where = [
        counted, `v.is_program = ${asksPrograms ? 1 : 0}`, ...(isFirst ? [] : [inside.replaceAll('t ', 'hit.t ')]),
        ...filters.map(filterSql),
    ].join(' AND ');
    const figures = metricsSql(isFirst ? 0 : 'NULL');
    const group = keys.length ? `GROUP BY ${keys.join(', ')}` : '';
    return `WITH ${visits(isFirst ? inside : '1', isFirst)},
        hits AS (SELECT ${list(expressions, 'hit.visit', 'hit.visitor', 'hit.kind', 'hit.page')}
            FROM told AS hit JOIN v ON v.visit = hit.visit WHERE ${where}),
        g AS (SELECT ${list(keys, 'count(DISTINCT visitor) AS visitors', 'count(DISTINCT visit) AS visits',
            "coalesce(sum(kind = 'view'), 0) AS pageviews", 'count(*) AS events')} FROM hits ${group}),
        of_group AS (SELECT DISTINCT ${list(keys, 'hits.visit AS visit')} FROM hits
            ${byPage >= 0 ? `JOIN v ON v.visit = hits.visit WHERE v.entry_page = d${byPage}` : ''}),
        w AS (SELECT ${list(keys, 'count(*) AS whole', 'coalesce(sum(v.bounce), 0) AS bounces',
            'coalesce(sum(v.duration_ms), 0) AS duration_ms', 'coalesce(sum(v.views), 0) AS views')}
            FROM of_group JOIN v ON v.visit = of_group.visit ${group})
        SELECT ${list(keys.map((key) => `g.${key} AS ${key}`), metrics.map((name, i) => `${figures[name]} AS m${i}`))}
        FROM g LEFT JOIN w ON ${keys.map((key) => `g.${key} IS w.${key}`).join(' AND ') || '1'}
        ORDER BY ${orderOf(body)}`;
}

// ---- answers ----

function pageOf({ body }, rows) {
    const { metrics, dimensions, pagination, include } = body;
    const all = rows.map((row) => ({
        metrics: metrics.map((name, i) => (row[`m${i}`] === null ? null : row[`m${i}`] / (DECIMALS[name] ?? 1))),
        dimensions: dimensions.map((_, i) => row[`d${i}`]),
    }));
    const { offset = 0, limit = 10_000 } = pagination ?? {};
    const meta = include?.total_rows ? { total_rows: all.length } : {};
    return { results: all.slice(offset, offset + limit), meta };
}

// What the queries must be answered, where a store may tell @rows.
export function answersOf(rows, queries, isFirst) {
    const input = [
        '.bail on', '.mode json', fill(rows),
        ...queries.map((query) => `${sqlOf(query, isFirst)};\n.print ${END}`),
    ].join('\n');
    const { stdout, stderr, status } = spawnSync('sqlite3', ['-batch', ':memory:'], {
        input, encoding: 'utf8', maxBuffer: 1 << 30,
    });
    assert.equal(status, 0, stderr);
    const parts = stdout.split(`${END}\n`).slice(0, -1);
    assert.equal(parts.length, queries.length, stderr);
    return queries.map((query, i) => pageOf(query, parts[i].trim() ? JSON.parse(parts[i]) : []));
}
