// The tracker's beginning, once a purpose that collects is granted. Loaded twice it begins once; without the banner it
// does nothing.

import './settings.ts';
import type { Tracked } from '../../consent-js/crumb.d.ts';
import { send, track } from './deliver.ts';
import { onSight, watchViews } from './view.ts';

const queue = window.crumb?.queue as Tracked[] | undefined;

if (queue?.map) {
    crumb.queue = { length: 0, push: track };
    watchViews();
    queue.map(track);
    // What is not allowed any more is dropped from what waits; what is allowed now begins.
    crumb.on('change', () => {
        send();
        onSight();
    });
}
