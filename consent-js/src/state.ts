// What is in force on this page, and who is told when that changes.

import { updateMode } from './consent-mode.ts';
import { deleteCookies, type Answers } from './cookie.ts';
import { openGate } from './gate.ts';
import { loadPixel } from './pixel.ts';
import { notice, purposes, settings } from './settings.ts';
import { tag } from './service.ts';
import type { Surface } from './take.ts';

// Null: no choice is known, and nothing is allowed.
export let answers: Answers | null = null;
export let action = ''; // by which it was made
let isReady = false;
// Where it was said that the visitor is a minor, or "".
export let minorBy: Surface | '' = [tag, document.documentElement.dataset].some(({ audience }) => audience == 'minor') ? 'banner' : '';

export const isOfMinor = () => !!minorBy || action == 'minor';
export const setMinor = () => (minorBy ||= 'api');
export const hasSignal = () => !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;

export const hasGrant = (of: Answers | null | undefined) => Object.values(of ?? {}).includes(true);
export const isSame = (a: Answers, b: Answers | null) =>
    !!b && notice.purposes.every(({ name }) => a[name] === b[name]);

export const state = () => ({
    known: !!answers,
    action,
    purposes: { ...answers },
    regime: settings.regime,
    gpc: hasSignal(),
    minor: isOfMinor(),
});

const emit = (event: string) =>
    document.dispatchEvent(new CustomEvent('crumb:' + event, { detail: state(), bubbles: true }));

// Google's tags are told before they may run; the page is told when everything has been done.
export function putInForce(now: Answers | null, how = '') {
    const isNews = action != how || JSON.stringify(answers) != JSON.stringify(now);
    if (now || answers) {
        deleteCookies(purposes.flatMap(({ name, cookies }) => (now?.[name] ? [] : cookies ?? [])));
        updateMode(now);
    }
    answers = now;
    action = how;
    openGate();
    if (now) loadPixel(now);
    if (isReady && isNews) emit('change');
    else if (!isReady) {
        isReady = true;
        emit('ready');
    }
}

export const isTold = () => isReady;
