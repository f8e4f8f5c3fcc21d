// What stands in for a frame that is held back: it says what is blocked and offers the purpose in place.
//
// It takes the frame's place and size, so that nothing on the page moves.

import { element, shadow } from './dom.ts';
import { answer } from './banner.ts';
import { direction, notice, speak, text, titles } from './settings.ts';
import { openChoices } from './dialog.ts';
import { allow } from './step.ts';

const LAID_OUT = ['position', 'inset', 'margin', 'float', 'flex', 'grid-area'];
const standIns = new WeakMap<HTMLElement, { host_: HTMLElement; display_: string }>();

// A frame in a part of the page that is not shown has no size yet, but may have been given one.
const size = (drawn: number, given: string) => (drawn ? drawn + 'px' : given);

function layOut(host: HTMLElement, frame: HTMLElement) {
    const style = getComputedStyle(frame);
    const { width, height } = frame.getBoundingClientRect();
    for (const name of LAID_OUT) host.style.setProperty(name, style.getPropertyValue(name));
    Object.assign(host.style, {
        display: style.display == 'inline' ? 'inline-block' : style.display,
        boxSizing: 'border-box',
        overflow: 'auto',
        width: width == frame.parentElement!.clientWidth ? '100%' : size(width, style.width),
        maxWidth: '100%',
        height: size(height, style.height),
    });
}

function fill(host: HTMLElement, names: string[]) {
    const missing = notice.purposes.filter(({ name }) => names.includes(name));
    shadow(host).append(
        element(
            'section',
            { class: 'root frame', lang: notice.lang, dir: direction, 'aria-label': titles(missing) },
            element('p', {}, text('blocked').replace('{purpose}', titles(missing))),
            answer(text('load'), () => allow(missing)),
            answer(text('choose'), openChoices),
        ),
    );
}

export async function hideFrame(frame: HTMLElement, names: string[]) {
    if (standIns.has(frame) || !notice.purposes.some(({ name }) => names.includes(name))) return;
    const standIn = { host_: element('div'), display_: frame.style.display };
    standIns.set(frame, standIn);
    await speak();
    // The styles that say how large it is may still be on their way; what is drawn has them.
    requestAnimationFrame(() => {
        if (standIns.get(frame) != standIn || !frame.isConnected) return;
        fill(standIn.host_, names);
        layOut(standIn.host_, frame);
        frame.before(standIn.host_);
        frame.style.setProperty('display', 'none', 'important');
    });
}

export function showFrame(frame: HTMLElement) {
    const { host_: host, display_: display } = standIns.get(frame) ?? {};
    if (!host) return;
    const hadFocus = host.matches(':focus');
    standIns.delete(frame);
    host.remove();
    frame.style.display = display!;
    if (hadFocus) frame.focus({ preventScroll: true });
}
