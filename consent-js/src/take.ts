// A choice and its effect.
//
// The notice closes at once. What is taken back is off from that moment; what is granted waits for the service's answer,
// which comes after the ledger's commit. Where no answer comes, or the browser did not keep the choice, everything is
// off, and the page says so.
//
// Choices have their effect one after the other. One that says all it wants is sent at once, so that no navigation can
// lose a no behind a slow yes, and a no stops what is under way, so that no late answer brings the cookies of a yes; one
// that builds on the choice before is made when that one is known. What a visitor has taken back is owed to the service
// until it is confirmed, on the pages that follow, too.

import { openBanner } from './banner.ts';
import { forgetChoice, isReadable, owe, owed, readChoice, type Answers } from './cookie.ts';
import { queue } from './pixel.ts';
import { ask, tell } from './service.ts';
import { hash, notice, readNotice, settings, text } from './settings.ts';
import { action, answers, isSame, putInForce } from './state.ts';
import { close, closeBanner, say, showControl } from './view.ts';

export type Surface = 'banner' | 'dialog' | 'page' | 'api';
export type Action = 'grant' | 'deny' | 'custom' | 'dismiss' | 'withdraw' | 'gpc' | 'implied' | 'minor' | 'renew';

// Which notice is read, and where: taken down with the words, as another notice may come before the answer.
export const about = (surface: Surface) => ({ site: settings.site, notice: hash, lang: notice.lang, surface });
export type About = ReturnType<typeof about>;

// An answer to every purpose, where the action does not say it all. A function builds on what is in force in its turn.
type Wish = Answers | ((before: Answers | null) => Answers);

interface Choice {
    kind_: Action;
    about_: About;
    wish_?: Wish;
    done_?: string; // what is said then
    number_: number;
    answer_?: Promise<any>; // where it was sent before its turn
    less_?: boolean; // it takes something back
}

const enum Limit {
    SAVED_SHOWN_MS = 5000,
}

export const shown = { material_: settings.material, raw_: '' }; // of the cookie that was read last
let turn: Promise<unknown> = Promise.resolve();
let taken = 0; // choices so far
let refused = 0; // the last of them that was a no
export let waiting = 0; // for their effect
export let decided = 0; // those that say all they want
let stopping = new AbortController(); // of each yes that is under way

// So that the click's own task does no more than close what was clicked.
const later = () => new Promise((done) => setTimeout(done));

// One thing after the other, in the order in which they were begun.
export const inTurn = (act: () => Promise<unknown>) => (turn = turn.then(later).then(act).catch(() => {}));

const valueOf = (wish?: Wish) => (typeof wish == 'function' ? wish(answers) : wish);

// What the page has reported until now was before the choice, which does not cover it: consent is prior.
function record({ kind_: kind, about_: told, wish_: wish }: Pick<Choice, 'kind_' | 'about_' | 'wish_'>) {
    queue.length = 0;
    return tell(
        'consent',
        { ...told, action: kind, purposes: kind == 'dismiss' ? undefined : valueOf(wish) },
        wish || kind == 'implied' ? stopping.signal : undefined,
    );
}

const withdraw = (told: About) => record({ kind_: 'withdraw', about_: told });

// The browser's word: another tab may have chosen since, and a browser without cookies has kept nothing.
async function readBack(told: Answers | undefined, kind: Action) {
    const kept = readChoice();
    if (kept && (kept.raw_ != shown.raw_ || !told || isSame(told, kept.answers_))) {
        shown.material_ = kept.material_;
        shown.raw_ = kept.raw_;
        return putInForce(kept.answers_, kept.action_);
    }
    const known = !isReadable() && (await ask('consent'));
    if (!known || known.ask) throw Error('not kept');
    putInForce(known.purposes, known.action ?? kind);
}

// A no that was said since has the last word.
const isOver = ({ number_: number }: Choice) => refused > number;

async function send(choice: Choice): Promise<void> {
    const { kind_: kind, done_: done } = choice;
    const { receipt } = await (choice.answer_ ?? record(choice));
    const told = kind == 'dismiss' ? undefined : receipt?.purposes;
    if (isOver(choice)) return;
    await readBack(told, kind);
    owe('');
    if (!receipt || kind != 'implied') closeBanner(); // without one somebody has chosen meanwhile, and that stands
    showControl();
    if (receipt && done) say(text(done), done == 'saved' ? Limit.SAVED_SHOWN_MS : 0);
}

// The notice changed after this page got it. Nobody has read what would be recorded: it is shown, and asked again.
async function retry(choice: Choice) {
    const isImplied = choice.kind_ == 'implied';
    await readNotice();
    openBanner(isImplied ? '' : text('changed'));
    choice.about_ = about('banner');
    if (isImplied) await send(choice);
}

// The choice before is not what the visitor wants any more, so the next page must not find it. A status says that
// nothing was recorded; without one it may have been, and is taken back as far as that can be said now.
function fail({ kind_: kind, about_: told, wish_: wish, done_: done }: Choice, { message }: Error) {
    if (kind != 'dismiss' || !answers) {
        if (wish && !+message) withdraw(told).catch(() => {}).then(forgetChoice);
        forgetChoice();
        putInForce(null);
    }
    showControl();
    if (done == 'saved') say(text('saving_failed'));
}

async function carryOut(choice: Choice) {
    if (!isOver(choice))
        await send(choice)
            .catch((error) => {
                if (choice.less_) owe(choice.about_.surface);
                if (error.message != 409 || isOver(choice)) throw error;
                return retry(choice);
            })
            .catch((error) => isOver(choice) || fail(choice, error));
    waiting--;
}

// What the page says for its visitor while it is its turn.
export function takeNow(kind: Action, told: About) {
    waiting++;
    return carryOut({ kind_: kind, about_: told, number_: ++taken, done_: kind == 'gpc' ? kind : '' });
}

const both = (given: Answers, wanted: Answers = {}) =>
    Object.fromEntries(Object.entries(given).map(([name, yes]) => [name, yes && !!wanted[name]]));

export function take(kind: Action, told: About, wish?: Wish) {
    // Whoever turns the question away leaves the answers that there are, or that silence is about to give.
    if (kind == 'dismiss' && (answers || settings.regime != 'opt_in')) wish = (now) => now ?? {};
    const left = answers && both(answers, valueOf(wish));
    const less = !!left && !isSame(left, answers);
    const choice: Choice = {
        kind_: kind,
        about_: told,
        wish_: wish,
        done_: 'saved',
        number_: ++taken,
        less_: less,
    };
    if (!wish) {
        refused = taken;
        stopping.abort();
        stopping = new AbortController();
        if (less || waiting) owe(told.surface);
    }
    waiting++;
    close();
    if (left) putInForce(left, action);
    if (typeof wish != 'function') {
        decided++;
        choice.answer_ = later().then(() => record(choice));
        choice.answer_.catch(() => {}); // seen in its turn
    }
    return inTurn(() => carryOut(choice));
}

// What an earlier page could not have recorded.
export async function payBack() {
    const surface = owed();
    if (!surface || waiting) return;
    await withdraw(about(surface as Surface));
    owe('');
}

type Purpose = (typeof notice.purposes)[number];
export const answersOf = (isGranted: (purpose: Purpose) => boolean): Answers =>
    Object.fromEntries(notice.purposes.map((purpose) => [purpose.name, isGranted(purpose)]));
