// Delivery: events wait in memory for a moment, go together, and are sent again where that failed, each under the name
// (`eid`) that it was born with, so that it counts once. Nothing is kept elsewhere: a page that is closed while there is
// no network takes its last events along.
//
// What may be told is asked when an event happens, and again when it is sent: a withdrawal drops what waits.

import type { Tracked } from '../../consent-js/crumb.d.ts';
import { mayTell, type Kind } from './consent.ts';
import { mask } from './mask.ts';
import { here } from './page.ts';

type Pairs = Record<string, unknown>;

interface Event extends Pairs {
    e: Kind;
    dtm: number;
}

const enum Limit {
    WAITING = 99, // and one more, those on their way among them; what comes then is dropped
    AT_ONCE = 8, // of 8,192 bytes each: what a browser lets outlive a page, and the service takes
    GATHER_MS = 300,
    AGAIN_MS = 500, // and as long as the event has waited already, ...
    AGE_MS = 600_000, // ... until it is so old: then it goes with the next
    LETTERS = 170, // 510 bytes of UTF-8 at most
}

const service = new URL('p', (document.currentScript as HTMLScriptElement).src);

let waiting: Event[] = [];
let nFlying = 0;
let again: void | number;

// What a page says of itself; it may be anything.
const cut = (text: unknown) => mask('' + text).slice(0, Limit.LETTERS);

// Twenty digits by chance make a UUID that names an event among those of one visitor; crypto.randomUUID() is not there on
// a page without TLS.
const digits = (n: number) => Math.random().toFixed(n).slice(2);

export function report(e: Kind, pairs: Pairs) {
    if (!mayTell(e) || waiting.length + nFlying > Limit.WAITING) return;
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
export function track([name, props, worth, category = 'event', kind = '', link = '']: Tracked) {
    const pairs: Pairs = { se_ca: category, se_ac: cut(name), se_pr: kind, se_la: cut(link), ...worth };
    for (const key in props) pairs['x_p.' + key] = cut(props[key]);
    report('se', pairs);
}

// The device is asked only where it may be, and so is the page, which is of class log. The title is what it is when a
// view is sent: frameworks set it a little after the address.
function line(event: Event) {
    const device = mayTell('device') && {
        res: screen.width + 'x' + screen.height,
        vp: innerWidth + 'x' + innerHeight,
        lang: navigator.language,
        tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    if (event.e == 'pv') event.page ||= cut(document.title);
    if (!mayTell('pv')) event.url = '';
    return new URLSearchParams({ ...event, ...device, stm: Date.now() } as never);
}

async function attempt(some: Event[]) {
    const lines = some.map(line);
    const body = lines.join('\n');
    nFlying += some.length;
    try {
        if ('keepalive' in Request.prototype) {
            if (
                /429|5../.test(
                    (await fetch(service, { method: 'POST', body, keepalive: true, credentials: 'include' })).status as never,
                )
            )
                throw 0;
        } else if (!navigator.sendBeacon?.(service, body))
            lines.map((each) => (new Image().src = service + '.gif?' + each));
    } catch {
        waiting.unshift(...some);
        const age = Date.now() - some[0]!.dtm;
        if (age < Limit.AGE_MS) again ||= setTimeout(send, age + Limit.AGAIN_MS) as never;
    }
    nFlying -= some.length;
}

// Sends everything at once: the page may be gone in a moment.
export function send() {
    again = clearTimeout(again as number);
    waiting = waiting.filter(({ e }) => mayTell(e));
    while (waiting.length) attempt(waiting.splice(0, Limit.AT_ONCE));
}
