// The second layer: every purpose by itself with who receives what, where it is kept and how long, and the same answers
// again. Nothing is ticked that was not granted.

import { answer, more } from './banner.ts';
import type { Answers } from './cookie.ts';
import { button, element, type Child } from './dom.ts';
import { notice, speak, text, type Purpose, type Recipient } from './settings.ts';
import { answers, hasGrant, hasSignal, isOfMinor, isSame } from './state.ts';
import { accept } from './step.ts';
import { about, answersOf, take, type About } from './take.ts';
import { closeFronts, placeFront } from './view.ts';

const enum Seconds {
    DAY = 86_400,
    MONTH = 30 * DAY, // as in the configuration
}

// ---- words that the browser knows in every language ----

// It would use the words of its own language instead.
const isKnown = () => Intl.NumberFormat.supportedLocalesOf(notice.lang)[0];

function period(seconds: number) {
    const days = Math.round(seconds / Seconds.DAY);
    const months = seconds / Seconds.MONTH;
    if (!isKnown()) return days + ' d'; // the symbol of the day in any language
    const [value, unit] = months > 1 && months % 1 == 0 ? [months, 'month'] : [days, 'day'];
    return value.toLocaleString(notice.lang, { style: 'unit', unit, unitDisplay: 'long' });
}

function country(code: string) {
    if (!isKnown()) return code;
    try {
        return new Intl.DisplayNames(notice.lang, { type: 'region' }).of(code) ?? code;
    } catch {
        return code;
    }
}

// ---- parts ----

function terms(rows: [string, string[]][]) {
    const filled = rows.filter(([, lines]) => lines.length);
    const parts = ([term, lines]: [string, string[]]) => [
        element('dt', {}, term),
        ...lines.map((line) => element('dd', {}, element('bdi', {}, line))),
    ];
    return element('dl', {}, ...filled.flatMap(parts));
}

const joined = (...parts: string[]) => parts.filter(Boolean).join(', ');
const received = ({ name, country: code, why }: Recipient) =>
    name + (code && ' (' + country(code) + ')') + (why && ': ' + why);
const kept = (key: string) => text('retention.' + key) + ': ' + period(parseInt(notice.retention[key]!));

export function purposeDetails({ description, recipients, collects }: Purpose) {
    const { location, country: code } = notice.storage;
    const isStored = collects.length > 0;
    return [
        element('p', {}, description),
        terms([
            [text('recipients'), recipients.map(received)],
            [text('storage'), isStored ? [joined(location, code && country(code))].filter(Boolean) : []],
            [text('retention'), isStored ? ['journal', 'segments', 'visitor'].map(kept) : []],
        ]),
    ];
}

function purposeItem(purpose: Purpose) {
    const box = element('input', { type: 'checkbox', id: purpose.name, 'aria-describedby': 'd-' + purpose.name });
    box.checked = !!answers?.[purpose.name];
    return element(
        'li',
        {},
        element('label', {}, box, element('h3', {}, purpose.title)),
        element('div', { id: 'd-' + purpose.name }, ...purposeDetails(purpose)),
    );
}

const necessary = () =>
    element('li', {}, element('h3', {}, text('necessary.title')), element('p', {}, text('necessary.description')));

function responsible() {
    const { name, address, contact } = notice.controller;
    return terms([
        [text('controller'), [joined(name, address, contact)]],
        [text('retention'), [kept('choice')]],
    ]);
}

// A dialog with its title, a way out beside it, what there is to read, and the answers at its foot.
export function sheetOf(title: string, out: string, content: Child[], answers: Node[]) {
    const made = element(
        'dialog',
        { class: 'front', 'aria-labelledby': 's' },
        element(
            'header',
            {},
            element('h2', { id: 's', tabindex: '-1', autofocus: '' }, title),
            button(out, () => made.close(), { class: 'out' }),
        ),
        element('div', { class: 'read' }, ...content),
        answers.length > 0 && element('div', { class: 'acts' }, ...answers),
    );
    return made;
}

// ---- the choices ----

function save(ticked: Answers, told: About) {
    const had = hasGrant(answers);
    if (had && !hasGrant(ticked)) take('withdraw', told);
    else take(isSame(ticked, answers) ? 'renew' : 'custom', told, ticked);
}

function choiceAnswers(list: HTMLElement) {
    const told = about('dialog');
    const isTicked = ({ name }: Purpose) => !!list.querySelector<HTMLInputElement>('#' + name)?.checked;
    const no = hasGrant(answers) ? 'withdraw' : 'deny';
    return [
        answer(text('accept'), () => accept(told)),
        answer(text(no == 'deny' ? 'reject' : no), () => take(no, told)),
        answer(text('save'), () => save(answersOf(isTicked), told)),
    ];
}

export async function openChoices() {
    await speak();
    const isMinor = isOfMinor();
    const told = isMinor ? text('minor') : hasSignal() && text('gpc');
    const items = isMinor ? [] : notice.purposes.map(purposeItem);
    const list = element('ul', {}, necessary(), ...items);
    closeFronts();
    placeFront(
        sheetOf(
            text('settings_title'),
            text('close'),
            [told && element('p', { class: 'note' }, told), list, responsible(), element('p', {}, more())],
            isMinor ? [] : choiceAnswers(list),
        ),
    );
}
