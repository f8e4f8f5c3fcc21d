// One dialog at a time; the browser keeps the focus inside, and gives it back.
import { button, el, newId, type Child } from './dom.ts';

export interface Opened {
    element: HTMLDialogElement;
    body: HTMLElement;
    close: () => void;
}

export function openDialog(title: string, children: Child[], options: { wide?: boolean; closed?: () => void } = {}): Opened {
    const id = newId();
    const body = el('div', { class: 'dialog-body' }, ...children);
    const element = el(
        'dialog',
        { 'aria-labelledby': id, class: options.wide ? 'wide' : '' },
        el(
            'header',
            {},
            el('h2', { id }, title),
            button('×', () => element.close(), { class: 'icon close', 'aria-label': 'Close' }),
        ),
        body,
    );
    element.addEventListener('close', () => {
        element.remove();
        options.closed?.();
    });
    // A click beside it is on the dialog itself, as its content fills it.
    element.addEventListener('click', (event) => event.target == element && element.close());
    document.body.append(element);
    element.showModal();
    return { element, body, close: () => element.close() };
}

export const isDialogOpen = () => !!document.querySelector('dialog[open]');
