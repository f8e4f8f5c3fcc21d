// A card of lists: tabs, each the values of one dimension with bars. A click filters by the value.
import { query, type Answer, type Row } from './api.ts';
import { button, el, fill, newId, styled, tabs } from './dom.ts';
import { figure, number } from './format.ts';
import { empty, load, skeleton } from './load.ts';
import { drawMap } from './map.ts';
import { question } from './question.ts';
import { goMore, toggleFilter, type State } from './state.ts';
import { metricTitle, valueTitle } from './words.ts';

export interface Tab {
    id: string; // in the address
    title: string;
    dimension: string;
    head: string; // of the values
    metrics: string[]; // the bars are of the first
    more: string[]; // that the details have beside these
    filters?: unknown[];
    about?: string; // where there is nothing
    isMap?: boolean;
    cannotFilter?: boolean;
}

const ROWS = 9, ROWS_OF_MAP = 300;
const LATER_MS = 1500;

export const isFiltered = (state: State, dimension: string, value: string) =>
    state.filters.some((filter) => filter.operation == 'is' && filter.dimension == dimension && filter.values.includes(value));

export const code = (dimension: string, value: string) =>
    dimension == 'visit:country' && value.length == 2 && el('span', { class: 'code', 'aria-hidden': 'true' }, value);

function line(tab: Tab, row: Row, most: number, state: State) {
    const value = row.dimensions[0]!, title = valueTitle(tab.dimension, value);
    const isOn = isFiltered(state, tab.dimension, value);
    const made = button(
        el('span', { class: 'label' }, code(tab.dimension, value), el('bdi', {}, title)),
        () => toggleFilter({ operation: 'is', dimension: tab.dimension, values: [value] }),
        { class: 'row', 'data-key': value, 'aria-pressed': String(isOn), title: `${title}: ${isOn ? 'remove the filter' : 'filter by it'}`, disabled: !!tab.cannotFilter },
    );
    made.append(...tab.metrics.map((metric, i) => el('span', { class: i ? 'n side' : 'n', 'data-metric': metric }, figure(metric, row.metrics[i]))));
    const first = row.metrics[0];
    return el('li', {}, styled(made, { '--w': `${most ? (100 * (Number(first) || 0)) / most : 0}%` }));
}

function drawRows(box: HTMLElement, tab: Tab, answer: Answer, state: State) {
    const rows = answer.results;
    const most = Math.max(0, ...rows.map(({ metrics }) => Number(metrics[0]) || 0));
    if (rows.length == 0) return fill(box, empty(tab.about ?? 'Nothing in these days.'));
    fill(
        box,
        el('p', { class: 'head', 'aria-hidden': 'true' }, el('span', {}, tab.head), ...tab.metrics.map((metric, i) => el('span', { class: i ? 'side' : '' }, metricTitle(metric)))),
        el('ol', { class: 'rows' }, ...rows.slice(0, ROWS).map((row) => line(tab, row, most, state))),
    );
}

// @ask: what is said instead until somebody wants to see it.
export function makeCard(id: string, title: string, all: Tab[], ask?: string) {
    const heading = el('h2', { id: newId() }, title), bar = el('div', { class: 'card-head' });
    const panel = el('div', { class: 'panel', role: 'tabpanel', 'aria-label': title }, skeleton(ROWS));
    const foot = el('div', { class: 'card-foot' });
    const element = el('section', { class: 'card', 'aria-labelledby': heading.id, 'data-card': id }, bar, panel, foot);

    // What is below the screen is asked for when it comes near, or when all that is on it has long been there.
    let later: (() => void) | null = null, isNear = false;
    new IntersectionObserver(([entry]) => {
        isNear = !!entry?.isIntersecting;
        if (isNear) later?.();
    }, { rootMargin: '200px' }).observe(element);

    const update = (state: State, signal: AbortSignal) => {
        later = () => {
            later = null;
            if (!signal.aborted) draw(state, signal);
        };
        if (isNear) later();
        else setTimeout(() => later?.(), LATER_MS);
    };
    const draw = (state: State, signal: AbortSignal) => {
        if (ask && !state.more[id]) {
            fill(bar, heading);
            fill(foot);
            return fill(panel, empty(ask, button('Show them', () => goMore({ [id]: all[0]!.id }), { 'data-key': 'ask' })));
        }
        const tab = all.find((one) => one.id == state.more[id]) ?? all[0]!;
        const names = all.map((one): [string, string] => [one.id, one.title]);
        fill(bar, heading, all.length > 1 && tabs(title, names, tab.id, (chosen) => goMore({ [id]: !ask && chosen == all[0]!.id ? '' : chosen }), panel));
        if (panel.dataset.tab != tab.id) fill(panel, skeleton(ROWS));
        panel.dataset.tab = tab.id;
        const body = question(state, {
            metrics: tab.metrics, dimensions: [tab.dimension], filters: tab.filters,
            include: { total_rows: true }, pagination: { limit: tab.isMap ? ROWS_OF_MAP : ROWS },
        });
        load(panel, signal, () => query(body, signal), (answer) => {
            const { total_rows: total = 0 } = answer.meta;
            if (tab.isMap && answer.results.length) drawMap(panel, answer.results, state);
            else drawRows(panel, tab, answer, state);
            fill(foot, total > 0 && button(total > ROWS ? `All ${number(total)}` : 'Details', () => goMore({ open: tab.id }), {
                class: 'quiet', 'data-key': `open ${tab.id}`, 'aria-label': `${tab.title}: ${total > ROWS ? `all ${number(total)}` : 'details'}`,
            }));
        });
    };
    return { element, update };
}
