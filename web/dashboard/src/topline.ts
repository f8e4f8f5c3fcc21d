// The figures of the whole range, each a button that draws it, and what changed.
import type { Answer } from './api.ts';
import { button, el, fill } from './dom.ts';
import { change, figure } from './format.ts';
import { go, type State } from './state.ts';
import { METRICS } from './words.ts';

const FIGURES = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration', 'coverage'];

// Coverage is told of all the traffic: nobody knows what those who refused would have been filtered by.
export const figuresOf = ({ filters }: State) => FIGURES.filter((metric) => metric != 'coverage' || filters.length == 0);
export const metricOf = (state: State) => (figuresOf(state).includes(state.metric) ? state.metric : 'visitors');

function changeOf(metric: string, value: number | null | undefined, before: string) {
    if (value === undefined) return false;
    const way = !value ? 'same' : value > 0 != !!METRICS[metric]!.lessIsBetter ? 'good' : 'bad';
    const arrow = !value ? '' : value > 0 ? '▲ ' : '▼ ';
    return el('span', { class: `change ${way}`, title: `Before: ${before}` }, el('span', { 'aria-hidden': 'true' }, arrow), change(metric, value));
}

// Whether the days to compare with have anything: a site has a first month, too.
export const hasBefore = ({ results }: Answer) => !!results[0]!.comparison?.metrics.slice(0, 3).some((value) => value);

function tile(metric: string, i: number, answer: Answer, chosen: string) {
    const row = hasBefore(answer) ? answer.results[0]! : { ...answer.results[0]!, comparison: undefined };
    const { title, about } = METRICS[metric]!;
    const before = figure(metric, row.comparison?.metrics[i]);
    return button(
        el(
            'span',
            {},
            el('span', { class: 'name' }, title),
            el('span', { class: 'value', 'data-metric': metric }, figure(metric, row.metrics[i])),
            changeOf(metric, row.comparison ? row.comparison.change[i] : undefined, before),
            !!row.comparison && el('span', { class: 'before' }, `before ${before}`),
        ),
        () => go({ metric }),
        { class: 'tile', 'aria-pressed': String(metric == chosen), title: about, 'data-key': metric },
    );
}

export function drawTopline(box: HTMLElement, answer: Answer, state: State) {
    const metrics = figuresOf(state);
    fill(
        box,
        ...metrics.map((metric, i) => tile(metric, i, answer, metricOf(state))),
        state.filters.length > 0 && el('p', { class: 'tile note' }, el('span', { class: 'name' }, 'Coverage'), el('span', { class: 'small' }, 'is told of all traffic: remove the filters to see it.')),
    );
}
