// Consent: how often notices were shown and what was answered, by day, notice and visitor's surroundings; and the books.
import { get } from './api.ts';
import { drawBooks, type Books } from './books.ts';
import { Chart } from './chart.ts';
import { button, el, fill, styled } from './dom.ts';
import { number, range, timeLabel, timeTick } from './format.ts';
import { tellRange } from './frame.ts';
import { empty, load, skeleton } from './load.ts';
import { openNotice } from './notices.ts';
import { addDays, rangeOf, rangeText } from './period.ts';
import { zone } from './question.ts';
import type { State } from './state.ts';
import type { View } from './view.ts';
import { language, valueTitle } from './words.ts';

const COUNTS = ['shown', 'accepted', 'refused', 'custom', 'dismissed', 'ignored', 'withdrawn', 'gpc'] as const;
type Count = (typeof COUNTS)[number];
type Row = { dimensions: string[] } & Record<Count, number>;
interface Answer {
    results: Row[];
    query: { date_range: [string, string] };
}

const TITLES: Record<Count, [string, string]> = {
    shown: ['Shown', 'Notices that stood on a screen'],
    accepted: ['Accepted', 'Everything was allowed'],
    refused: ['Refused', 'Nothing was allowed'],
    custom: ['Chosen singly', 'Some purposes were allowed'],
    dismissed: ['Closed', 'The notice was closed without a choice, which allows nothing'],
    ignored: ['Ignored', 'Shown, and nothing was made of it'],
    withdrawn: ['Withdrawn', 'What had been allowed was taken back'],
    gpc: ['Browser said no', 'Global Privacy Control was on'],
};
// The others need not have been shown one.
const OF_SHOWN: Count[] = ['accepted', 'refused', 'custom', 'dismissed', 'ignored'];
// Those that a notice is answered by, with their colours.
const ANSWERS: [Count, string, string][] = [['accepted', 'k1', '--accent'], ['custom', 'k4', '--k4'], ['refused', 'k2', '--k2'], ['ignored', 'k3', '--k3']];

const ask = (state: State, dimension: string, signal: AbortSignal): Promise<Answer> => {
    const asked = new URLSearchParams({ site_id: state.site, date_range: rangeText(rangeOf(state, zone())), dimensions: dimension });
    return get(`api/v2/consents?${asked}`, signal);
};

