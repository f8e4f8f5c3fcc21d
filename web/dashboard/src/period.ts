// Which days: the words of the API where it has one, dates of the site's calendar where not.
import type { State } from './state.ts';

export const PERIODS: [word: string, title: string, key: string][] = [
    ['day', 'Today', 'D'],
    ['yesterday', 'Yesterday', 'E'],
    ['24h', 'Last 24 hours', 'H'],
    ['7d', 'Last 7 days', 'W'],
    ['30d', 'Last 30 days', 'T'],
    ['month', 'This month', 'M'],
    ['1mo', 'Last month', 'P'],
    ['6mo', 'Last 6 months', 'S'],
    ['12mo', 'Last 12 months', 'L'],
    ['year', 'This year', 'Y'],
    ['all', 'All time', 'A'],
];

export const COMPARISONS: [string, string][] = [
    ['previous_period', 'vs. the period before'],
    ['year_over_year', 'vs. a year before'],
    ['custom', 'vs. other days …'],
    ['none', 'no comparison'],
];

const MS_A_DAY = 86_400_000;

export const today = (zone: string) => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(new Date());
// As labels of times have it: 2026-11-23 09:41:07.
export const clock = (zone: string) => new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(new Date());
export const addDays = (date: string, days: number) => new Date(Date.parse(date) + days * MS_A_DAY).toISOString().slice(0, 10);
// The 31st of February is none.
export const isDate = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(Date.parse(text)) && addDays(text, 0) == text;
export const daysBetween = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / MS_A_DAY);

export type Range = string | [string, string];

export function rangeOf({ period, from, to }: State, zone: string): Range {
    if (period == 'custom' && isDate(from)) return [from, isDate(to) && to >= from ? to : from];
    if (period == 'yesterday') return [addDays(today(zone), -1), addDays(today(zone), -1)];
    return PERIODS.some(([word]) => word == period) ? period : '30d';
}

// For the parameter of a GET, which takes a word or two dates.
export const rangeText = (range: Range) => (typeof range == 'string' ? range : range.join(','));

export function comparisonOf({ compare, before, until, period }: State) {
    if (compare == 'none' || period == 'all') return undefined;
    if (compare == 'custom')
        return isDate(before) && isDate(until) && until >= before ? { mode: 'custom', date_range: [before, until] } : undefined;
    return { mode: compare == 'year_over_year' ? compare : 'previous_period' };
}

// As many days as are shown, before or behind them.
export function shifted([first, last]: [string, string], by: number): Partial<State> {
    const [from, to] = [first.slice(0, 10), last.slice(0, 10)];
    const days = daysBetween(from, to) + 1;
    return { period: 'custom', from: addDays(from, by * days), to: addDays(to, by * days) };
}

// The steps that a chart of that range can be drawn in.
export function unitsOf([first, last]: [string, string]) {
    const days = daysBetween(first.slice(0, 10), last.slice(0, 10)) + 1;
    const fits = { hour: days <= 14, day: days > 1 && days <= 400, week: days > 7, month: days > 27 };
    return Object.entries(fits).filter(([, fit]) => fit).map(([unit]) => unit);
}
