// Who came, from where, to which pages, with what, and what they did.
import { query, type Answer } from './api.ts';
import { Chart, type Line } from './chart.ts';
import { closeDetails, download, openDetails, openDetailsId } from './details.ts';
import { openDialog } from './dialog.ts';
import { button, el, fill } from './dom.ts';
import { figure, range, tick, timeLabel, timeTick } from './format.ts';
import { tellRange } from './frame.ts';
import { makeCard, type Tab } from './list.ts';
import { empty, load, skeleton } from './load.ts';
import { addDays, clock, unitsOf } from './period.ts';
import { comparing, question, zone } from './question.ts';
import { go, type State } from './state.ts';
import { drawTopline, figuresOf, hasBefore, metricOf } from './topline.ts';
import type { View } from './view.ts';
import { metricTitle } from './words.ts';

// ---- the lists ----

const OF_VISITS = ['visits', 'bounce_rate', 'visit_duration'];
const tab = (id: string, title: string, dimension: string, more: Partial<Tab> = {}): Tab => ({
    id, title, dimension, head: title.replace(/ies$/, 'y').replace(/s$/, ''), metrics: ['visitors', 'percentage'], more: OF_VISITS, ...more,
});
const clicks = [['is', 'event:name', ['click']]];

const CARDS: [id: string, title: string, tabs: Tab[], ask?: string][] = [
    ['sources', 'Sources', [
        tab('sources', 'Sources', 'visit:source'),
        tab('channels', 'Channels', 'visit:channel'),
        tab('referrers', 'Referrers', 'visit:referrer'),
        tab('campaigns', 'Campaigns', 'visit:utm_campaign', { about: 'No visit of these days came with a campaign (utm_campaign).' }),
    ]],
    ['pages', 'Pages', [
        tab('pages', 'Pages', 'event:page', { more: ['pageviews', 'bounce_rate', 'time_on_page', 'scroll_depth'] }),
        tab('entries', 'Entries', 'visit:entry_page', { head: 'Entry page' }),
        tab('exits', 'Exits', 'visit:exit_page', { head: 'Exit page', more: ['visits', 'pageviews'] }),
    ]],
    ['places', 'Places', [
        tab('map', 'Map', 'visit:country', { isMap: true, head: 'Country' }),
        tab('countries', 'Countries', 'visit:country'),
        tab('regions', 'Regions', 'visit:region_name'),
        tab('cities', 'Cities', 'visit:city'),
    ]],
    ['devices', 'Devices', [
        tab('devices', 'Devices', 'visit:device'),
        tab('browsers', 'Browsers', 'visit:browser'),
        tab('systems', 'Systems', 'visit:os'),
        tab('languages', 'Languages', 'visit:language'),
        tab('screens', 'Screens', 'visit:screen'),
    ]],
    ['acts', 'What they did', [
        tab('events', 'Events', 'event:name', { metrics: ['events', 'visitors'], more: [] }),
        tab('goals', 'Goals', 'event:goal', { metrics: ['visitors', 'conversion_rate'], more: ['events', 'total_revenue'], about: 'No goal was reached in these days. Goals are listed under `goals` of the site’s configuration.' }),
        tab('clicks', 'Clicks', 'event:target', { head: 'What was clicked', metrics: ['events', 'visitors'], more: [], filters: clicks, about: 'No click in these days. Clicks are counted for visitors who allowed it.' }),
    ]],
    ['programs', 'Programs', [
        tab('bots', 'Programs', 'visit:bot', { head: 'Why it is taken for one', metrics: ['visits', 'visitors'], more: ['pageviews'], about: 'No program was seen in these days.' }),
    ], 'Visits of programs are in none of these figures.'],
];
const ALL_TABS = CARDS.flatMap(([, , tabs]) => tabs);

// ---- the chart ----

const isShare = (metric: string) => /rate|duration|per_visit|coverage/.test(metric);

// A value for each label: none counted is 0, and no share of nothing. What is still to come has none.
function valuesOf({ results, meta }: Answer, metric: string) {
    const had = new Map(results.map(({ dimensions, metrics }) => [dimensions[0]!, metrics[0] as number | null])), now = clock(zone());
    return (meta.time_labels ?? []).map((label) => (had.has(label) ? had.get(label)! : isShare(metric) || label > now ? null : 0));
}

