// The first layer: who asks, for what, and three answers that are alike in everything but their words.

import { openChoices } from './dialog.ts';
import { accept } from './step.ts';
import { button, element } from './dom.ts';
import { address, tell } from './service.ts';
import { notice, settings, text } from './settings.ts';
import { about, take, type About } from './take.ts';
import { closeBanner, placeBanner, showControl } from './view.ts';

export const answer = (label: string, act: () => void) => button(label, act, { class: 'act' });

export const more = () =>
    element(
        'a',
        { href: address('privacy', '&lang=' + notice.lang), target: '_blank', rel: 'noopener' },
        text('more'),
    );

// Where the law lets silence stand for a yes, the notice says so, and it can be put away.
function firstAnswer(told: About) {
    if (settings.regime == 'opt_in') return answer(text('accept'), () => accept(told));
    return answer(text('ok'), () => {
        closeBanner();
        showControl();
    });
}

export function openBanner(message?: string) {
    const told = about('banner');
    const regime = settings.regime == 'opt_in' ? '' : settings.regime + '.';
    const title = element('h2', { id: 't', tabindex: '-1' }, text(regime + 'title'));
    const made = element(
        'dialog',
        { class: 'banner', 'aria-labelledby': 't', 'aria-describedby': 'm b' },
        message && element('p', { role: 'status', id: 'm' }, message),
        title,
        element('p', { id: 'b' }, text(regime + 'body')),
        element('p', { class: 'small' }, text('controller') + ': ' + notice.controller.name + '. ', more()),
        element(
            'div',
            { class: 'acts' },
            firstAnswer(told),
            answer(text('reject'), () => take('deny', told)),
            answer(text('choose'), openChoices),
        ),
    );
    made.addEventListener('keydown', ({ key }) => key == 'Escape' && take('dismiss', told));
    placeBanner(made);
    if (message) title.focus({ preventScroll: true });
    tell('shown', told).catch(() => {});
}
