// A choice and its effect.
//
// The notice closes at once. What is taken back is off from that moment; what is granted waits for the service's answer,
// which comes after the ledger's commit. Where no answer comes, or the browser did not keep the choice, everything is
// off, and the page says so.

import { openBanner } from './banner.ts';
import { forgetChoice, isReadable, rawChoice, readChoice, type Answers } from './cookie.ts';
import { queue } from './pixel.ts';
import { ask, tell } from './service.ts';
import { hash, notice, readNotice, settings, text } from './settings.ts';
import { action, answers, isSame, putInForce } from './state.ts';
import { close, closeBanner, say, showControl } from './view.ts';

export type Surface = 'banner' | 'dialog' | 'page' | 'api';
export type Action = 'grant' | 'deny' | 'custom' | 'dismiss' | 'withdraw' | 'gpc' | 'implied' | 'minor' | 'renew';

const AUTOMATIC = ['gpc', 'implied', 'minor'];
const SAVED_SHOWN_MS = 5000;

export const shown = { material_: settings.material, raw_: '' }; // of the cookie that was read last
let turn: Promise<unknown> = Promise.resolve();

// So that the browser can paint what a click has closed: reading cookies and starting a request take their time.
const painted = () => new Promise((done) => setTimeout(done));

// One thing after the other, in the order in which they were begun.
export const inTurn = (act: () => Promise<unknown>) => (turn = turn.then(painted).then(act));

export const about = (surface: Surface) => ({ site: settings.site, notice: hash, lang: notice.lang, surface });

// What the page has reported until now was before the choice, which does not cover it: consent is prior.
function record(kind: Action, surface: Surface, wanted?: Answers) {
    queue.length = 0;
    return tell('consent', { ...about(surface), action: kind, purposes: wanted });
}

// The browser's word: another tab may have chosen since, and a browser without cookies has kept nothing.
async function readBack(before: string, told: Answers | undefined, kind: Action) {
    const kept = readChoice();
    if (kept && (kept.raw_ != before || !told || isSame(told, kept.answers_))) {
        shown.material_ = kept.material_;
        shown.raw_ = kept.raw_;
        return putInForce(kept.answers_, kept.action_);
    }
    const known = !isReadable() && (await ask('consent'));
    if (!known || known.ask) throw Error('not kept');
    putInForce(known.purposes, known.receipt?.action ?? (told ? kind : ''));
}

async function send(kind: Action, surface: Surface, wanted?: Answers): Promise<void> {
    const before = rawChoice();
    const { receipt } = await record(kind, surface, wanted);
    await readBack(before, receipt?.purposes, kind);
    if (!receipt) closeBanner(); // somebody has chosen meanwhile, and that stands
    if (!receipt || kind != 'implied') showControl();
    if (!receipt) return;
    if (kind == 'gpc') say(text('gpc'));
    else if (!AUTOMATIC.includes(kind)) say(text('saved'), SAVED_SHOWN_MS);
}

// The notice changed after this page got it. Nobody read what would be recorded: asked again, unless nobody was asked.
async function retry(kind: Action, surface: Surface, wanted?: Answers) {
    await readNotice();
    if (AUTOMATIC.includes(kind)) await send(kind, surface, wanted);
    else openBanner(text('changed'));
}

// The choice before is not what the visitor wants any more, so the next page must not find it.
function fail(kind: Action) {
    forgetChoice();
    putInForce(null);
    showControl();
    if (!AUTOMATIC.includes(kind)) say(text('saving_failed'));
}

const both = (given: Answers, wanted: Answers) =>
    Object.fromEntries(Object.entries(given).map(([name, yes]) => [name, yes && !!wanted[name]]));

// `wanted` answers every purpose where the action does not say it all.
export function take(kind: Action, surface: Surface, wanted?: Answers) {
    if (kind != 'implied') close();
    // Whoever turns the question away leaves the answers that there are.
    if (kind == 'dismiss' && answers) return inTurn(() => record(kind, surface).catch(() => {}).then(showControl));
    if (answers) putInForce(both(answers, wanted ?? {}), action);
    return inTurn(() =>
        send(kind, surface, wanted)
            .catch((error) => {
                if (error.message != 409) throw error;
                return retry(kind, surface, wanted);
            })
            .catch(() => fail(kind)),
    );
}

// Grants these and leaves the others as they are; who has not answered has refused.
export const allow = (names: string[], surface: Surface = 'page') =>
    take('custom', surface, answersOf(({ name }) => names.includes(name) || !!answers?.[name]));

export const answersOf = (isGranted: (purpose: (typeof notice.purposes)[number]) => boolean): Answers =>
    Object.fromEntries(notice.purposes.map((purpose) => [purpose.name, isGranted(purpose)]));
