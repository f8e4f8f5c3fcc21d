// Signing in: with a token typed, or one that a link brought behind its `#token=`.
import { Failure, signIn, type Session } from './api.ts';
import { button, el, fill } from './dom.ts';
import { problem } from './load.ts';

// Takes it out of the address first, so that neither the history nor a bookmark has it.
export function takeToken() {
    const token = /(?:^#|&)token=([^&]*)/.exec(location.hash)?.[1];
    if (token === undefined) return null;
    const rest = location.hash.replace(/([#&])token=[^&]*&?/, '$1').replace(/[#&]$/, '');
    history.replaceState(null, '', location.pathname + location.search + rest);
    return decodeURIComponent(token);
}

const UNKNOWN = 'This server knows no such token. Was all of it copied? If so, ask whoever runs the server for another one.';
export const whyNot = (error: unknown) => (!(error instanceof Failure) ? 'Signing in failed; try again.' : error.kind == 'signed-out' ? UNKNOWN : error.message);

export function signInForm(root: HTMLElement, why: string, done: (session: Session) => void) {
    const token = el('input', { type: 'password', id: 'token', autocomplete: 'current-password', required: true, spellcheck: 'false' });
    const said = el('div', { 'aria-live': 'polite' });
    const send = button('Sign in', () => {}, { type: 'submit', class: 'primary' });
    const submit = async (event: Event) => {
        event.preventDefault();
        send.disabled = true;
        try {
            done(await signIn(token.value.trim()));
        } catch (error) {
            fill(said, problem(whyNot(error)));
            token.select();
            token.focus();
        }
        send.disabled = false;
    };
    const form = el(
        'form',
        { onsubmit: submit },
        el('input', { type: 'text', autocomplete: 'username', value: 'crumb', hidden: true }), // for programs that keep passwords
        el('label', { for: 'token' }, 'Token'),
        token,
        el('p', { class: 'small' }, 'Made by ', el('code', {}, 'crumb token'), '; ask whoever runs this server. It is not kept in this browser.'),
        said,
        send,
    );
    fill(root, el('main', { class: 'sign-in' }, el('h1', {}, logo(), 'crumb'), why && el('p', { class: 'why', role: 'status' }, why), form));
    token.focus();
}

export const logo = () => el('span', { class: 'logo', 'aria-hidden': 'true' });
