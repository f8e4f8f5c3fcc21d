// A yes and what it does not cover: a purpose that has to be asked by itself gets a step of its own, with two answers
// that are alike. Whoever leaves a step goes back, and nothing was chosen.

import { answer } from './banner.ts';
import { purposeDetails, sheetOf } from './dialog.ts';
import { element } from './dom.ts';
import { notice, text, type Purpose } from './settings.ts';
import { answers } from './state.ts';
import { about, answersOf, take, type About } from './take.ts';
import { placeFront } from './view.ts';

function ask([purpose, ...rest]: Purpose[], granted: Purpose[], then: (granted: Purpose[]) => void) {
    if (!purpose) return then(granted);
    const next = (...more: Purpose[]) => {
        made.close();
        ask(rest, [...granted, ...more], then);
    };
    const made = sheetOf(
        text('accept_more'),
        text('back'),
        [element('h3', {}, purpose.title), ...purposeDetails(purpose)],
        [answer(text('allow'), () => next(purpose)), answer(text('refuse'), () => next())],
    );
    placeFront(made);
}

// The others stay as they are, and one that was never answered is refused.
function grant(all: Purpose[], isAlone: (purpose: Purpose) => unknown, kind: 'grant' | 'custom', told: About) {
    ask(
        all.filter(isAlone),
        all.filter((purpose) => !isAlone(purpose)),
        (granted) => {
            const names = granted.map(({ name }) => name);
            take(kind, told, (now) => answersOf(({ name }) => names.includes(name) || !!now?.[name]));
        },
    );
}

export function accept(told: About) {
    const had = answers;
    grant(notice.purposes, ({ separate, name }) => separate && !had?.[name], 'grant', told);
}

// In the place where these are missing; one alone is asked by itself there.
export const allow = (missing: Purpose[]) =>
    grant(missing, ({ separate }) => separate && missing[1], 'custom', about('page'));