const unitOf = ({ query: { dimensions } }: Answer) => dimensions[0]!.replace('time:', '');

// What a point is, shown by itself.
function zoom(label: string, unit: string): Partial<State> | null {
    const from = label.slice(0, 10);
    if (unit == 'hour') return null;
    const to = unit == 'day' ? from : unit == 'week' ? addDays(from, 6) : addDays(`${addDays(`${from.slice(0, 8)}28`, 4).slice(0, 8)}01`, -1);
    return { period: 'custom', from, to, by: '' };
}

interface Drawn {
    metric: string;
    now: Answer;
    before: Answer | null;
}

function tellPoint({ metric, now, before }: Drawn, at: number) {
    const unit = unitOf(now), label = now.meta.time_labels![at]!, value = valuesOf(now, metric)[at];
    const old = before?.meta.time_labels?.[at];
    return [
        el('b', {}, timeLabel(label, unit)),
        el('span', {}, el('i', { class: 'key now' }), `${metricTitle(metric)} `, el('b', {}, figure(metric, value))),
        ...(old ? [el('span', {}, el('i', { class: 'key then' }), `${timeLabel(old, unit)} `, el('b', {}, figure(metric, valuesOf(before!, metric)[at])))] : []),
    ];
}

function drawChart(chart: Chart, drawn: Drawn) {
    const { metric, now, before } = drawn;
    const labels = now.meta.time_labels ?? [], unit = unitOf(now), oneDay = labels[0]?.slice(0, 10) == labels.at(-1)?.slice(0, 10);
    const lines: Line[] = [{ title: metricTitle(metric), values: valuesOf(now, metric), colour: '--accent', isFilled: true }];
    if (before) lines.push({ title: 'Before', values: labels.map((_, i) => valuesOf(before, metric)[i] ?? null), colour: '--then', isDashed: true });
    chart.draw({
        about: `${metricTitle(metric)} by ${unit}, ${range(now.query.date_range)}. Arrow keys read its points; the button Table has them all.`,
        labels,
        ticks: labels.map((label) => timeTick(label, unit, oneDay)),
        lines,
        isCount: !isShare(metric),
        tick: (value) => tick(metric, value),
        tell: (at) => tellPoint(drawn, at),
        pick: (at) => {
            const change = zoom(labels[at]!, unit);
            if (change) go(change);
        },
    });
}

function openTable({ metric, now, before }: Drawn) {
    const unit = unitOf(now), labels = now.meta.time_labels ?? [], values = valuesOf(now, metric), old = before && valuesOf(before, metric);
    const csv = () => {
        const lines = labels.map((label, i) => [label, values[i] ?? '', ...(old ? [before!.meta.time_labels![i] ?? '', old[i] ?? ''] : [])].join(','));
        download(`${metric}.csv`, new Blob([[`time,${metric}${old ? `,time_before,${metric}_before` : ''}`, ...lines, ''].join('\n')], { type: 'text/csv' }));
    };
    const head = [unit, metricTitle(metric), ...(old ? ['Before', metricTitle(metric)] : [])];
    openDialog(`${metricTitle(metric)} by ${unit}`, [
        el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The chart as a table' }, el('table', {},
            el('thead', {}, el('tr', {}, ...head.map((title) => el('th', { scope: 'col' }, title)))),
            el('tbody', {}, ...labels.map((label, i) => el('tr', {},
                el('th', { scope: 'row' }, timeLabel(label, unit)),
                el('td', {}, figure(metric, values[i])),
                !!old && el('td', {}, before!.meta.time_labels![i] ? timeLabel(before!.meta.time_labels![i]!, unit) : ''),
                !!old && el('td', {}, figure(metric, old[i]))))))),
        el('div', { class: 'card-foot' }, button('CSV', csv)),
    ], { wide: true });
}

// ---- the view ----

const totals = (state: State, signal: AbortSignal) => query(question(state, { metrics: figuresOf(state), ...comparing(state) }), signal);

// Over @days, or over those that are shown and, beside each step, what was before.
const over = (state: State, days: unknown, unit: string, signal: AbortSignal) => {
    const include = { time_labels: true, ...(days ? {} : comparing(state)?.include) };
    return query({ ...question(state, { metrics: [metricOf(state)], dimensions: [unit ? `time:${unit}` : 'time'], include }), ...(days ? { date_range: days } : {}) }, signal);
};

