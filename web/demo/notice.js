// The demo shop's consent notice, and the measuring that it allows: what a site has to do with crumb, in plain
// JavaScript.
//
// - Nothing is stored on the device here. Cookies are crumb's, set when a choice was recorded.
// - Nothing is measured, nor anything read from the device to measure, before crumb has said what is allowed.
// - A choice closes the notice at once; its effect waits for crumb's answer. Without one everything stays off.
//
// In the page: `data-crumb="show"` opens the choices again, `data-crumb-click="NAME"` is a click that may be counted,
// `data-crumb="state"` and `data-crumb="answers"` show what was sent and what crumb made of it.

import { element } from './element.js';

const { crumb, site } = document.querySelector('script[data-crumb]').dataset;
const ANSWER_MS_MAX = 10_000;
const SAVED_SHOWN_MS = 6000;
const LINES_SHOWN = 4;
const DAY_S = 24 * 3600;

let shown = null; // the notice in force, as GET /v1/notice gives it
let chosen = null; // true or false by purpose; null: no choice is known
let allowed = new Set(); // the event classes that the choice covers
let off = false; // the last choice could not be saved: nothing is sent until one is
let dialog = null; // while one is open
let turn = Promise.resolve(); // choices are sent one after the other, in the order in which they were made

// ---- asking crumb ----

class Refusal extends Error {
    constructor(status) {
        super(`crumb answered ${status}`);
        this.status = status;
    }
}

async function ask(path, options = {}) {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await fetch(crumb + path, { credentials: 'include', cache: 'no-store', signal, ...options });
    if (!answer.ok) throw new Refusal(answer.status);
    return answer.json();
}

async function readNotice() {
    shown = await ask(`/v1/notice?site=${site}&lang=${encodeURIComponent(document.documentElement.lang)}`);
}

// A string is sent as text/plain, which needs no preflight.
function record(action, purposes, surface) {
    const body = { site, notice: shown.hash, lang: shown.notice.lang, surface, action, purposes };
    return ask('/v1/consent', { method: 'POST', body: JSON.stringify(body), keepalive: true });
}

// ---- what the page says ----

const live = element('p', { class: 'said', role: 'status' });
let fading = 0;
document.body.append(live);

function say(text, ms) {
    clearTimeout(fading);
    live.textContent = text;
    if (ms) fading = setTimeout(say, ms, '');
}

const nSent = () => document.querySelectorAll('[data-crumb="answers"] li').length;

function sayState(why) {
    const state = document.querySelector('[data-crumb="state"]');
    const titles = (shown?.notice.purposes ?? []).filter(({ name }) => chosen?.[name]).map(({ title }) => title);

    if (!state) return;
    if (titles.length && !off) state.textContent = `You allow: ${titles.join(', ')}.`;
    else state.textContent = `${nSent() ? 'Nothing more is sent' : 'Nothing was sent'}: ${why}`;
}

function sayAnswer(what, answer) {
    const list = document.querySelector('[data-crumb="answers"]');

    list?.append(element('li', {}, `${what}: `, element('code', {}, answer)));
    while (nSent() > LINES_SHOWN) list.firstElementChild.remove();
}

// ---- measuring ----

let viewed = false; // the page view of this visit to the page was sent
const visible = { ms: 0, since: null };

function tick() {
    const now = performance.now();

    if (visible.since !== null) visible.ms += now - visible.since;
    visible.since = viewed && document.visibilityState === 'visible' ? now : null;
}

