// "Accept" and what it does not cover: a purpose that has to be asked by itself gets a step of its own, with two
// answers that are alike. Whoever leaves a step goes back, and nothing was chosen.

import { answer } from './banner.ts';
import type { Answers } from './cookie.ts';
import { purposeDetails, sheetOf } from './dialog.ts';
import { element } from './dom.ts';
import { notice, text, type Purpose } from './settings.ts';
import { answers } from './state.ts';
import { answersOf, take, type Surface } from './take.ts';
import { placeFront } from './view.ts';

function ask([purpose, ...rest]: Purpose[], wanted: Answers, surface: Surface) {
    if (!purpose) {
        take('grant', surface, wanted);
        return;
    }
    const next = (yes: boolean) => () => ask(rest, { ...wanted, [purpose.name]: yes }, surface);
    placeFront(
        sheetOf(
            text('accept_more'),
            text('back'),
            [element('h3', {}, purpose.title), ...purposeDetails(purpose)],
            [answer(text('allow'), next(true)), answer(text('refuse'), next(false))],
        ),
    );
}

export function accept(surface: Surface) {
    const separate = notice.purposes.filter(({ separate, name }) => separate && !answers?.[name]);
    ask(separate, answersOf((purpose) => !separate.includes(purpose)), surface);
}
