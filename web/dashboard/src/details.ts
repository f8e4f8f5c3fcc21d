// Every value of a list, with more figures: searched, ordered, downloaded.
import { postForCsv, query, type Answer, type Row } from './api.ts';
import { button, el, fill } from './dom.ts';
import { openDialog, type Opened } from './dialog.ts';
import { figure, number } from './format.ts';
import { code, isFiltered, type Tab } from './list.ts';
import { empty, load, problem, skeleton } from './load.ts';
import { question } from './question.ts';
import { goMore, state, toggleFilter } from './state.ts';
import { metricTitle, valueTitle } from './words.ts';

const PAGE_ROWS = 100, CSV_ROWS = 10_000, TYPING_MS = 250;

export function download(name: string, blob: Blob) {
    const address = URL.createObjectURL(blob);
    el('a', { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

let opened: (Opened & { id: string }) | null = null;

export function closeDetails() {
    opened?.close();
    opened = null;
}

export const openDetailsId = () => opened?.id ?? '';

export function openDetails(tab: Tab) {
    closeDetails();
    const metrics = [...tab.metrics, ...tab.more];
    let order: [string, string] = [metrics[0]!, 'desc'], search = '', rows: Row[] = [], asking = new AbortController(), timer = 0;
    const table = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${tab.title}, as a table` }, skeleton(12));
    const foot = el('div', { class: 'card-foot' }), said = el('div', { 'aria-live': 'polite' });
    const find = el('input', { type: 'search', 'aria-label': `Search ${tab.title.toLowerCase()}`, placeholder: 'Search …', 'data-key': 'find', autofocus: true });

    const body = (offset: number, limit: number) =>
        question(state(), {
            metrics, dimensions: [tab.dimension], order_by: [order], include: { total_rows: true }, pagination: { limit, offset },
            filters: [...(tab.filters ?? []), ...(search ? [['contains', tab.dimension, [search], { case_sensitive: false }]] : [])],
        });

    const head = (name: string, title: string) => {
        const way = order[0] == name ? (order[1] == 'asc' ? 'ascending' : 'descending') : undefined;
        const turn = () => {
            order = [name, way == 'descending' || (!way && name == tab.dimension) ? 'asc' : 'desc'];
            ask(0);
        };
        return el('th', { scope: 'col', 'aria-sort': way }, button(title, turn, { 'data-key': `by ${name}` }));
    };
    const cell = (row: Row) => {
        const value = row.dimensions[0]!;
        const filter = () => {
            closeDetails();
            toggleFilter({ operation: 'is', dimension: tab.dimension, values: [value] });
        };
        const title = el('bdi', {}, valueTitle(tab.dimension, value));
        return el('th', { scope: 'row' }, code(tab.dimension, value), tab.cannotFilter ? title
            : button(title, filter, { 'aria-pressed': String(isFiltered(state(), tab.dimension, value)), title: 'Filter by it' }));
    };
    const draw = ({ meta: { total_rows: total = 0 } }: Answer) => {
        fill(table, rows.length == 0 ? empty(search ? `Nothing has “${search}” in it.` : 'Nothing in these days.') : el(
            'table', {},
            el('thead', {}, el('tr', {}, head(tab.dimension, tab.head), ...metrics.map((metric) => head(metric, metricTitle(metric))))),
            el('tbody', {}, ...rows.map((row) => el('tr', {}, cell(row), ...row.metrics.map((value, i) => el('td', { 'data-metric': metrics[i] }, figure(metrics[i]!, value)))))),
        ));
        fill(foot, el('span', { class: 'small' }, `${number(rows.length)} of ${number(total)}`),
            rows.length < total && button('More', () => ask(rows.length), { 'data-key': 'more' }),
            rows.length > 0 && button('CSV', csv, { 'data-key': 'csv', title: `The first ${number(CSV_ROWS)} rows as a file` }));
    };
    const ask = (offset: number) => {
        asking.abort();
        asking = new AbortController();
        const { signal } = asking;
        load(table, signal, () => query(body(offset, PAGE_ROWS), signal), (answer) => {
            rows = offset ? [...rows, ...answer.results] : answer.results;
            draw(answer);
        });
    };
    const csv = async () => {
        try {
            download(`${state().site}-${tab.id}.csv`, await postForCsv('api/v2/query', body(0, CSV_ROWS)));
            fill(said);
        } catch (error) {
            fill(said, problem((error as Error).message));
        }
    };
    find.addEventListener('input', () => {
        clearTimeout(timer);
        timer = window.setTimeout(() => {
            search = find.value.trim();
            ask(0);
        }, TYPING_MS);
    });
    const closed = () => {
        asking.abort();
        opened = null;
        if (state().more.open == tab.id) goMore({ open: '' });
    };
    opened = { ...openDialog(tab.title, [el('div', { class: 'find' }, find), said, table, foot], { wide: true, closed }), id: tab.id };
    ask(0);
}
