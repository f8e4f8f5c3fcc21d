// Page views, and how long and how far down a page is looked at.
//
// A page is viewed when it is first seen, not when it is made ready: prerendered pages and tabs in the background wait.
// A page that comes back out of the browser's cache is viewed again. Where a page changes its address by itself, that is
// another view, if the page is another one.
//
// Time counts while the page is visible and has the focus. It is reported when the page goes out of sight, and on long
// stays now and then, so that little is lost where a browser ends without a word.

import { mayTell } from './consent.ts';
import { report, send } from './deliver.ts';
import { clean, here } from './page.ts';

const enum Limit {
    BEAT_MS = 15_000, // of time seen, until it is reported; doubled with each report ...
    BEATS = 7, // ... so often: 16 minutes
    LOOK_MS = 5_000,
    GAP_MS = 30_000, // more between two looks, and the machine has slept
    SEEN_MS = 99, // more than that, or it is not reported
}

let url = ''; // of the page that was viewed last; empty: none is
let referrer = document.referrer;
let seen = 0;
let last = 0;
let isSeen = false;
let beats = 0;
let deepest = 0;

function look() {
    const now = performance.now();
    if (isSeen) seen += Math.min(now - last, Limit.GAP_MS);
    last = now;
    isSeen = document.hasFocus() && !document.hidden;
    deepest = Math.max(deepest, scrollY | 0);
}

function reportDwell() {
    look();
    if (seen > Limit.SEEN_MS) {
        report('pp', { url, x_vis: seen | 0, pp_may: deepest });
        seen = deepest = 0;
    }
}

// Looks at whatever may have changed what is seen, or what may be told of it.
export function onSight({ type, persisted }: { type?: string; persisted?: boolean } = {}) {
    const next = here();
    const isHere = !document.hidden && type != 'pagehide';
    const isNew = isHere && (next != url || persisted);
    look();
    if (isNew || !isHere) {
        reportDwell();
        send();
    }
    if (!mayTell('pv')) url = '';
    else if (isNew) {
        if (url) referrer = url;
        url = next;
        seen = beats = deepest = 0;
        report('pv', { url: here(true), refr: referrer && clean(new URL(referrer)) });
    }
}

export function watchViews() {
    onSight();
    for (const name of ['pushState', 'replaceState'] as const) {
        const change = history[name];
        history[name] = (...to) => {
            change.apply(history, to);
            onSight();
        };
    }
    for (const name of ['pagehide', 'pageshow', 'popstate', 'blur', 'focus', 'visibilitychange'])
        addEventListener(name, onSight as EventListener);
    addEventListener('scroll', look);
    setInterval(() => {
        look();
        if (seen > Limit.BEAT_MS << beats && beats++ < Limit.BEATS) reportDwell();
    }, Limit.LOOK_MS);
}