// What was before, where each step has a row beside which it stands: that spares a question. Other steps than days need not
// begin alike in both ranges.
function besides(now: Answer): Answer | null {
    const rows = now.results.map(({ comparison }) => comparison);
    const isWhole = unitOf(now) == 'day' && rows.length == now.meta.time_labels?.length && rows.every((row) => row?.dimensions[0]);
    if (!isWhole) return null;
    return { ...now, results: rows.map((row) => row!), meta: { time_labels: rows.map((row) => row!.dimensions[0]!) } };
}

function drawUnits(box: HTMLElement, now: Answer, before: [string, string] | undefined, isEmpty: boolean, drawn: () => void) {
    const units = unitsOf(now.query.date_range);
    fill(
        box,
        el('p', { class: 'legend' }, el('span', { class: 'named' }, el('i', { class: 'key now' }), range(now.query.date_range)),
            before && isEmpty && `Nothing to compare with: ${range(before)} was empty.`,
            before && !isEmpty && el('span', { class: 'named' }, el('i', { class: 'key then' }), range(before))),
        el('div', { class: 'units', role: 'group', 'aria-label': 'Steps of the chart' },
            ...units.map((unit) => button(unit, () => go({ by: unit }), { 'aria-pressed': String(unit == unitOf(now)), 'data-key': unit })),
            button('Table', drawn, { 'data-key': 'table' })),
    );
}

const hasNothing = ({ results }: Answer) => results[0]!.metrics.slice(0, 3).every((value) => !value);

const nothing = (state: State) =>
    state.filters.length ? empty('Nobody fits these filters in these days.', button('Remove the filters', () => go({ filters: [] })))
        : state.period == 'all' ? empty('Nobody who let themselves be counted has come yet. The view Consent says whether anybody was asked, and what was refused.',
            button('Consent', () => go({ view: 'consent', more: {} })))
        : state.period == 'day' ? empty('Nobody who let themselves be counted has come today yet.', button('All time', () => go({ period: 'all', by: '' })))
        : empty('Nobody who let themselves be counted came in these days. Most periods end with yesterday.',
            button('Today', () => go({ period: 'day', by: '' })), button('All time', () => go({ period: 'all', by: '' })));

function mount(root: HTMLElement) {
    const topline = el('section', { class: 'topline', 'aria-label': 'In all' }, skeleton(3));
    const legend = el('div', { class: 'chart-head' }), stage = el('div', { class: 'chart' }), chart = new Chart(stage);
    const note = el('div', { class: 'chart-note' });
    const cards = CARDS.map(([id, title, tabs, ask]) => makeCard(id, title, tabs, ask));
    fill(root, topline, el('section', { class: 'card wide', 'aria-label': 'Over time' }, legend, stage, note), el('div', { class: 'cards' }, ...cards.map(({ element }) => element)));

    const open = (name: string) => {
        const wanted = ALL_TABS.find(({ id }) => id == name);
        if (!wanted) closeDetails();
        else if (openDetailsId() != name) openDetails(wanted);
    };
    const update = (state: State, signal: AbortSignal) => {
        const top = load(topline, signal, () => totals(state, signal), (answer) => {
            drawTopline(topline, answer, state);
            tellRange(answer.query.date_range);
            stage.hidden = legend.hidden = hasNothing(answer);
            fill(note, stage.hidden && nothing(state));
        });
        load(note, signal, () => over(state, null, state.by, signal), async (now) => {
            const metric = metricOf(state), all = await top, of = all?.meta.comparison_date_range, isEmpty = !all || !hasBefore(all);
            if (signal.aborted) return;
            let drawn: Drawn = { metric, now, before: of && !isEmpty ? besides(now) : null };
            const redraw = () => {
                drawUnits(legend, now, of, isEmpty, () => openTable(drawn));
                drawChart(chart, drawn);
            };
            redraw();
            if (!of || isEmpty || drawn.before) return;
            drawn = { metric, now, before: await over(state, of, unitOf(now), signal).catch(() => null) };
            if (!signal.aborted) redraw();
        });
        for (const { update } of cards) update(state, signal);
    };
    return { update, open };
}

export const traffic: View = { id: 'traffic', title: 'Traffic', key: '1', roles: ['analyst', 'admin'], hasPeriod: true, hasComparison: true, mount };
