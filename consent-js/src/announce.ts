// The banner of a site that announces a change: what will be from a day to come is told once to whoever has granted
// something. Who is asked reads it in the question.

import './main.ts';
import { more } from './banner.ts';
import { kept } from './cookie.ts';
import { button, element } from './dom.ts';
import { notice, speak, text } from './settings.ts';
import { answers, hasGrant } from './state.ts';
import { inTurn } from './take.ts';
import { closeBanner, isAsking, placeBanner, showControl } from './view.ts';

// Kept on a device whose owner allowed something, and only when it is put away: when what was announced begins.
async function announce() {
    await speak();
    const { next } = notice;
    if (!next || isAsking() || !hasGrant(answers) || kept.crumb_told == next.from) return;
    const close = () => {
        kept.crumb_told = next.from;
        closeBanner();
        showControl();
    };
    const made = element(
        'dialog',
        { class: 'banner', 'aria-labelledby': 't' },
        element('p', { id: 't' }, next.text),
        element('p', { class: 'small' }, more()),
        element('div', { class: 'acts' }, button(text('close'), close, { class: 'act' })),
    );
    made.addEventListener('keydown', ({ key }) => key == 'Escape' && close());
    placeBanner(made);
}

// Behind the page's beginning, which knows what was chosen and asks where it has to.
inTurn(announce);
