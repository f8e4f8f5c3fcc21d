// What this page begins with, and begins with again when it comes back into view: the choice that is known, or a
// question.
//
// Only the cookie is asked where it can be read and decides. The service is asked where it cannot (a cookie of another
// host), where the notice has changed (a purpose that did not change keeps its answer), and where the browser's privacy
// signal meets a grant (the newer of the two wins, and the receipt knows which is).

import { openBanner } from './banner.ts';
import { isReadable, rawChoice, readChoice, type Answers } from './cookie.ts';
import { about, inTurn, shown, take } from './take.ts';
import { ask, tell } from './service.ts';
import { notice, settings, speak } from './settings.ts';
import { hasGrant, hasSignal, isOfMinor, isTold, putInForce } from './state.ts';
import { closeBanner, isAsking, showControl } from './view.ts';

interface Known {
    answers_: Answers | null;
    action_: string;
    mustAsk_?: boolean;
}

const NOTHING: Known = { answers_: null, action_: '' };

async function look(): Promise<Known> {
    const kept = readChoice();
    shown.raw_ = rawChoice();
    const decides = kept ? kept.material_ == shown.material_ && !(hasSignal() && hasGrant(kept.answers_)) : isReadable();
    if (decides) return kept ?? NOTHING;
    const { ask: mustAsk, purposes, receipt } = await ask('consent');
    if (hasSignal() && receipt && !receipt.gpc) return NOTHING;
    const stands = purposes && (receipt || !mustAsk);
    return { answers_: stands ? purposes : null, action_: receipt?.action ?? kept?.action_ ?? '', mustAsk_: mustAsk };
}

function isAnswered({ answers_, mustAsk_ }: Known) {
    return !!answers_ && !mustAsk_ && notice.purposes.every(({ name }) => name in answers_);
}

async function question({ answers_, action_ }: Known) {
    await speak();
    putInForce(answers_, action_);
    if (isAsking()) return;
    openBanner();
    tell('shown', about('banner')).catch(() => {});
    if (!answers_ && settings.regime != 'opt_in') take('implied', 'banner', undefined);
}

// What nobody is asked: a minor, and a browser that has already said it.
async function settle(known: Known) {
    const { answers_, action_ } = known;
    const isSilent = !answers_ || action_ == 'implied';
    const automatic = isOfMinor() ? 'minor' : hasSignal() && isSilent ? 'gpc' : '';
    if (automatic && automatic != action_) {
        putInForce(null);
        if (navigator.cookieEnabled) take(automatic, 'banner');
    } else if (automatic || isAnswered(known)) putInForce(answers_, action_);
    else if (navigator.cookieEnabled) {
        await question(known);
        return;
    } else putInForce(null); // asking would not end, as no answer could be kept
    if (action_ != 'implied') closeBanner(); // the notice of what is implied is put away by its reader
    showControl();
}

async function begin() {
    try {
        await settle(await look());
    } catch {
        putInForce(null); // the service does not answer, and unsure means no
        showControl();
    }
}

// What was under way when the page came into view may be what changed the cookie: asked when it is this one's turn.
const beginAgain = async () => {
    if (rawChoice() != shown.raw_ || !isReadable()) await begin();
};

export function start() {
    inTurn(begin);
    for (const event of ['visibilitychange', 'focus', 'pageshow'])
        addEventListener(event, () => {
            if (isTold() && document.visibilityState == 'visible') inTurn(beginAgain);
        });
}
