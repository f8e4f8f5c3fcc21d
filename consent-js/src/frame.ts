// What stands in for a frame that is held back: it says what is blocked and offers the purpose in place.
//
// It takes the frame's place and size, so that nothing on the page moves.

import { element, shadow } from './dom.ts';
import { answer } from './banner.ts';
import { direction, notice, text, titles } from './settings.ts';
import { openChoices } from './dialog.ts';
import { allow } from './take.ts';

const LAID_OUT = ['position', 'inset', 'margin', 'float', 'vertical-align', 'flex', 'grid-area', 'border-radius'];
const standIns = new WeakMap<HTMLElement, { host_: HTMLElement; display_: string }>();

function layOut(host: HTMLElement, frame: HTMLElement) {
    const style = getComputedStyle(frame);
    const { width, height } = frame.getBoundingClientRect();
    for (const name of LAID_OUT) host.style.setProperty(name, style.getPropertyValue(name));
    Object.assign(host.style, {
        display: style.display == 'inline' ? 'inline-block' : style.display,
        boxSizing: 'border-box',
        overflow: 'auto',
        width: width == frame.parentElement!.clientWidth ? '100%' : width + 'px',
        maxWidth: '100%',
        height: height + 'px',
    });
}

function build(names: string[]) {
    const missing = notice.purposes.filter(({ name }) => names.includes(name));
    const host = element('div', {});
    shadow(host).append(
        element(
            'section',
            { class: 'root frame', lang: notice.lang, dir: direction(), 'aria-label': titles(missing) },
            element('p', {}, text('blocked').replace('{purpose}', titles(missing))),
            answer(text('load'), () => allow(missing.map(({ name }) => name))),
            answer(text('choose'), openChoices),
        ),
    );
    return host;
}

export function hideFrame(frame: HTMLElement, names: string[]) {
    if (standIns.has(frame) || !notice.purposes.some(({ name }) => names.includes(name))) return;
    const host = build(names);
    standIns.set(frame, { host_: host, display_: frame.style.display });
    // The styles that say how large it is may still be on their way; what is drawn has them.
    requestAnimationFrame(() => {
        if (standIns.get(frame)?.host_ != host || !frame.isConnected) return;
        layOut(host, frame);
        frame.before(host);
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
