// Requests: what visitors ask of the site beyond what the program does by itself. The queue, the first that is due first,
// and one request with all that was said. Each reading of one goes into the audit trail, so it is read when somebody opens it.
import { answerForm } from './answer.ts';
import { get } from './api.ts';
import { button, el, fill, select } from './dom.ts';
import { day, moment, number } from './format.ts';
import { empty, load, skeleton } from './load.ts';
import { zone } from './question.ts';
import { goMore, state as current, writeState, type State } from './state.ts';
import type { View } from './view.ts';

export type Stage = 'open' | 'in_progress' | 'answered' | 'refused' | 'withdrawn';
interface Entry {
    number: number;
    kind: string;
    state: Stage;
    made: string;
    due: string;
    urgency: 'later' | 'soon' | 'overdue' | null; // null: nobody waits for it
    working_days_left: number | null;
    changed: string;
}
interface Queue {
    open: number;
    soon: number;
    overdue: number;
    requests: Entry[];
    next: number | null;
}
interface Step {
    time: string;
    state: Stage;
    by: 'visitor' | 'officer';
    name: string | null;
    answer: string | null;
    note: string | null;
}
export interface Asked extends Entry {
    version: number; // of what was read, so that nobody's step is overlooked
    text: string;
    contact: string | null;
    history: Step[];
}

const ROWS = 50;
const KINDS: Record<string, string> = {
    access: 'Access', copy: 'A copy', correction: 'Correction', erasure: 'Erasure', restriction: 'Restriction', objection: 'Objection',
    complaint: 'Complaint', other: 'Something else',
};
const STATES: Record<Stage, string> = { open: 'Open', in_progress: 'In progress', answered: 'Answered', refused: 'Refused', withdrawn: 'Withdrawn' };
const LISTS: [string, string][] = [['', 'To do'], ...(Object.entries(STATES) as [string, string][]), ['all', 'All']];

const nameOf = ({ number: no, kind }: Entry) => `#${no} ${KINDS[kind] ?? kind}`;
const at = (text: string) => el('time', { datetime: text }, moment(text, zone(), 'short'));
const on = (text: string) => el('time', { datetime: text }, moment(text, zone()));

function leftOf({ working_days_left: left, urgency }: Entry) {
    const days = Math.abs(left ?? 0), word = days == 1 ? 'working day' : 'working days';
    if (urgency == 'overdue') return days ? `${days} ${word} late` : 'late';
    return days ? `${days} ${word} left` : 'due today';
}
const badge = (entry: Entry) => !!entry.urgency && el('span', { class: `badge ${entry.urgency}` }, leftOf(entry));

// ---- the queue ----

function drawCounts(box: HTMLElement, { open, soon, overdue }: Queue) {
    const tile = (name: string, value: number, title: string, isBad = false) => el('div', { class: 'tile', title }, el('span', {},
        el('span', { class: 'name' }, title), el('span', { class: isBad ? 'value bad' : 'value', 'data-count': name }, number(value))));
    fill(box, tile('open', open, 'To do'), tile('soon', soon, 'Due soon'), tile('overdue', overdue, 'Overdue', overdue > 0));
}

const emptyText = (list: string) =>
    !list ? 'Nobody waits for an answer.' : list == 'all' ? 'Nobody has asked for anything yet. Visitors do so on the privacy page.' : `No request is in the state “${STATES[list as Stage] ?? list}”.`;

function row(entry: Entry, shown: State, list: string) {
    const no = String(entry.number), isOn = shown.more.request == no;
    const link = el('a', {
        href: writeState({ ...shown, more: { ...shown.more, request: no } }), 'data-key': `request ${no}`, 'aria-current': isOn && 'true',
    }, nameOf(entry));
    return el('tr', { 'data-request': no, class: `${entry.urgency ?? ''}${isOn ? ' on' : ''}` },
        el('th', { scope: 'row' }, link, el('span', { class: 'small' }, 'asked ', on(entry.made))),
        el('td', {}, el('time', { datetime: entry.due }, day(entry.due)), badge(entry)),
        el('td', {}, STATES[entry.state], (list || entry.state != 'open') && el('span', { class: 'small' }, on(entry.changed))));
}

function drawQueue(box: HTMLElement, { requests, next }: Queue, shown: State) {
    const { list = '', offset = '' } = shown.more;
    const pages = (offset || next !== null) && el('div', { class: 'card-foot' },
        !!offset && button('To the first', () => goMore({ offset: '' }), { 'data-key': 'first' }),
        next !== null && button('More', () => goMore({ offset: String(next) }), { 'data-key': 'next' }));
    if (!requests.length) return fill(box, empty(emptyText(list)), pages || null);
    fill(box,
        el('table', { class: 'queue' },
            el('thead', {}, el('tr', {}, ...['Request', 'Due', 'State'].map((title) => el('th', { scope: 'col' }, title)))),
            el('tbody', {}, ...requests.map((entry) => row(entry, shown, list)))),
        pages || null);
}

// ---- one request ----

