// The same question as SQL: definitions (docs/query-api.md) and not crumb's way, put to sqlite.
//
// A visit is a visitor's events with no silence longer than half an hour, cut at midnight at the site. Its duration is
// from its first event to its last, in whole seconds of the clock. It is entered by its first page view and left by its
// last; source, channel and campaign are its first page view's; browser, place, language and screen each of the first
// event that tells it. It is a program's if one of its events is, or if it has 60 page views within 20 seconds.
//
// A hit is a page view or a custom event. Filters choose hits; has_done chooses visits by any of their hits. Of the hits
// that are left:
//
//   visitors, pageviews, events, revenue   of them, each in the row of its own time
//   visits                                 with at least one of them, that began in the range; in the row of their start
//   views_per_visit, bounce_rate, visit_duration   of these visits, as they were as a whole; by page: of those that the
//                                          page began
//   time_on_page, scroll_depth             of each pair of a visit and a page that such a view is of
//   percentage                             visitors, of those that the query has without its dimensions
//   conversion_rate                        the same, of those that it has also without filters on goals and properties
//   group_conversion_rate                  the same, of those of the group
//   coverage                               stored of received, of whole hours of UTC, by where they begin
//
// Ratios are rounded, halves away from zero. An average of nothing is null, and the least in order.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { GOALS, completes, wall } from './events.mjs';

const GAP_MS = 30 * 60 * 1000;
const HOUR_MS = 3_600_000;
const END = '-- end --';

