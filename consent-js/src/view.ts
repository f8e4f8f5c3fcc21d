// Where things are shown: one root that the page's styles do not reach, with the quiet control, the message, the question
// and, in front of everything, the choices and their steps.
//
// The root stands before the body, so that it is the first that a keyboard reaches, `body > *` does not count it, and a
// page that replaces its body keeps it.

import { button, element, shadow } from './dom.ts';
import { direction, notice, settings, text } from './settings.ts';
import { openChoices } from './dialog.ts';

const host = element('div');
const message = element('p', { role: 'status', class: 'note' });
const corner = element('section', {}, message);
const root = element('div', { class: 'root' }, corner);
const control = button('', () => openChoices());
host.style.setProperty('display', 'contents', 'important');
shadow(host).append(root);

let banner: HTMLDialogElement | undefined;
let isLost = false; // the focus, with the question that had it
let fading = 0;

export const isAsking = () => !!banner;

export function attach() {
    if (!host.isConnected) document.documentElement.insertBefore(host, document.body);
}

function translate() {
    root.lang = notice.lang;
    root.dir = direction;
    corner.setAttribute('aria-label', text('control'));
}

export function say(words: string, ms?: number) {
    translate();
    clearTimeout(fading);
    message.textContent = words;
    if (ms) fading = setTimeout(say, ms, '') as never;
}

export function showControl() {
    if (banner || !settings.control) return;
    translate();
    control.textContent = text('control');
    if (!control.isConnected) corner.append(control);
    if (isLost && document.activeElement == document.body) control.focus({ preventScroll: true });
    isLost = false;
}

// ---- dialogs ----

// It is not modal: there is no focus to give back, and close() would have the browser lay the page out at once.
export function closeBanner() {
    isLost ||= !!banner?.matches(':focus-within');
    banner?.remove();
    banner = undefined;
}

// The one in front first, so that each gives the focus back to what is behind it.
export function closeFronts() {
    for (let front; (front = root.lastChild as HTMLDialogElement) != (corner as Node); front.remove()) front.close();
}

export function close() {
    closeFronts();
    closeBanner();
}

// What the focus reaches on the page is scrolled out from behind the question; WCAG 2.2, 2.4.11.
const covering = new ResizeObserver(() => {
    document.documentElement.style.scrollPaddingBottom = banner ? banner.offsetHeight + 'px' : '';
});

// The question: the page can be used meanwhile, and keeps the focus. Choices that are open stay in front of it.
export function placeBanner(made: HTMLDialogElement) {
    closeBanner();
    control.remove();
    say('');
    banner = made;
    made.setAttribute('open', ''); // show() would take the focus
    root.prepend(made);
    covering.observe(made);
}

// In front of everything, with the focus inside until it closes; the browser gives it back.
export function placeFront(made: HTMLDialogElement) {
    say('');
    translate();
    root.append(made);
    made.addEventListener('close', () => made.remove());
    made.showModal();
}
