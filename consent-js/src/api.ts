// window.crumb: what a page may ask of its visitors' choice, and say in their name. Its types are in ../crumb.d.ts.

import type { Crumb, CrumbEvent, CrumbState } from '../crumb.d.ts';
import { openChoices } from './dialog.ts';
import { queue } from './pixel.ts';
import { setMinor, isTold, state } from './state.ts';
import { answersOf, take } from './take.ts';
import { answers } from './state.ts';

const TRACKED_MAX = 100; // events that wait for the tracker; more are dropped

export const crumb: Crumb = {
    consent: state,
    show: () => openChoices(),
    set: async (purposes) => {
        await take('custom', 'api', answersOf(({ name }) => !!(purposes[name] ?? answers?.[name])));
        return state();
    },
    on(name: CrumbEvent, listener: (now: CrumbState) => void) {
        const hear = (event: Event) => listener((event as CustomEvent<CrumbState>).detail);
        document.addEventListener('crumb:' + name, hear);
        if (name == 'ready' && isTold()) listener(state());
        return () => document.removeEventListener('crumb:' + name, hear);
    },
    queue,
    track(name, props) {
        if (crumb.queue.length < TRACKED_MAX) crumb.queue.push([name, props]);
    },
    minor: async () => {
        setMinor();
        await take('minor', 'api');
        return state();
    },
};
