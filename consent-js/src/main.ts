// The banner's beginning. Loaded twice it begins once.

import { crumb } from './api.ts';
import { start } from './begin.ts';
import { startMode } from './consent-mode.ts';
import { openChoices } from './dialog.ts';
import { watchGate } from './gate.ts';
import { attach } from './view.ts';

// Any element may ask for the choices, also a link that leads to the page without JavaScript.
function openOnClick(event: Event) {
    const [target] = event.composedPath() as Element[];
    if (!target?.closest?.('[data-crumb="show"]')) return;
    event.preventDefault();
    openChoices();
}

// An element with the id `crumb` is a `window.crumb`, too, but cannot do this.
if (!window.crumb?.minor) {
    window.crumb = crumb;
    startMode();
    attach();
    watchGate(attach);
    document.addEventListener('click', openOnClick);
    start();
}
