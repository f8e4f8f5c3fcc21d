// What stands around every view: which site, which days, who is signed in, and how many are on the site now.
import { Failure, query, signOut, type Session } from './api.ts';
import { button, el, fill, select } from './dom.ts';
import { openDialog } from './dialog.ts';
import { drawFilters, openFilterDialog } from './filters.ts';
import { range } from './format.ts';
import { openHelp, setShortcuts, type Shortcut } from './keys.ts';
import { reportFailure } from './load.ts';
import { COMPARISONS, PERIODS, addDays, shifted, today } from './period.ts';
import { theSite, zone } from './question.ts';
import { logo } from './sign-in.ts';
import { go, state, writeState, type State } from './state.ts';
import { themeButton } from './theme.ts';
import type { View } from './view.ts';

const LIVE_MS = 5 * 60_000;
const LIVE_EVERY_MS = 15_000;

// ---- days ----

function dateFields(title: string, first: string, last: string, done: (first: string, last: string) => void) {
    const from = el('input', { type: 'date', id: 'date-from', value: first, required: true, autofocus: true });
    const to = el('input', { type: 'date', id: 'date-to', value: last, required: true });
    const submit = (event: Event) => {
        event.preventDefault();
        opened.close();
        done(from.value, to.value < from.value ? from.value : to.value);
    };
    const opened = openDialog(title, [
        el(
            'form',
            { onsubmit: submit, class: 'fields' },
            el('label', { for: 'date-from' }, 'First day'),
            from,
            el('label', { for: 'date-to' }, 'Last day'),
            to,
            el('p', { class: 'small' }, `Days of ${zone()}, the time zone of the site.`),
            button('Show', () => {}, { type: 'submit', class: 'primary' }),
        ),
    ]);
}

let shown: [string, string] | null = null;
// The days that the server understood.
export const tellRange = (days: [string, string]) => (shown = days);
export const move = (by: number) => shown && go(shifted(shown, by));

export function chooseDays() {
    const last = shown ?? [addDays(today(zone()), -29), today(zone())];
    dateFields('Which days', last[0].slice(0, 10), last[1].slice(0, 10), (from, to) => go({ period: 'custom', from, to, by: '' }));
}

const choosePeriod = (period: string) => (period == 'shown' ? undefined : period == 'custom' ? chooseDays() : go({ period, from: '', to: '', by: '' }));

function chooseComparison(compare: string) {
    if (compare != 'custom') return go({ compare, before: '', until: '' });
    const first = shown?.[0].slice(0, 10) ?? today(zone());
    dateFields('Compare with', addDays(first, -30), addDays(first, -1), (before, until) => go({ compare, before, until }));
}

function drawPeriod(box: HTMLElement, view: View, shownState: State) {
    const { period: word, from, to } = shownState, isCustom = word == 'custom' && !!from;
    const options: [string, string][] = [
        ...(isCustom ? [['shown', range([from, to || from])] as [string, string]] : []),
        ...PERIODS.map(([name, title]): [string, string] => [name, title]),
        ['custom', 'Other days …'],
    ];
    const period = select('Period', options, isCustom ? 'shown' : word, (chosen) => {
        period.value = isCustom ? 'shown' : word; // until it is so
        choosePeriod(chosen);
    }, { 'data-key': 'period' });
    if (period.selectedIndex < 0) period.value = '30d';
    const { compare, before, until } = shownState, isOther = compare == 'custom' && !!before;
    const comparisons: [string, string][] = [...(isOther ? [['shown', `vs. ${range([before, until || before])}`] as [string, string]] : []), ...COMPARISONS];
    const comparison = select('Comparison', comparisons, isOther ? 'shown' : compare, (chosen) => {
        comparison.value = isOther ? 'shown' : compare;
        if (chosen != 'shown') chooseComparison(chosen);
    }, { 'data-key': 'compare' });
    if (comparison.selectedIndex < 0) comparison.value = 'previous_period';
    fill(
        box,
        button('‹', () => move(-1), { class: 'icon', 'aria-label': 'Earlier', title: 'Earlier (←)', 'data-key': 'earlier' }),
        period,
        button('›', () => move(1), { class: 'icon', 'aria-label': 'Later', title: 'Later (→)', 'data-key': 'later' }),
        view.hasComparison && comparison,
    );
}

// What acts where there are days, and filters.
const ofDays: Shortcut[] = [
    ...PERIODS.map(([word, title, key]) => ({ key, about: title, act: () => choosePeriod(word) })),
    { key: 'C', about: 'Other days', act: chooseDays },
    { key: 'ArrowLeft', about: 'Earlier', act: () => move(-1) },
    { key: 'ArrowRight', about: 'Later', act: () => move(1) },
    { key: 'X', about: 'Compare, or not', act: () => go({ compare: state().compare == 'none' ? 'previous_period' : 'none' }) },
];
const ofFilters: Shortcut[] = [
    { key: 'F', about: 'Add a filter', act: openFilterDialog },
    { key: '0', about: 'Remove all filters', act: () => go({ filters: [] }) },
];

