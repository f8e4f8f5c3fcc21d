// The gate: what the page holds back until a choice allows it.
//
//     <script type="text/plain" data-category="analytics" data-src="..."></script>
//     <iframe data-category="marketing !journeys" data-src="..."></iframe>
//
// `data-category` names purposes: all of them must be granted, those after a `!` refused. Before a choice is known
// neither is the case. An element that names a purpose of nobody's is not ours, and stays as it is.
//
// A script runs once, by being moved: the element stays what the parser made of it, so its nonce and, under Trusted
// Types, its `src` and text keep the trust they had, and what the browser would not run (a script out of innerHTML) is
// not run here either. `data-src` is a text that becomes an address, which under Trusted Types takes a policy: `crumb`.
// Frames, images, media and styles come and go with the choice, and their addresses are of the web: whoever may only write
// markup into a page cannot make an attribute of it code.

import { element } from './dom.ts';
import { hideFrame, showFrame } from './frame.ts';
import { notice, purposes } from './settings.ts';
import { answers } from './state.ts';

const GATED = '[data-category]';
const LOADING = 'iframe,img,link,source,video,audio,style';
const ADDRESSES = ['src', 'srcset', 'href'] as const;

interface TrustedTypes {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const run = new WeakSet<Element>();

const conditions = (gated: HTMLElement) => gated.dataset.category!.split(' ').filter(Boolean);

// One that came with a changed notice is, too, and one that went with it is still.
const isPurpose = (word: string) => [...purposes, ...notice.purposes].some(({ name }) => name == word);

const isGranted = (name: string) => answers?.[name.replace('!', '')];
const holds = (name: string) => isGranted(name) === (name[0] != '!');

function isAllowed(gated: HTMLElement) {
    const all = conditions(gated);
    return all.length > 0 && all.every(holds);
}

function isOfWeb(gated: Element, address: string | undefined) {
    const { protocol } = element('a', { href: address ?? 'none:' });
    return /^https?:/.test(protocol) || (gated.localName == 'img' && protocol == 'data:');
}

// ---- scripts ----

let policy: { createScriptURL(url: string): string } | undefined;

// Where the page's policy does not have `crumb`, the page has said no to this script, and is told in the console.
export function setScriptAddress(script: HTMLScriptElement, url: string) {
    const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
    const rules = { createScriptURL: (same: string) => same };
    try {
        policy ??= trustedTypes ? trustedTypes.createPolicy('crumb', rules) : rules;
        script.src = policy.createScriptURL(url);
    } catch (error) {
        console.error(error);
    }
}

// Whether it may run is asked when it would: a choice may have been taken back while it waited.
function start(script: HTMLScriptElement) {
    if (run.has(script) || !script.isConnected || !isAllowed(script)) return;
    run.add(script);
    return new Promise((done) => {
        const { src, type } = script.dataset;
        script.addEventListener('load', done);
        script.addEventListener('error', done);
        script.type = type || 'text/javascript';
        if (!script.hasAttribute('async')) script.async = false; // in the order of the document
        if (isOfWeb(script, src)) setScriptAddress(script, src!);
        script.parentNode!.insertBefore(script, script.nextSibling);
        if (!script.src) done(0);
    });
}

// Scripts with an address run in order by themselves and are fetched side by side; one without waits for those before.
let loaded: Promise<unknown> = Promise.resolve();
let inlined: Promise<unknown> = loaded;

function queue(script: HTMLScriptElement) {
    if (script.hasAttribute('async')) start(script);
    else if (script.dataset.src || script.src) loaded = Promise.all([loaded, inlined.then(() => start(script))]);
    else inlined = loaded = loaded.then(() => start(script));
}

// ---- everything else ----

const opened = new WeakMap<Element, [name: string, before: string | null][]>();

function set(gated: Element, name: string, value: string | null) {
    if (value == null) gated.removeAttribute(name);
    else gated.setAttribute(name, value);
}

function open(gated: HTMLElement) {
    if (opened.has(gated)) return;
    const names = ADDRESSES.filter((name) => isOfWeb(gated, gated.dataset[name]));
    opened.set(gated, [...names, 'type'].map((name) => [name, gated.getAttribute(name)]));
    for (const name of names) set(gated, name, gated.dataset[name]!);
    if (gated.localName == 'style') set(gated, 'type', null);
    if (gated.localName == 'iframe') showFrame(gated);
}

function shut(gated: HTMLElement) {
    for (const [name, before] of opened.get(gated) ?? []) set(gated, name, before);
    opened.delete(gated);
    if (gated.localName != 'iframe') return;
    const all = conditions(gated);
    // What is for those alone who refused something that is granted is nothing to offer.
    if (all.some((name) => name[0] == '!' && isGranted(name))) showFrame(gated);
    else hideFrame(gated, all.filter((name) => !isGranted(name)));
}

function apply(gated: Element) {
    const it = gated as HTMLScriptElement;
    if (!conditions(it).every((name) => isPurpose(name.replace('!', '')))) return;
    if (it.matches(LOADING)) (isAllowed(it) ? open : shut)(it);
    else if (it.matches('script[type="text/plain"]')) queue(it);
}

export function openGate() {
    document.querySelectorAll(GATED).forEach(apply);
}

export function watchGate(onChange: () => void) {
    new MutationObserver((records) => {
        for (const { addedNodes } of records)
            for (const node of addedNodes as NodeListOf<Element>) {
                if (node.matches?.(GATED)) apply(node); // a text has no such method
                node.querySelectorAll?.(GATED).forEach(apply);
            }
        onChange();
    }).observe(document, { childList: true, subtree: true });
}
