// Delivery: events wait in memory for a moment, go together, and are sent again where that failed, each under the name
// (`eid`) that it was born with, so that it counts once. Nothing is kept elsewhere: a page that is closed while there is
// no network takes its last events along.
//
// What may be told is asked when an event happens, and again when it is sent: a withdrawal drops what waits.

import type { Tracked } from '../../consent-js/crumb.d.ts';
import { mayTell, type Kind } from './consent.ts';
import { clean, here } from './page.ts';

type Pairs = Record<string, unknown>;

interface Event extends Pairs {
    e: Kind;
    dtm: number;
}

const enum Limit {
    WAITING = 99, // and one more; what comes then is dropped
    AT_ONCE = 8, // of 8,192 bytes each: what a browser lets outlive a page, and the service takes
    GATHER_MS = 300,
    AGAIN_MS = 500, // and as long as the event has waited already, ...
    AGE_MS = 600_000, // ... until it is so old: then it goes with the next
    LETTERS = 170, // 510 bytes of UTF-8 at most
}

const service = new URL('.', (document.currentScript as HTMLScriptElement).src);

let waiting: Event[] = [];

const cut = (text: unknown) => ('' + text).slice(0, Limit.LETTERS);

// Twenty digits by chance make a UUID that names an event among those of one visitor; crypto.randomUUID() is not there on
// a page without TLS.
const digits = (n: number) => Math.random().toFixed(n).slice(2);

export function report(e: Kind, pairs: Pairs) {
    if (!mayTell(e) || waiting[Limit.WAITING]) return;
    waiting.push({
        aid: SETTINGS.site,
        e,
        eid: digits(8) + '-0000-4000-8000-' + digits(12),
        dtm: Date.now(),
        url: here(),
        ...pairs,
    });
    setTimeout(send, Limit.GATHER_MS);
}

// A click, a form that was sent, or an event of the page's own.
export function track([name, props, category = 'event', kind = '', link]: Tracked) {
    const pairs: Pairs = { se_ca: category, se_ac: name, se_pr: kind, se_la: link?.host ? clean(link) : '' };
    for (const key in props)
        pairs[key == 'value' ? 'se_va' : key == 'currency' ? 'x_cur' : 'x_p.' + key] = cut(props[key]);
    report('se', pairs);
}

// The device is asked only where it may be. The title is what it is when a view is sent: frameworks set it a little after
// the address.
function line(event: Event) {
    const { scrollWidth, scrollHeight } = document.documentElement;
    const device = mayTell('device') && {
        res: screen.width + 'x' + screen.height,
        vp: innerWidth + 'x' + innerHeight,
        ds: scrollWidth + 'x' + scrollHeight,
        lang: navigator.language,
        tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    if (event.e == 'pv') event.page ??= cut(document.title);
    return '' + new URLSearchParams({ ...event, ...device, stm: Date.now() } as never);
}

async function attempt(lines: string[]) {
    const body = lines.join('\n');
    if ('keepalive' in Request.prototype) {
        const { status } = await fetch(service + 'p', { method: 'POST', body, keepalive: true, credentials: 'include' });
        if (status > 499) throw 0;
    } else if (!navigator.sendBeacon(service + 'p', body))
        for (const each of lines) new Image().src = service + 'p.gif?' + each;
}

// Sends everything at once: the page may be gone in a moment.
export function send() {
    waiting = waiting.filter(({ e }) => mayTell(e));
    while (waiting[0]) {
        const some = waiting.splice(0, Limit.AT_ONCE);
        attempt(some.map(line)).catch(() => {
            waiting.unshift(...some);
            const age = Date.now() - some[0]!.dtm;
            if (age < Limit.AGE_MS) setTimeout(send, age + Limit.AGAIN_MS);
        });
    }
}