// One event in crumb's wire format. The query and fragment of the address are nobody's business.
function eventOf(kind, pairs = {}) {
    const all = { aid: site, e: kind, eid: crypto.randomUUID(), url: location.origin + location.pathname, ...pairs };
    return Object.entries(all).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

async function send(what, event) {
    try {
        const options = { credentials: 'include', cache: 'no-store', keepalive: true };
        const answer = await fetch(`${crumb}/p.gif?${event}`, options);
        sayAnswer(what, answer.headers.get('Crumb-Result') ?? `status ${answer.status}`);
    } catch {
        sayAnswer(what, 'no answer');
    }
}

function devicePairs() {
    return {
        res: `${screen.width}x${screen.height}`,
        vp: `${innerWidth}x${innerHeight}`,
        lang: navigator.language,
        tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
}

function sendView() {
    if (viewed || !allowed.has('log')) return;
    viewed = true;
    Object.assign(visible, { ms: 0, since: null });
    tick();
    send('page view', eventOf('pv', { page: document.title, ...(allowed.has('device') && devicePairs()) }));
}

function clickEvent({ dataset, pathname }) {
    return eventOf('se', { se_ca: 'click', se_ac: dataset.crumbClick, se_la: pathname ?? '' });
}

function sendClick(event) {
    const target = event.target.closest?.('[data-crumb-click]');

    if (!target || allowed.size === 0) return;
    if (allowed.has('clickpath'))
        send('click', clickEvent(target));
    else sayAnswer('click', 'not sent, as you do not allow it');
}

function sendVisible() {
    tick();
    const ms = Math.round(visible.ms);
    visible.ms = 0;
    if (viewed && allowed.has('log') && ms > 0) navigator.sendBeacon(`${crumb}/p`, eventOf('pp', { x_vis: ms }));
}

document.addEventListener('click', sendClick);
document.addEventListener('visibilitychange', tick);
addEventListener('pagehide', sendVisible);

// ---- choices ----

// Puts a choice into force that crumb knows of, or none.
function apply(purposes, why) {
    const granted = shown?.notice.purposes.filter(({ name }) => purposes?.[name]) ?? [];

    chosen = purposes;
    allowed = new Set(off ? [] : granted.flatMap(({ collects }) => collects));
    sayState(off ? 'your choice could not be saved.' : why);
    sendView();
}

async function take(action, purposes, surface) {
    try {
        const { receipt } = await record(action, purposes, surface);
        off = false;
        apply(receipt.purposes, 'you do not allow it.');
        say('Your choice is saved.', SAVED_SHOWN_MS);
    } catch (error) {
        if (error.status === 409) await askAgain(action);
        else fail(action);
    }
}

function fail(action) {
    off = true;
    apply(null);
    say(action === 'withdraw'
        ? 'Your withdrawal could not be saved. This page sends nothing more; please try again under Privacy choices.'
        : 'Your choice could not be saved, so nothing is measured. You can try again under Privacy choices.');
}

// The notice has changed since it was shown. What is withdrawn needs no reading again.
async function askAgain(action) {
    try {
        await readNotice();
        if (action === 'withdraw') await take(action, undefined, 'dialog');
        else openNotice('The notice has changed since you opened it. Please choose again.');
    } catch {
        fail(action);
    }
}

function choose(action, purposes) {
    const surface = dialog.classList.contains('again') ? 'dialog' : 'banner';

    dialog.close();
    apply(null, 'your choice is being saved.');
    turn = turn.then(() => take(action, purposes, surface));
}

// ---- the notice ----

function button(text, act) {
    const made = element('button', { type: 'button', class: 'choice' }, text);

    made.addEventListener('click', act);
    return made;
}

function purposeItem({ name, title, description, recipients }) {
    const id = `crumb-${name}`;
    const box = element('input', { type: 'checkbox', id, name, 'aria-describedby': `${id}-about` });
    const about = element('div', { id: `${id}-about` }, element('p', {}, description));

    box.checked = chosen?.[name] === true;
    for (const { name: who, country, why } of recipients)
        about.append(element('p', {}, `Received by ${who}${country && ` (${country})`}${why && `: ${why}`}`));
    return element('li', {}, box, element('label', { for: id }, title), about);
}

function period(seconds) {
    const days = Math.round(parseInt(seconds, 10) / DAY_S);

    return days % 30 === 0 && days > 30 ? `${days / 30} months` : `${days} days`;
}

// GDPR art. 13: who is responsible, where it is kept and how long.
function moreAbout({ controller, storage, retention }) {
    const rows = {
        Responsible: [controller.name, controller.address, controller.contact].filter(Boolean).join(', '),
        'Kept in': [storage.location, storage.country].filter(Boolean).join(', '),
        'Kept for': `single events ${period(retention.journal)}, visits ${period(retention.segments)}, `
            + `the random number in your cookie ${period(retention.visitor)}`,
        'Asked again': `${period(retention.choice)} after a yes, ${period(retention.refusal)} after a no`,
    };
    const list = element('dl', {});

    for (const [term, text] of Object.entries(rows))
        if (text) list.append(element('div', {}, element('dt', {}, term), element('dd', {}, text)));
    return element('details', {}, element('summary', {}, 'Who is responsible, and how long it is kept'), list);
}

const ticked = (list) =>
    Object.fromEntries([...list.querySelectorAll('input')].map(({ name, checked }) => [name, checked]));

// Accept, Reject and Choose are alike in everything but their words. Choose opens the purposes and becomes Save.
function choiceButtons(texts, list, again) {
    const save = button(texts.save, () => choose('custom', ticked(list)));
    const open = button(texts.choose, () => {
        list.hidden = false;
        open.replaceWith(save);
        list.querySelector('input').focus();
    });
    const buttons = [button(texts.accept, () => choose('grant')), button(texts.reject, () => choose('deny'))];

    buttons.push(again ? save : open);
    if (again && Object.values(chosen ?? {}).includes(true))
        buttons.push(button(texts.withdraw, () => choose('withdraw')));
    return element('div', { class: 'buttons' }, ...buttons);
}

function buildNotice(message, again) {
    const { lang, texts, purposes, ...more } = shown.notice;
    const title = element('h2', { id: 'crumb-title', tabindex: '-1', autofocus: '' }, texts.title);
    const list = element('ul', {}, ...purposes.map(purposeItem));
    const names = { 'aria-labelledby': 'crumb-title', 'aria-describedby': 'crumb-body' };
    const made = element('dialog', { class: 'notice', lang, ...names });

    list.hidden = !again;
    made.append(title);
    if (message) made.append(element('p', { class: 'message', role: 'status' }, message));
    made.append(element('p', { id: 'crumb-body' }, texts.body), list, moreAbout(more));
    made.append(choiceButtons(texts, list, again));
    if (!again) return made;
    const close = button('Close', () => made.close());
    close.className = 'close';
    made.classList.add('again');
    made.append(close);
    return made;
}

// What the notice covers can still be scrolled into view.
const sizes = new ResizeObserver(() => {
    if (dialog && !dialog.matches('.again'))
        document.documentElement.style.setProperty('--covered', `calc(${dialog.offsetHeight}px + var(--below))`);
});

function place(made, modal) {
    dialog?.close();
    dialog = made;
    say('');
    document.body.prepend(made);
    sizes.observe(made);
    made.addEventListener('close', () => {
        made.remove();
        if (dialog !== made) return;
        dialog = null;
        sizes.disconnect();
        document.documentElement.style.removeProperty('--covered');
    });
    if (modal) made.showModal();
    else made.show();
}

// Asks. Nobody who is typing is interrupted; Escape is no answer.
function openNotice(message) {
    const active = document.activeElement;

    place(buildNotice(message, false), false);
    if (active && active !== document.body && active.isConnected) active.focus();
}

// Opened again by the visitor: with the choice in force, in front of the page, closed by Escape without a change.
async function openChoices() {
    if (dialog) {
        dialog.querySelector('h2').focus();
        return;
    }
    await turn;
    try {
        if (!chosen) await look();
        if (!shown) await readNotice();
    } catch {
        say('Your choices cannot be opened now, and nothing is measured. Please try again later.');
        return;
    }
    if (dialog) dialog.querySelector('h2').focus();
    else place(buildNotice('', true), true);
}

document.addEventListener('click', (event) => {
    if (event.target.closest?.('[data-crumb="show"]')) openChoices();
});

// ---- the beginning ----

async function look() {
    const { ask: mustAsk, purposes } = await ask(`/v1/consent?site=${site}`);

    if (mustAsk || Object.values(purposes).includes(true)) await readNotice();
    if (!mustAsk) {
        apply(purposes, 'you do not allow it.');
        return;
    }
    apply(null, 'you have not chosen yet.');
    openNotice();
}

async function start() {
    viewed = off = false;
    try {
        await look();
    } catch {
        apply(null, 'crumb does not answer, and unsure means no.');
    }
}

// A page that comes back from the browser's memory may come back to another choice.
addEventListener('pageshow', (event) => {
    if (event.persisted) turn = turn.then(start);
});
turn = turn.then(start);