// ---- now ----

function startLive(box: HTMLElement, isAllowed: () => boolean) {
    const ask = async () => {
        if (document.visibilityState == 'hidden' || !isAllowed()) return;
        const now = Date.now();
        // A range ends with a whole second: the one that is running is in it.
        const times = [new Date(now - LIVE_MS), new Date(now + 1000)].map((time) => time.toISOString().replace(/\.\d+/, ''));
        try {
            const { results } = await query({ site_id: state().site, date_range: times, metrics: ['visitors'] });
            const n = results[0]!.metrics[0] as number;
            fill(box, el('i', { class: n ? 'dot on' : 'dot' }), el('b', { id: 'live' }, n), n == 1 ? ' visitor now' : ' visitors now');
        } catch (error) {
            fill(box);
            if (error instanceof Failure && (error.kind == 'gone' || error.kind == 'signed-out')) reportFailure(error);
        }
    };
    const timer = setInterval(ask, LIVE_EVERY_MS);
    document.addEventListener('visibilitychange', ask);
    return { ask, stop: () => (clearInterval(timer), document.removeEventListener('visibilitychange', ask)) };
}

// ---- the frame ----

export interface Frame {
    content: HTMLElement;
    draw: (view: View | null, state: State) => void; // null: one that whoever is signed in may not see
    stop: () => void;
}

export function makeFrame(root: HTMLElement, session: Session, views: View[], signedOut: () => void): Frame {
    const site = el('div', { class: 'site' }), live = el('p', { class: 'live', title: 'Visitors of the last five minutes' });
    const nav = el('nav', { 'aria-label': 'Views' }), filters = el('div', { class: 'filters' }), period = el('div', { class: 'period' });
    const toolbar = el('div', { class: 'toolbar', role: 'region', 'aria-label': 'Filters and days' }, filters, period);
    const content = el('main', { id: 'content', tabindex: '-1' });
    const mayRead = session.role != 'privacy';
    const counting = startLive(live, () => mayRead && !!theSite());
    const leave = async () => {
        await signOut().catch(() => {});
        signedOut();
    };
    fill(
        root,
        el('a', { class: 'skip', href: '#content', onclick: (event: Event) => (event.preventDefault(), content.focus()) }, 'To the figures'),
        el(
            'header',
            { class: 'top' },
            el('div', { class: 'brand' }, logo(), el('h1', {}, 'crumb'), site, live),
            nav,
            el(
                'div',
                { class: 'own' },
                themeButton(),
                button('?', openHelp, { class: 'icon', 'aria-label': 'Keyboard shortcuts', title: 'Keyboard shortcuts (?)' }),
                button('Sign out', leave, { class: 'quiet', title: `Signed in as ${session.name} (${session.role})` }),
            ),
        ),
        toolbar,
        el('div', { id: 'banner', 'aria-live': 'assertive' }),
        content,
        el('footer', {}, el('p', { id: 'foot' })),
    );

    let lastSite = '';
    const draw = (view: View | null, shownState: State) => {
        const current = theSite();
        document.title = [view?.title, current?.name ?? shownState.site, 'crumb'].filter(Boolean).join(' · ');
        const names = session.sites.map(({ id, name }): [string, string] => [id, name]);
        fill(site, names.length > 1 ? select('Site', names, shownState.site, (id) => go({ site: id, filters: [], more: {} }), { 'data-key': 'site' }) : el('strong', {}, current?.name ?? ''));
        fill(nav, ...views.map(({ id, title }) => el('a', {
            href: writeState({ ...shownState, view: id, more: {} }), 'aria-current': id == view?.id && 'page', 'data-key': `view ${id}`,
        }, title)));
        toolbar.hidden = !view?.hasPeriod;
        if (view?.hasPeriod) {
            if (view.hasNoFilters) fill(filters);
            else drawFilters(filters);
            drawPeriod(period, view, shownState);
        }
        fill(document.getElementById('foot')!, current ? `Times of ${current.timezone}. Nobody is counted who did not allow it.` : '');
        if (lastSite != shownState.site) counting.ask();
        lastSite = shownState.site;
        setShortcuts([
            ...views.map(({ title, key, id }) => ({ key, about: title, act: () => go({ view: id, more: {} }) })),
            ...(view?.hasPeriod ? ofDays : []),
            ...(view?.hasPeriod && !view.hasNoFilters ? ofFilters : []),
            { key: '?', about: 'This help', act: openHelp },
        ]);
    };
    return { content, draw, stop: counting.stop };
}
