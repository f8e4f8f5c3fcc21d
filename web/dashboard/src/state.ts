// What is shown, as the address says it. It is behind the `#`: servers and their logs never see what an analyst filters
// by, a name of 2,000 characters fits, and the back button works.

import { isDate } from './period.ts';

export type Operation = 'is' | 'is_not' | 'contains' | 'contains_not';
export const OPERATIONS: [Operation, string][] = [
    ['is', 'is'],
    ['is_not', 'is not'],
    ['contains', 'contains'],
    ['contains_not', 'does not contain'],
];
export interface Filter {
    operation: Operation;
    dimension: string;
    values: string[];
}

export interface State {
    site: string;
    view: string;
    period: string; // a word of period.ts, or `custom`
    from: string; // of `custom`: YYYY-MM-DD
    to: string;
    compare: string; // none, previous_period, year_over_year, custom
    before: string; // of the comparison `custom`
    until: string;
    by: string; // hour, day, week, month; empty: as fits the range
    metric: string;
    filters: Filter[];
    more: Record<string, string>; // what a view keeps for itself
}

// The view of an address that names none, for whoever may see it.
export const HOME = 'traffic';

const DEFAULTS = {
    site: '', view: '', period: '30d', from: '', to: '', compare: 'previous_period', before: '', until: '', by: '', metric: 'visitors',
};
type Plain = keyof typeof DEFAULTS;
const UNITS = ['hour', 'day', 'week', 'month'];

function decoded(text: string) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text; // somebody cut the address in the middle of a letter
    }
}

function readFilter(text: string): Filter | null {
    const [operation, dimension, ...values] = text.split(',').map(decoded);
    const known = OPERATIONS.some(([name]) => name == operation);
    return known && dimension && values.length ? { operation: operation as Operation, dimension, values } : null;
}

const writeFilter = ({ operation, dimension, values }: Filter) =>
    [operation, dimension, ...values].map(encodeURIComponent).join(',');

export function readState(address: string): State {
    const state: State = { ...DEFAULTS, filters: [], more: {} };
    for (const pair of address.replace(/^#/, '').split('&').filter(Boolean)) {
        const at = pair.indexOf('=');
        const name = decoded(at < 0 ? pair : pair.slice(0, at)), value = at < 0 ? '' : pair.slice(at + 1);
        if (name == 'f') {
            const filter = readFilter(value);
            if (filter) state.filters.push(filter);
        } else if (Object.hasOwn(DEFAULTS, name)) {
            state[name as Plain] = decoded(value);
        } else if (name != 'token') {
            state.more[name] = decoded(value);
        }
    }
    // What is no date, or no step, is as if it were not there.
    for (const name of ['from', 'to', 'before', 'until'] as const) if (!isDate(state[name])) state[name] = '';
    if (state.period == 'custom' && !state.from) state.period = DEFAULTS.period;
    if (state.compare == 'custom' && !state.before) state.compare = DEFAULTS.compare;
    if (!UNITS.includes(state.by)) state.by = DEFAULTS.by;
    return state;
}

export function writeState(state: State) {
    const pairs: string[] = [];
    for (const name of Object.keys(DEFAULTS) as Plain[])
        if ((state[name] != DEFAULTS[name] && !(name == 'view' && state.view == HOME)) || name == 'site') pairs.push(`${name}=${encodeURIComponent(state[name])}`);
    for (const filter of state.filters) pairs.push(`f=${writeFilter(filter)}`);
    for (const [name, value] of Object.entries(state.more))
        if (value) pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    return `#${pairs.join('&')}`;
}

// ---- the one that is shown ----

let current = readState('');
let show: (state: State) => void = () => {};

export const state = () => current;

export function follow(act: (state: State) => void) {
    show = act;
    const read = () => {
        current = readState(location.hash);
        show(current);
    };
    addEventListener('popstate', read);
    read();
}

// Goes there: a new entry of the history, but where it only says the same in other words.
export function go(change: Partial<State>, replace = false) {
    current = { ...current, ...change };
    const address = writeState(current);
    if (address != location.hash) history[replace ? 'replaceState' : 'pushState'](null, '', address);
    show(current);
}

export const goMore = (change: Record<string, string>, replace = false) => go({ more: { ...current.more, ...change } }, replace);

// ---- filters ----

const same = (a: Filter, b: Filter) => writeFilter(a) == writeFilter(b);

// What `is` already filters by the dimension is replaced, and the same again takes it away.
export function toggleFilter(filter: Filter) {
    const had = current.filters.some((other) => same(other, filter));
    const others = current.filters.filter((other) => !(other.dimension == filter.dimension && other.operation == filter.operation));
    go({ filters: had ? others : [...others, filter] });
}
export const addFilter = (filter: Filter) => go({ filters: [...current.filters.filter((other) => !same(other, filter)), filter] });
export const removeFilter = (filter: Filter) => go({ filters: current.filters.filter((other) => other != filter) });
