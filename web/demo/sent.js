// The foot of each page: what this page sent to crumb, and what crumb made of it, so that it can be seen working. A real
// site has nothing of this: its one tag is that of consent.js.
//
// Runs before the tracker, so that it can look over its shoulder.

import { element } from './element.js';

const LINES_SHOWN = 4;
const KINDS = { pv: 'page view', pp: 'time on the page', se: 'click' };
const list = document.querySelector('[data-sent="answers"]');
const state = document.querySelector('[data-sent="state"]');

function say(what, answer) {
    list.append(element('li', {}, `${what}: `, element('code', {}, answer)));
    while (list.children.length > LINES_SHOWN) list.firstElementChild.remove();
}

const kindsOf = (body) =>
    body.split('\n').map((line) => KINDS[new URLSearchParams(line).get('e')]).join(', ');

const { fetch } = window;
window.fetch = async (address, options) => {
    const isEvent = new URL(address, location.href).pathname === '/p';
    try {
        const answer = await fetch(address, options);
        if (isEvent) say(kindsOf(options.body), answer.headers.get('Crumb-Result') ?? `status ${answer.status}`);
        return answer;
    } catch (error) {
        if (isEvent) say(kindsOf(options.body), 'no answer');
        throw error;
    }
};

function sayState({ known, purposes }) {
    const granted = Object.keys(purposes).filter((name) => purposes[name]);

    if (granted.length) state.textContent = `You allow: ${granted.join(', ')}.`;
    else if (known) state.textContent = 'Nothing is sent: you do not allow it.';
    else state.textContent = 'Nothing is sent: no choice of yours is known.';
}

for (const name of ['crumb:ready', 'crumb:change']) document.addEventListener(name, ({ detail }) => sayState(detail));
if (window.crumb) window.crumb.on('ready', sayState);
