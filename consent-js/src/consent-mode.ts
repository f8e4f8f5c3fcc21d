// Google Consent Mode v2: `default` while this script runs, `update` whenever the choice changes.
//
// All four signals are told, denied where no granted purpose names them. Only where the configuration maps a purpose.

import type { Answers } from './cookie.ts';
import { purposes } from './settings.ts';

const SIGNALS = ['ad_storage', 'ad_user_data', 'ad_personalization', 'analytics_storage'];

const enum Limit {
    WAIT_MS = 500, // tags hold back this long for the first update
}

declare global {
    interface Window {
        dataLayer?: unknown[];
    }
}

const isUsed = purposes.some(({ mode }) => mode?.length);

// Tags read the array-like `arguments` of the call, and nothing else. What is no array is not theirs.
function tellTags(..._command: unknown[]) {
    // eslint-disable-next-line prefer-rest-params
    if (Array.isArray((window.dataLayer ||= []))) window.dataLayer.push(arguments);
}

function signals(answers: Answers | null) {
    const granted = purposes.filter(({ name }) => answers?.[name]).flatMap(({ mode }) => mode ?? []);
    return Object.fromEntries(SIGNALS.map((signal) => [signal, granted.includes(signal) ? 'granted' : 'denied']));
}

export function startMode() {
    if (isUsed) tellTags('consent', 'default', { ...signals(null), wait_for_update: Limit.WAIT_MS });
}

export function updateMode(answers: Answers | null) {
    if (isUsed) tellTags('consent', 'update', signals(answers));
}
