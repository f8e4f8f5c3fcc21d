// What this page begins with, and begins with again when it comes back into view: the choice that is known, or a
// question.
//
// Only the cookie is asked where it can be read and decides. The service is asked where it cannot (a cookie of another
// host), where the notice has changed (a purpose that did not change keeps its answer), and where the browser's privacy
// signal meets a grant (the newer of the two wins, and the receipt knows which is).

import { openBanner } from './banner.ts';
import { isReadable, owed, rawChoice, readChoice, type Answers } from './cookie.ts';
import { about, decided, inTurn, payBack, shown, takeNow, waiting } from './take.ts';
import { ask } from './service.ts';
import { notice, settings, speak } from './settings.ts';
import { hasGrant, hasSignal, isOfMinor, isTold, minorBy, putInForce } from './state.ts';
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
    if (owed()) return NOTHING;
    const decides = kept ? kept.material_ == shown.material_ && !(hasSignal() && hasGrant(kept.answers_)) : isReadable();
    if (decides) return kept ?? NOTHING;
    const { ask: mustAsk, purposes, receipt, action } = await ask('consent');
    if (hasSignal() && receipt && !receipt.gpc) return NOTHING;
    const stands = purposes && (receipt || !mustAsk);
    return { answers_: stands ? purposes : null, action_: action ?? '', mustAsk_: mustAsk };
}

function isAnswered({ answers_, mustAsk_ }: Known) {
    return !!answers_ && !mustAsk_ && notice.purposes.every(({ name }) => name in answers_);
}

async function question({ answers_ }: Known) {
    await speak();
    if (isAsking() || waiting) return;
    openBanner();
    if (!answers_ && settings.regime != 'opt_in') await takeNow('implied', about('banner'));
}

// What nobody is asked: a minor, and a browser that has already said it. Silence is no answer where the law wants one,
// though it was one where the visitor came from.
async function settle(known: Known) {
    if (known.action_ == 'implied' && settings.regime == 'opt_in') known = NOTHING;
    const { answers_, action_ } = known;
    const isMinor = isOfMinor() || action_ == 'minor';
    const isSilent = !answers_ || action_ == 'implied';
    const automatic = isMinor ? 'minor' : hasSignal() && isSilent ? 'gpc' : '';
    if (automatic && (automatic != action_ || (isMinor && !answers_))) {
        putInForce(null);
        if (navigator.cookieEnabled) await takeNow(automatic, about(minorBy || 'banner'));
    } else {
        putInForce(answers_, action_);
        // Where no answer could be kept, asking would not end.
        if (!automatic && !isAnswered(known) && navigator.cookieEnabled) return question(known);
    }
    await speak();
    if (action_ != 'implied') closeBanner(); // the notice of what is implied is put away by its reader
    showControl();
}

export async function begin() {
    try {
        await payBack();
        const before = decided;
        const known = await look();
        if (decided == before) await settle(known); // what was found is not what is wanted any more, and its turn comes
    } catch {
        putInForce(null); // the service does not answer, and unsure means no
        await speak();
        showControl();
    }
}

// What was under way when the page came into view may be what changed the cookie: asked when it is this one's turn.
const beginAgain = async () => {
    if (rawChoice() != shown.raw_ || !isReadable() || owed()) await begin();
};

let isDue = false;

export function start() {
    inTurn(begin);
    for (const event of ['visibilitychange', 'focus', 'pageshow'])
        addEventListener(event, () => {
            if (isDue || !isTold() || document.visibilityState != 'visible') return;
            isDue = true; // one look for all that a browser says at once
            inTurn(() => beginAgain().finally(() => (isDue = false)));
        });
}
