// The filters in force, and a dialog that makes one.
import { valuesOf } from './api.ts';
import { button, el, fill, select } from './dom.ts';
import { openDialog } from './dialog.ts';
import { rangeOf, rangeText } from './period.ts';
import { zone } from './question.ts';
import { addFilter, go, OPERATIONS, removeFilter, state, type Filter, type Operation } from './state.ts';
import { DIMENSIONS, dimensionTitle, valueTitle } from './words.ts';

const SUGGEST_MS = 200;
const operationTitle = (operation: Operation) => OPERATIONS.find(([name]) => name == operation)![1];
const valuesText = ({ dimension, values }: Filter) => values.map((value) => valueTitle(dimension, value)).join(' or ');

function chip(filter: Filter) {
    const text = `${dimensionTitle(filter.dimension)} ${operationTitle(filter.operation)} ${valuesText(filter)}`;
    return el(
        'li',
        { class: 'chip' },
        el('span', { title: text }, `${dimensionTitle(filter.dimension)} ${operationTitle(filter.operation)} `, el('bdi', {}, valuesText(filter))),
        button('×', () => removeFilter(filter), { 'aria-label': `Remove the filter: ${text}`, class: 'icon' }),
    );
}

export function openFilterDialog() {
    let dimension = 'event:page', operation: Operation = 'is';
    const list = el('datalist', { id: 'filter-values' });
    const value = el('input', { id: 'filter-value', list: 'filter-values', autocomplete: 'off', required: true });
    let timer = 0;
    const suggest = () => {
        clearTimeout(timer);
        timer = window.setTimeout(async () => {
            const range = rangeText(rangeOf(state(), zone()));
            const values = await valuesOf(state().site, dimension, value.value, range).catch(() => []);
            fill(list, ...values.map((one) => el('option', { value: one }, valueTitle(dimension, one))));
        }, SUGGEST_MS);
    };
    value.addEventListener('input', suggest);
    const submit = (event: Event) => {
        event.preventDefault();
        opened.close();
        addFilter({ operation, dimension, values: [value.value] });
    };
    const opened = openDialog('Add a filter', [
        el(
            'form',
            { onsubmit: submit, class: 'fields' },
            select('What', DIMENSIONS, dimension, (chosen) => {
                dimension = chosen;
                value.value = '';
                suggest();
            }, { autofocus: true }),
            select('How', OPERATIONS, operation, (chosen) => (operation = chosen as Operation)),
            el('label', { for: 'filter-value' }, 'Value'),
            value,
            list,
            button('Add', () => {}, { type: 'submit', class: 'primary' }),
        ),
    ]);
    suggest();
}

export function drawFilters(box: HTMLElement) {
    const { filters } = state();
    fill(
        box,
        button('+ Filter', openFilterDialog, { class: 'quiet', 'data-key': 'filter' }),
        filters.length > 0 && el('ul', { class: 'chips', 'aria-label': 'Filters' }, ...filters.map(chip)),
        filters.length > 1 && button('Remove all', () => go({ filters: [] }), { class: 'quiet' }),
    );
}
