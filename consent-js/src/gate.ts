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
// Frames, images and styles come and go with the choice.

import type { Answers } from './cookie.ts';
import { hideFrame, showFrame } from './frame.ts';
import { purposes } from './settings.ts';

const GATED = '[data-category]';
const ADDRESSES = ['src', 'srcset', 'href'] as const;

interface TrustedTypes {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let answers: Answers | null = null;
const run = new WeakSet<Element>();

const conditions = (gated: HTMLElement) => gated.dataset.category!.split(' ').filter(Boolean);

const isPurpose = (word: string) => purposes.some(({ name }) => name == word);

function isAllowed(gated: HTMLElement) {
    const all = conditions(gated);
    const holds = (name: string) => (name[0] == '!' ? answers?.[name.slice(1)] === false : answers?.[name] === true);
    return all.length > 0 && all.every(holds);
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
        if (src) setScriptAddress(script, src);
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
    const names = ADDRESSES.filter((name) => gated.dataset[name] != null);
    opened.set(gated, [...names, 'type'].map((name) => [name, gated.getAttribute(name)]));
    for (const name of names) set(gated, name, gated.dataset[name]!);
    if (gated.localName == 'style') set(gated, 'type', null);
    if (gated.localName == 'iframe') showFrame(gated);
}

function shut(gated: HTMLElement) {
    for (const [name, before] of opened.get(gated) ?? []) set(gated, name, before);
    opened.delete(gated);
    if (gated.localName == 'iframe') hideFrame(gated, conditions(gated));
}

function apply(gated: Element) {
    const it = gated as HTMLScriptElement;
    if (!conditions(it).every((name) => isPurpose(name.replace('!', '')))) return;
    if (it.localName != 'script') (isAllowed(it) ? open : shut)(it);
    else if (it.getAttribute('type') == 'text/plain') queue(it);
}

export function openGate(now: Answers | null) {
    answers = now;
    document.querySelectorAll(GATED).forEach(apply);
}

export function watchGate(onChange: () => void) {
    new MutationObserver((records) => {
        for (const { addedNodes } of records)
            for (const node of addedNodes)
                if (node instanceof Element) {
                    if (node.matches(GATED)) apply(node);
                    node.querySelectorAll(GATED).forEach(apply);
                }
        onChange();
    }).observe(document, { childList: true, subtree: true });
}