const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)}%`;

function drawTotals(box: HTMLElement, row: Row) {
    fill(box, ...COUNTS.map((count) => el('div', { class: 'tile', title: TITLES[count][1] }, el('span', {},
        el('span', { class: 'name' }, TITLES[count][0]),
        el('span', { class: 'value', 'data-count': count }, number(row[count])),
        el('span', { class: 'before' }, !OF_SHOWN.includes(count) || !row.shown ? '' : `${share(row[count], row.shown)} of shown`)))));
}

function drawDays(chart: Chart, legend: HTMLElement, { results, query: { date_range: days } }: Answer) {
    const had = new Map(results.map((row) => [row.dimensions[0]!, row]));
    const labels: string[] = [];
    for (let date = days[0]; date <= days[1]; date = addDays(date, 1)) labels.push(date);
    fill(legend, el('p', { class: 'legend' }, ...ANSWERS.map(([count, key]) => el('span', { class: 'named' }, el('i', { class: `key ${key}` }), TITLES[count][0]))), el('p', { class: 'small' }, range(days)));
    chart.draw({
        about: `Answers by day, ${range(days)}. Arrow keys read its points.`,
        labels,
        ticks: labels.map((label) => timeTick(label, 'day', false)),
        lines: ANSWERS.map(([count, , colour], i) => ({ title: TITLES[count][0], values: labels.map((label) => had.get(label)?.[count] ?? 0), colour, isFilled: i == 0 })),
        isCount: true,
        tick: number,
        tell: (at) => [el('b', {}, timeLabel(labels[at]!, 'day')), ...ANSWERS.map(([count, key]) =>
            el('span', {}, el('i', { class: `key ${key}` }), `${TITLES[count][0]} `, el('b', {}, number(had.get(labels[at]!)?.[count] ?? 0))))],
    });
}

function stack(row: Row) {
    const all = ANSWERS.reduce((sum, [count]) => sum + row[count], 0) || 1;
    return el('div', { class: 'stack', 'aria-hidden': 'true' }, ...ANSWERS.map(([count, key]) => styled(el('i', { class: key }), { '--w': `${(100 * row[count]) / all}%` })));
}

const NOTICES = 'notice,language', BRIEF = 8;
const ROWS = 8; // that are seen without scrolling
const DIMENSION: Record<string, string> = { country: 'visit:country', device: 'visit:device', language: 'visit:language' };

function drawTable(box: HTMLElement, dimension: string, title: string, { results }: Answer) {
    if (results.length == 0) return fill(box, empty('Nothing in these days.'));
    const rows = [...results].sort((a, b) => b.shown - a.shown || b.accepted - a.accepted);
    // A notice is one language's: what another of the same says differently is asked for most.
    const notice = ([hash, lang]: string[]) => {
        const others = rows.map(({ dimensions }) => dimensions).filter(([other]) => other != hash);
        const twins = others.filter(([, tongue]) => tongue == lang);
        return button(el('span', {}, `${language(lang!)} `, el('code', {}, hash!.slice(0, BRIEF))),
            () => openNotice(hash!, [...new Set([...twins, ...others])].map(([other]) => other!), twins[0]?.[0] ?? ''),
            { title: twins.length ? 'What it says differently' : 'What it says' });
    };
    const name = (values: string[]) => (dimension == NOTICES ? notice(values) : el('bdi', {}, valueTitle(DIMENSION[dimension]!, values[0]!)));
    fill(box, el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': title }, el('table', {},
        el('thead', {}, el('tr', {}, ...[rows.length > ROWS ? `${title} (${number(rows.length)})` : title, 'Shown', 'Accepted', 'Refused', 'Ignored', 'Answers'].map((head) => el('th', { scope: 'col' }, head)))),
        el('tbody', {}, ...rows.map((row) => el('tr', {},
            el('th', { scope: 'row' }, name(row.dimensions)), el('td', {}, number(row.shown)),
            ...(['accepted', 'refused', 'ignored'] as const).map((count) => el('td', {}, number(row[count]))),
            el('td', {}, stack(row))))))));
}

function mount(root: HTMLElement) {
    const totals = el('section', { class: 'topline eight', 'aria-label': 'In all' }, skeleton(3));
    const legend = el('div', { class: 'chart-head' }), stage = el('div', { class: 'chart' }), chart = new Chart(stage), note = el('div');
    const books = el('div', { class: 'panel' }, skeleton(5));
    const tables = [[NOTICES, 'Notice'], ['country', 'Country'], ['device', 'Device'], ['language', 'Language']] as const;
    const panels = tables.map(() => el('div', { class: 'panel' }, skeleton(5)));
    fill(root, totals, el('section', { class: 'card wide', 'aria-label': 'By day' }, legend, stage, note), el('div', { class: 'cards counts' },
        el('section', { class: 'card wide' }, el('div', { class: 'card-head' }, el('h2', {}, 'The books')), books),
        ...tables.map(([, title], i) => el('section', { class: 'card' }, el('div', { class: 'card-head' }, el('h2', {}, `By ${title.toLowerCase()}`)), panels[i]!))));

    const update = (state: State, signal: AbortSignal) => {
        load(totals, signal, () => ask(state, '', signal), (answer) => {
            drawTotals(totals, answer.results[0]!);
            tellRange(answer.query.date_range);
        });
        load(note, signal, () => ask(state, 'time:day', signal), (answer) => {
            stage.hidden = legend.hidden = answer.results.length == 0;
            fill(note, stage.hidden && empty('No notice was shown or answered in these days. Pages ask once they have the tag of this server.'));
            if (!stage.hidden) drawDays(chart, legend, answer);
        });
        const asked = new URLSearchParams({ site_id: state.site, date_range: rangeText(rangeOf(state, zone())) });
        load(books, signal, () => get(`api/v2/coverage?${asked}`, signal) as Promise<Books>, (answer) => drawBooks(books, answer));
        tables.forEach(([dimension, title], i) => load(panels[i]!, signal, () => ask(state, dimension, signal), (answer) => drawTable(panels[i]!, dimension, title, answer)));
    };
    return { update };
}

// Filters of visits say nothing of those who were only asked.
export const consent: View = { id: 'consent', title: 'Consent', key: '4', roles: ['analyst', 'admin'], hasPeriod: true, hasNoFilters: true, mount };
