// window.crumb: what a page may ask of its visitors' choice, and say in their name. Its types are in ../crumb.d.ts.

import type { Crumb, CrumbEvent, CrumbState } from '../crumb.d.ts';
import { openChoices } from './dialog.ts';
import { begin } from './begin.ts';
import { queue } from './pixel.ts';
import { isTold, setMinor, state } from './state.ts';
import { about, answersOf, inTurn, take } from './take.ts';

const enum Limit {
    TRACKED = 100, // events that wait for the tracker; more are dropped
}

export const crumb: Crumb = {
    consent: state,
    show: () => openChoices(),
    set: async (purposes) => {
        await take('custom', about('api'), (before) => answersOf(({ name }) => !!(purposes[name] ?? before?.[name])));
        return state();
    },
    on(name: CrumbEvent, listener: (now: CrumbState) => void) {
        const hear = (event: Event) => listener((event as CustomEvent<CrumbState>).detail);
        document.addEventListener('crumb:' + name, hear);
        if (name == 'ready' && isTold()) listener(state());
        return () => document.removeEventListener('crumb:' + name, hear);
    },
    queue,
    // A value or currency that is none would have the service refuse the whole event.
    track(name, props) {
        const { value, currency, ...more } = { ...props };
        if (crumb.queue.length < Limit.TRACKED)
            crumb.queue.push([
                name,
                more,
                { se_va: /^-?\d*\.?\d+$/.exec(value as never) ?? '', x_cur: /^[a-z]{3}$/i.exec(currency as never) ?? '' },
            ]);
    },
    minor: async () => {
        setMinor();
        await inTurn(begin);
        return state();
    },
};
