// The tracker's code: not downloaded before a purpose that collects is granted.

import type { Answers } from './cookie.ts';
import { element } from './dom.ts';
import { setScriptAddress } from './gate.ts';
import { address } from './service.ts';
import { notice, settings } from './settings.ts';

let isLoaded = !settings.pixel;

export function loadPixel(answers: Answers) {
    if (isLoaded || !notice.purposes.some(({ name, collects }) => answers[name] && collects.length)) return;
    isLoaded = true;
    const script = element('script');
    setScriptAddress(script, address('pixel.js'));
    document.head.append(script);
}