// What became of it by that step.
function stepTitle(step: Step, before: Step | undefined) {
    if (!before) return 'Asked';
    if (step.state != before.state) return STATES[step.state];
    return step.note === null ? 'Written to whoever asked' : 'Noted';
}

const said = (text: string) => el('p', { class: 'said', dir: 'auto' }, text);

function drawStep(step: Step, i: number, all: Step[]) {
    const whom = step.by == 'visitor' ? 'by whoever asked' : `by ${step.name ?? 'an officer'}`;
    return el('li', { 'data-step': step.state },
        el('p', {}, el('b', {}, stepTitle(step, all[i - 1])), ' ', el('span', { class: 'small' }, el('bdi', {}, whom), ', ', at(step.time))),
        step.answer !== null && said(step.answer),
        step.note !== null && el('div', { class: 'note' }, el('p', { class: 'small' }, 'For officers alone'), said(step.note)));
}

const fact = (name: string, ...value: (Node | string | false)[]) => el('div', {}, el('dt', {}, name), el('dd', {}, ...value));

function drawAsked(box: HTMLElement, asked: Asked) {
    fill(box,
        el('dl', { class: 'facts' },
            fact('State', STATES[asked.state]),
            fact('Due', el('time', { datetime: asked.due }, day(asked.due)), badge(asked)),
            fact('Asked', at(asked.made)),
            fact('Contact', asked.contact === null ? 'none was given' : el('bdi', { class: 'contact' }, asked.contact))),
        el('h3', {}, 'What was asked'), said(asked.text),
        el('h3', {}, 'History'), el('ol', { class: 'history' }, ...asked.history.map(drawStep)));
}

// ---- the view ----

function mount(root: HTMLElement) {
    const counts = el('section', { class: 'topline three', 'aria-label': 'In all' }, skeleton(2));
    const controls = el('div', { class: 'controls' }), list = el('div', { class: 'panel low' }, skeleton(6));
    const heading = el('h2', { tabindex: '-1', 'data-heading': true }), body = el('div'), form = el('div'), done = el('p', { role: 'status', class: 'told' });
    const close = () => {
        const no = current().more.request;
        goMore({ request: '' });
        list.querySelector<HTMLElement>(`[data-key="request ${no}"]`)?.focus();
    };
    const one = el('section', { class: 'card one', 'aria-label': 'The request', hidden: true },
        el('div', { class: 'card-head' }, heading, button('×', close, { class: 'icon close', 'aria-label': 'Close the request', title: 'Close' })),
        done, body, form);
    const desk = el('div', { class: 'desk' }, el('section', { class: 'card', 'aria-label': 'The queue' }, controls, list), one);
    fill(root, counts, desk);

    const path = (rest: string, more: Record<string, string> = {}) => `admin/requests${rest}?${new URLSearchParams({ site_id: current().site, ...more })}`;
    let signal: AbortSignal; // of what is shown now
    const readQueue = () => {
        const { list: which = '', offset = '' } = current().more;
        load(list, signal, () => get(path('', { limit: String(ROWS), ...(which && { state: which }), ...(offset && { offset }) }), signal) as Promise<Queue>, (queue) => {
            drawCounts(counts, queue);
            drawQueue(list, queue, current());
        }).then(() => counts.querySelector('.skeleton') && !list.hasAttribute('aria-busy') && fill(counts));
    };

    let shownNumber: string | undefined; // what stands there; undefined: nothing yet
    const drawOne = (asked: Asked) => {
        const no = String(asked.number);
        fill(heading, nameOf(asked));
        drawAsked(body, asked);
        const taken = (now: Asked, title: string) => {
            readQueue();
            if (shownNumber != no) return; // another one is looked at by now
            drawOne(now);
            fill(done, `Done: ${title}.`);
            heading.focus();
        };
        const stale = () => {
            readQueue();
            readOne(no, true);
        };
        fill(form, answerForm(path(`/${no}`), asked, taken, stale));
    };
    const readOne = (no: string, isFocused: boolean) => {
        fill(heading, `#${no}`);
        fill(form);
        fill(done);
        fill(body, skeleton(6));
        load(body, signal, () => get(path(`/${encodeURIComponent(no)}`), signal) as Promise<Asked>, (asked) => {
            shownNumber = no;
            drawOne(asked);
            if (isFocused) heading.focus();
        });
    };

    const update = (shown: State, given: AbortSignal) => {
        signal = given;
        const { request: no = '', list: which = '' } = shown.more, isFirst = shownNumber === undefined;
        fill(controls, select('Show', LISTS, which, (chosen) => goMore({ list: chosen, offset: '' }), { 'data-key': 'list' }));
        readQueue();
        one.hidden = !no;
        desk.classList.toggle('open', !!no);
        if (no && no != shownNumber) readOne(no, !isFirst);
        if (no) return;
        shownNumber = '';
        body.removeAttribute('aria-busy');
    };
    return { update };
}

export const requests: View = { id: 'requests', title: 'Requests', key: '5', roles: ['privacy', 'admin'], hasPeriod: false, mount };
