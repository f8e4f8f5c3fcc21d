// Shortcuts of single letters. They can be switched off (WCAG 2.2, 2.1.4), and never act while something is typed.
import { el } from './dom.ts';
import { isDialogOpen, openDialog } from './dialog.ts';

export interface Shortcut {
    key: string;
    about: string;
    act: () => void;
}
let shortcuts: Shortcut[] = [];

const NAMES: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc' };
const KEPT = 'crumb-shortcuts';
const areOn = () => {
    try {
        return localStorage.getItem(KEPT) != 'off';
    } catch {
        return true;
    }
};

export const setShortcuts = (given: Shortcut[]) => (shortcuts = given);

export function openHelp() {
    const isOn = el('input', { type: 'checkbox', id: 'shortcuts-on' });
    isOn.checked = areOn();
    isOn.addEventListener('change', () => {
        try {
            localStorage.setItem(KEPT, isOn.checked ? 'on' : 'off');
        } catch {
            isOn.checked = true;
        }
    });
    const all = [...shortcuts, { key: 'Escape', about: 'Close a dialog' }];
    openDialog('Keyboard shortcuts', [
        el('dl', { class: 'keys' }, ...all.map(({ key, about }) => el('div', {}, el('dt', {}, el('kbd', {}, NAMES[key] ?? key)), el('dd', {}, about)))),
        el('p', { class: 'check' }, isOn, el('label', { for: 'shortcuts-on' }, 'Use these shortcuts in this browser')),
    ], { wide: true });
}

const isTyping = (target: EventTarget | null) => target instanceof Element && !!target.closest('input, select, textarea, [contenteditable]');

export function startShortcuts() {
    addEventListener('keydown', (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
        if (isTyping(event.target) || isDialogOpen() || !areOn()) return;
        const pressed = event.key.length == 1 ? event.key.toUpperCase() : event.key;
        const shortcut = shortcuts.find(({ key }) => key == pressed);
        if (!shortcut) return;
        event.preventDefault();
        shortcut.act();
    });
}