const COLUMNS = [
    'seq', 'visitor', 't', 'kind', 'day', 'hour', 'page', 'host', 'title', 'name', 'target', 'plan', 'size', 'amount', 'currency',
    'dwell_ms', 'scroll', 'bot', 'knows_agent', 'device', 'os', 'os_version', 'browser', 'browser_version', 'country',
    'country_name', 'region', 'region_name', 'city', 'language', 'screen', 'referrer', 'source', 'channel', 'utm_source',
    'utm_medium', 'utm_campaign', 'utm_content', 'utm_term',
];
const AGENT = ['device', 'os', 'os_version', 'browser', 'browser_version'];
const PLACE = ['country', 'country_name', 'region', 'region_name', 'city'];
const ORIGIN = ['referrer', 'source', 'channel', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'];

const quote = (value) =>
    value === null || value === undefined ? 'NULL' : typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;

const insert = (table, rows) => (rows.length ? `INSERT INTO ${table} VALUES ${rows.map((row) => `(${row.map(quote).join(',')})`).join(',')};\n` : '');

// ---- what is told ----

const VISITS = `
CREATE TABLE told AS WITH
    marked AS (SELECT *, CASE WHEN t - lag(t) OVER o <= ${GAP_MS} AND day = lag(day) OVER o THEN 0 ELSE 1 END AS begins
        FROM raw WINDOW o AS (PARTITION BY visitor ORDER BY t, seq)),
    numbered AS (SELECT *, visitor || ' ' || sum(begins) OVER
        (PARTITION BY visitor ORDER BY t, seq ROWS UNBOUNDED PRECEDING) AS visit FROM marked)
    SELECT *, row_number() OVER (PARTITION BY visit ORDER BY t, seq) AS nth FROM numbered;
CREATE UNIQUE INDEX told_nth ON told (visit, nth);

-- What is said of a page belongs to its last view in the visit; where no time was said, it lasts until the next view.
CREATE TABLE seen AS WITH
    said AS (SELECT visit, dwell_ms, scroll, max(CASE kind WHEN 'view' THEN nth END) OVER
        (PARTITION BY visit, host, page ORDER BY nth ROWS UNBOUNDED PRECEDING) AS nth FROM told),
    summed AS (SELECT visit, nth, min(sum(dwell_ms), 86400000) AS dwell_ms, max(scroll) AS scroll FROM said
        WHERE nth IS NOT NULL GROUP BY visit, nth),
    views AS (SELECT visit, nth, t, lead(t) OVER (PARTITION BY visit ORDER BY nth) AS next_t FROM told WHERE kind = 'view')
    SELECT views.visit, views.nth, summed.scroll, CASE WHEN summed.dwell_ms THEN (summed.dwell_ms + 500) / 1000
        ELSE coalesce(next_t / 1000 - t / 1000, 0) END AS dwell_s
        FROM views LEFT JOIN summed ON summed.visit = views.visit AND summed.nth = views.nth;

CREATE TABLE v AS WITH
    rushes AS (SELECT visit, max(t - was <= 20000) AS rushes FROM
        (SELECT visit, t, lag(t, 59) OVER (PARTITION BY visit ORDER BY nth) AS was FROM told WHERE kind = 'view') GROUP BY visit),
    one AS (SELECT visit, min(t) AS t, max(t) / 1000 - min(t) / 1000 AS duration_s,
        sum(kind = 'view') AS views, sum(kind = 'event') AS events,
        min(CASE kind WHEN 'view' THEN nth END) AS entry, max(CASE kind WHEN 'view' THEN nth END) AS exit,
        min(CASE knows_agent WHEN 1 THEN nth END) AS agent, min(CASE WHEN country <> '' THEN nth END) AS place,
        min(CASE WHEN language <> '' THEN nth END) AS language, min(CASE WHEN screen <> '' THEN nth END) AS screen,
        min(CASE WHEN bot <> '' THEN nth END) AS bot FROM told GROUP BY visit)
    SELECT one.visit, one.t, duration_s, views, CASE WHEN views <= 1 AND events = 0 THEN 1 ELSE 0 END AS bounce,
        first.day AS start_day, first.hour AS start_hour,
        coalesce(a.page, '(none)') AS entry_page, coalesce(a.host, '(none)') AS entry_host, one.entry IS NOT NULL AS has_entry,
        coalesce(z.page, '(none)') AS exit_page, coalesce(z.host, '(none)') AS exit_host,
        ${ORIGIN.map((name) => `coalesce(a.${name}, ${name === 'channel' ? "'none'" : "''"}) AS ${name}`).join(', ')},
        ${AGENT.map((name) => `coalesce(g.${name}, ${name === 'device' ? "'unknown'" : "''"}) AS ${name}`).join(', ')},
        ${PLACE.map((name) => `coalesce(p.${name}, '') AS ${name}`).join(', ')},
        coalesce(l.language, '') AS language, coalesce(s.screen, '') AS screen,
        coalesce(b.bot, CASE rushes WHEN 1 THEN 'speed' END, 'none') AS bot
        FROM one LEFT JOIN rushes ON rushes.visit = one.visit
        ${[['first', '1'], ['a', 'one.entry'], ['z', 'one.exit'], ['g', 'one.agent'], ['p', 'one.place'], ['l', 'one.language'],
            ['s', 'one.screen'], ['b', 'one.bot']]
            .map(([alias, nth]) => `LEFT JOIN told AS ${alias} ON ${alias}.visit = one.visit AND ${alias}.nth = ${nth}`).join('\n        ')};

CREATE TABLE hit AS SELECT told.seq, told.t, told.visit, visitor, kind, day, hour, told.page, told.host, name, target, plan, size,
        amount, currency, dwell_s, seen.scroll, v.t AS start_t, start_day, start_hour, duration_s, views, bounce, has_entry,
        entry_page, entry_host, exit_page, exit_host, v.bot,
        ${[...ORIGIN, ...AGENT, ...PLACE, 'language', 'screen'].map((name) => `v.${name}`).join(', ')}
    FROM told JOIN v ON v.visit = told.visit LEFT JOIN seen ON seen.visit = told.visit AND seen.nth = told.nth
    WHERE kind <> 'ping';
CREATE INDEX hit_visit ON hit (visit);
`;

// @books: [{ t, stored }] of everything that was received.
function fill(zone, rows, books) {
    const goals = rows.flatMap((row, seq) => GOALS.filter((goal) => completes(goal, row)).map((goal) => [seq, goal.name]));
    const hours = books.map(({ t, stored }) => [Math.floor(t / HOUR_MS) * HOUR_MS, stored])
        .map(([t, stored]) => [t, stored, wall(zone, t).day, wall(zone, t).hour]);
    return [
        `CREATE TABLE raw (${COLUMNS.join(', ')});\nCREATE TABLE done (seq, goal);\nCREATE TABLE books (t, stored, day, hour);\n`,
        insert('raw', rows.map((row, seq) => COLUMNS.map((name) => (name === 'seq' ? seq : row[name])))),
        insert('done', goals), 'CREATE INDEX done_seq ON done (seq);\n', insert('books', hours), VISITS,
    ].join('');
}

// ---- dimensions ----

const week = (day) => `date(${day}, '-6 days', 'weekday 1')`;
const UNITS = {
    hour: (prefix) => `${prefix}hour`, day: (prefix) => `${prefix}day`, week: (prefix) => week(`${prefix}day`),
    month: (prefix) => `substr(${prefix}day, 1, 7) || '-01'`,
};
const FIELDS = {
    'event:page': 'page', 'event:hostname': 'host', 'event:name': 'name', 'event:target': 'target', 'visit:entry_page_hostname': 'entry_host',
    'visit:exit_page_hostname': 'exit_host', 'visit:city_name': 'city',
    ...Object.fromEntries(['entry_page', 'exit_page', 'bot', 'language', 'screen', ...ORIGIN, ...AGENT, ...PLACE]
        .map((name) => [`visit:${name}`, name])),
};
export const DIMENSIONS = [...Object.keys(FIELDS), 'event:props:plan', 'event:props:size', 'event:props:colour'];

// Of the table hit, or another that has its columns.
function expressionOf(dimension, of = 'hit') {
    const property = /^event:props:(.*)$/.exec(dimension)?.[1];
    if (property) return property === 'colour' ? "'(none)'" : `coalesce(${of}.${property}, '(none)')`;
    return `${of}.${FIELDS[dimension]}`;
}

// ---- filters ----

function goalsOf([operator, , clauses, modifiers]) {
    const fold = (text) => (modifiers?.case_sensitive === false ? text.toLowerCase() : text);
    const fits = (name) => clauses.some((clause) => (operator === 'is' ? fold(name) === fold(clause) : fold(name).includes(fold(clause))));
    return GOALS.filter(({ name }) => fits(name));
}

function leafSql(filter, of) {
    const [operator, dimension, clauses, modifiers] = filter;
    if (dimension === 'event:goal')
        return `EXISTS (SELECT 1 FROM done WHERE done.seq = ${of}.seq AND goal IN (${goalsOf(filter).map(({ name }) => quote(name)).join(', ')}))`;
    const insensitive = modifiers?.case_sensitive === false;
    const fold = (text) => (insensitive ? `lower(${text})` : text);
    const x = expressionOf(dimension, of);
    const one = (clause) => {
        if (operator.startsWith('matches')) return `${x} REGEXP ${quote(clause)}`;
        if (operator.startsWith('contains')) return `instr(${fold(x)}, ${fold(quote(clause))}) > 0`;
        return `${fold(x)} = ${fold(quote(clause))}`;
    };
    const any = `(${clauses.map(one).join(' OR ')})`;
    return operator.endsWith('_not') ? `NOT ${any}` : any;
}

function filterSql(filter, of = 'hit') {
    const [operator, below] = filter;
    if (operator === 'and' || operator === 'or')
        return `(${below.map((one) => filterSql(one, of)).join(` ${operator.toUpperCase()} `)})`;
    if (operator === 'not') return `NOT ${filterSql(below, of)}`;
    if (operator === 'has_done' || operator === 'has_not_done') {
        const other = `${of}o`;
        const exists = `EXISTS (SELECT 1 FROM hit AS ${other} WHERE ${other}.visit = ${of}.visit AND ${filterSql(below, other)})`;
        return operator === 'has_done' ? exists : `NOT ${exists}`;
    }
    return leafSql(filter, of);
}

const isAboutGoals = ([, dimension]) => dimension === 'event:goal' || `${dimension}`.startsWith('event:props:');

// The goals that the filters at the top name; null where none is on goals.
function namedGoals({ filters = [] }) {
    const on = filters.filter(([, dimension]) => dimension === 'event:goal');
    return on.length ? GOALS.filter((goal) => on.some((filter) => goalsOf(filter).includes(goal))) : null;
}

// The currency of revenue without the dimension event:goal; null where there are none or several.
function currencyOf(body) {
    const all = new Set((namedGoals(body) ?? []).map(({ currency }) => currency).filter(Boolean));
    return all.size === 1 ? [...all][0] : null;
}

// ---- metrics ----

const rounded = (numerator, denominator, scale, most = '') => {
    const part = most ? `min(${numerator}, ${denominator})` : numerator;
    return `CASE WHEN ${denominator} <> 0 THEN (2 * ${part} * ${scale} + ${denominator}) / (2 * ${denominator}) END`;
};
const share = (part, whole, scale) => rounded(part, whole, 100 * scale, 'no more than all');
const n = (column) => `coalesce(${column}, 0)`;
const WHOLE = n('w.whole');
const money = (part, thousandths) => `sign(${part}) * ((2 * abs(${part}) + ${thousandths}) / (2 * ${thousandths}))`;

const figuresSql = (currency) => ({
    visitors: n('g.visitors'), visits: n('visits.n'), pageviews: n('g.pageviews'), events: n('g.events'),
    views_per_visit: rounded('w.views', WHOLE, 100),
    bounce_rate: rounded('w.bounces', WHOLE, 1000),
    visit_duration: rounded('w.duration_s', WHOLE, 1),
    time_on_page: rounded('pages.dwell_s', n('pages.viewing'), 1),
    scroll_depth: rounded('pages.scroll', n('pages.scrolled'), 1),
    percentage: share(n('g.visitors'), '(SELECT count(DISTINCT visitor) FROM base)', 100),
    conversion_rate: share(n('g.visitors'), '(SELECT count(DISTINCT visitor) FROM everybody)', 100),
    group_conversion_rate: share(n('g.visitors'), n('alike.visitors'), 100),
    total_revenue: `CASE WHEN ${currency} IS NOT NULL THEN ${money(n('g.revenue'), 10)} END`,
    average_revenue: `CASE WHEN ${currency} IS NOT NULL AND g.paid > 0 THEN ${money('g.revenue', '(10 * g.paid)')} END`,
    coverage: share(n('covered.stored'), n('covered.received'), 10),
});
export const DECIMALS = {
    views_per_visit: 100, bounce_rate: 10, percentage: 100, conversion_rate: 100, group_conversion_rate: 100,
    total_revenue: 100, average_revenue: 100, coverage: 10,
};

// ---- a query ----

function orderOf({ order_by, metrics, dimensions }) {
    const time = dimensions.find((name) => name.startsWith('time'));
    const asked = order_by ?? [...(time ? [[time, 'asc']] : []), [metrics[0], 'desc']];
    const column = (name) => (metrics.includes(name) ? `m${metrics.indexOf(name)}` : `d${dimensions.indexOf(name)}`);
    return [...asked.map(([name, way]) => `${column(name)} ${way}`), ...dimensions.map((_, i) => `d${i} asc`)].join(', ');
}

const list = (...parts) => parts.flat().filter(Boolean).join(', ');
const isTime = (name) => name.startsWith('time');

// @range: { from, to, unit }. @rows: keys of rows that must be there, and no others; else those that have something.
export function sqlOf(body, range, rows) {
    const { metrics, dimensions, filters = [] } = body;
    const keys = dimensions.map((_, i) => `d${i}`);
    const goal = dimensions.indexOf('event:goal'), page = dimensions.indexOf('event:page'), host = dimensions.indexOf('event:hostname');
    const keyOf = (prefix) => dimensions.map((name) =>
        isTime(name) ? UNITS[range.unit](`hit.${prefix}`) : name === 'event:goal' ? 'done.goal' : expressionOf(name));
    const columns = (goals, prefix, as) => keyOf(prefix).map((sql, i) => (goals || i !== goal) && `${sql} AS ${as}${i}`);
    const inside = (t) => `${t} >= ${range.from} AND ${t} < ${range.to}`;
    const programs = JSON.stringify([dimensions, filters]).includes('"visit:bot"');
    const where = (chosen) => [inside('hit.t'), `hit.bot ${programs ? '<>' : '='} 'none'`, ...chosen.map((one) => filterSql(one))].join(' AND ');
    const named = namedGoals(body) ?? GOALS;
    const currency = goal < 0 ? quote(currencyOf(body))
        : `CASE k.d${goal} ${GOALS.map(({ name, currency }) => `WHEN ${quote(name)} THEN ${quote(currency)}`).join(' ')} END`;
    const hitCurrency = currency.replaceAll('k.', 'hits.');
    const figures = figuresSql(currency);
    const group = (names) => (names.length ? `GROUP BY ${names.join(', ')}` : '');
    const same = (table, names = keys) => names.map((key) => `${table}.${key} IS k.${key}`).join(' AND ') || '1';
    const fields = keys.filter((_, i) => i !== goal), starts = keys.map((_, i) => `s${i}`);
    const began = page < 0 ? '1' : `has_entry AND entry_page = s${page}${host < 0 ? '' : ` AND entry_host = s${host}`}`;
    const time = dimensions.findIndex(isTime);
    const start = starts.map((name, i) => `${name} AS d${i}`);
    const some = rows
        ? `SELECT ${list(rows[0].map((_, i) => `column${i + 1} AS d${i}`))} FROM (VALUES ${rows.map((row) => `(${row.map(quote).join(', ')})`).join(', ')})`
        : `SELECT ${list(keys)} FROM hits UNION SELECT ${list(start)} FROM of_visits`;
    return `WITH base AS (SELECT hit.* FROM hit WHERE ${where(filters)}),
        everybody AS (SELECT ${list(columns(false, '', 'd'), 'hit.visitor')} FROM hit
            WHERE ${where(filters.filter((one) => !isAboutGoals(one)))}),
        hits AS (SELECT ${list(columns(true, '', 'd'), columns(true, 'start_', 's'), 'hit.*')} FROM base AS hit
            ${goal < 0 ? '' : `JOIN done ON done.seq = hit.seq AND done.goal IN (${named.map(({ name }) => quote(name)).join(', ')})`}),
        g AS (SELECT ${list(keys, 'count(DISTINCT visitor) AS visitors', "sum(kind = 'view') AS pageviews", 'count(*) AS events',
            `sum(CASE WHEN currency = ${hitCurrency} THEN amount END) AS revenue`,
            `count(CASE WHEN currency = ${hitCurrency} THEN amount END) AS paid`)} FROM hits ${group(keys)}),
        of_visits AS (SELECT DISTINCT ${list(starts, 'visit', 'bounce', 'duration_s', 'views', `${began} AS began_here`)} FROM hits
            WHERE ${inside('start_t')}),
        visits AS (SELECT ${list(start, 'count(*) AS n')} FROM of_visits ${group(keys)}),
        w AS (SELECT ${list(start, 'count(*) AS whole', 'sum(bounce) AS bounces', 'sum(duration_s) AS duration_s', 'sum(views) AS views')}
            FROM of_visits WHERE began_here ${group(keys)}),
        pairs AS (SELECT ${list(keys, 'sum(dwell_s) AS dwell_s', 'max(scroll) AS scroll')} FROM hits WHERE kind = 'view'
            GROUP BY ${list(keys, 'visit', 'page')}),
        pages AS (SELECT ${list(keys, 'count(*) AS viewing', 'sum(dwell_s) AS dwell_s', 'count(scroll) AS scrolled', 'sum(scroll) AS scroll')}
            FROM pairs ${group(keys)}),
        alike AS (SELECT ${list(fields, 'count(DISTINCT visitor) AS visitors')} FROM everybody ${group(fields)}),
        covered AS (SELECT ${list(time >= 0 && `${UNITS[range.unit]('')} AS d${time}`, 'count(*) AS received', 'sum(stored) AS stored')}
            FROM books WHERE ${inside('t')} ${group(time >= 0 ? [`d${time}`] : [])}),
        k AS (${keys.length ? some : 'SELECT 1'})
        SELECT ${list(keys.map((key) => `k.${key} AS ${key}`), metrics.map((name, i) => `${figures[name]} AS m${i}`))}
        FROM k LEFT JOIN g ON ${same('g')} LEFT JOIN visits ON ${same('visits')} LEFT JOIN w ON ${same('w')}
            LEFT JOIN pages ON ${same('pages')} LEFT JOIN alike ON ${same('alike', fields)}
            LEFT JOIN covered ON ${same('covered', time >= 0 ? [`d${time}`] : [])}
        ORDER BY ${orderOf(body)}`;
}

// ---- putting it ----

// Rows of each statement, where a store may tell @set's rows and has its books.
export function ask(set, statements) {
    const input = ['.bail on', '.mode json', fill(set.zone, set.rows, set.books), ...statements.map((sql) => `${sql};\n.print ${END}`)].join('\n');
    const { stdout, stderr, status } = spawnSync('sqlite3', ['-batch', ':memory:'], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
    assert.equal(status, 0, stderr);
    const parts = stdout.split(`${END}\n`).slice(0, -1);
    assert.equal(parts.length, statements.length, stderr);
    return parts.map((part) => (part.trim() ? JSON.parse(part) : []));
}

// What crumb writes for an amount is looked at elsewhere; here it is the number and the currency.
export function currencyOfRow(body, row) {
    const goal = body.dimensions.indexOf('event:goal');
    return goal < 0 ? currencyOf(body) : (GOALS.find(({ name }) => name === row[`d${goal}`])?.currency ?? null);
}

// Why each metric of revenue that is asked for is null; null where it is not.
export function warningOf(body) {
    const byGoal = body.dimensions.includes('event:goal');
    const all = new Set((namedGoals(body) ?? (byGoal ? GOALS : [])).map(({ currency }) => currency).filter(Boolean));
    const code = all.size === 0 ? 'no_revenue_goals_matching' : all.size > 1 && !byGoal ? 'no_single_revenue_currency' : null;
    const names = body.metrics.filter((name) => name.endsWith('revenue'));
    return code && names.length ? Object.fromEntries(names.map((name) => [name, code])) : null;
}
