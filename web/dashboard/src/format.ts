// Figures and times as people read them. English, like the rest of the page; the numbers are the API's, not rounded again.
import type { Figure } from './api.ts';

const integers = new Intl.NumberFormat('en');
const exact = (digits: number) => new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const one = exact(1), two = exact(2);

export function duration(seconds: number) {
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole}s`;
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return h ? `${h}h ${m}m` : `${m}m ${s}s`;
}

type Form = (value: number) => string;
const percent = (form: Intl.NumberFormat) => (value: number) => `${form.format(value)}%`;
const FORMS: Record<string, Form> = {
    views_per_visit: (value) => two.format(value),
    bounce_rate: percent(one),
    coverage: percent(one),
    scroll_depth: (value) => `${value}%`,
    percentage: percent(two),
    conversion_rate: percent(two),
    group_conversion_rate: percent(two),
    visit_duration: duration,
    time_on_page: duration,
};

export const NOTHING = '–';

export function figure(metric: string, value: Figure | undefined) {
    if (value == null) return NOTHING;
    if (typeof value == 'object') return value.long;
    return (FORMS[metric] ?? ((number) => integers.format(number)))(value);
}

export const number = (value: number) => integers.format(value);

// Short, for an axis.
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
export function tick(metric: string, value: number) {
    if (/duration|time_on/.test(metric)) return duration(value);
    if (/rate|coverage|depth|percentage/.test(metric)) return `${compact.format(value)}%`;
    return compact.format(value);
}

const isShare = (metric: string) => /rate|coverage|percentage|depth/.test(metric);
// As the API tells it: whole per cent of what was, and percentage points for shares.
export function change(metric: string, value: number | null | undefined) {
    if (value == null) return NOTHING;
    const text = isShare(metric) ? `${one.format(Math.abs(value))} pts` : `${integers.format(Math.abs(value))}%`;
    return `${value > 0 ? '+' : value < 0 ? '−' : ''}${text}`;
}

// ---- times: texts of the site's clock, read as if they were UTC so that no browser moves them ----

const dateOf = (text: string) => new Date(`${text.slice(0, 10)}T${text.slice(11, 19) || '00:00:00'}Z`);
const formats: Record<string, Intl.DateTimeFormat> = {};
function format(text: string, options: Intl.DateTimeFormatOptions) {
    const key = JSON.stringify(options);
    formats[key] ??= new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
    return formats[key]!.format(dateOf(text));
}
// An instant, by the clock of @zone; the day alone, where no time is asked for.
export const moment = (text: string, zone: string, timeStyle?: 'short' | 'medium') =>
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'medium', timeStyle }).format(new Date(text));
export const day = (text: string) => format(text, { day: 'numeric', month: 'short', year: 'numeric' });

export function timeLabel(text: string, unit: string) {
    if (unit == 'hour') return `${format(text, { weekday: 'short', day: 'numeric', month: 'short' })}, ${text.slice(11, 16)}`;
    if (unit == 'month') return format(text, { month: 'long', year: 'numeric' });
    return (unit == 'week' ? 'Week of ' : '') + format(text, { weekday: unit == 'day' ? 'short' : undefined, day: 'numeric', month: 'short', year: 'numeric' });
}

export function timeTick(text: string, unit: string, oneDay: boolean) {
    if (unit == 'hour') return oneDay ? text.slice(11, 16) : format(text, { day: 'numeric', month: 'short' });
    return unit == 'month' ? format(text, { month: 'short', year: '2-digit' }) : format(text, { day: 'numeric', month: 'short' });
}

export function range([first, last]: [string, string]) {
    const [a, b] = [first.slice(0, 10), last.slice(0, 10)];
    if (a != b) return `${a.slice(0, 4) == b.slice(0, 4) ? format(a, { day: 'numeric', month: 'short' }) : day(a)} – ${day(b)}`;
    const whole = first.slice(11, 19) == '00:00:00' && last.slice(11, 19) == '23:59:59';
    return whole ? day(a) : `${day(a)}, ${first.slice(11, 16)} – ${last.slice(11, 16)}`;
}
