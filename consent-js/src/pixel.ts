// The tracker's code: not downloaded before a purpose that collects is granted, and the part of it for clicks not before
// one that collects the click path.

import type { Tracked } from '../crumb.d.ts';
import type { Answers } from './cookie.ts';
import { element } from './dom.ts';
import { setScriptAddress } from './gate.ts';
import { address } from './service.ts';
import { notice, settings } from './settings.ts';

// What the page reports before the tracker is there.
export const queue: Tracked[] = [];

const loaded = new Set<string>();

function load(name: string) {
    if (loaded.has(name)) return;
    loaded.add(name);
    const script = element('script');
    setScriptAddress(script, address(name));
    document.head.append(script);
}

export function loadPixel(answers: Answers) {
    if (!settings.pixel) return;
    const classes = notice.purposes.flatMap(({ name, collects }) => (answers[name] ? collects : []));
    if (classes[0]) load('pixel.js');
    if (classes.includes('clickpath')) load('clicks.js');
}
