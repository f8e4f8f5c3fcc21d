// Asking for the content of a box: it says that it is busy, keeps what it had meanwhile, and says what to do when it fails.
import { Failure } from './api.ts';
import { button, el, fill } from './dom.ts';

let tellApp: (failure: Failure) => void = () => {};
// @tell hears of what concerns the whole page: the session has ended, the server is gone.
export const watchFailures = (tell: (failure: Failure) => void) => (tellApp = tell);
export const reportFailure = (failure: Failure) => tellApp(failure);

const asFailure = (error: unknown) =>
    error instanceof Failure ? error : new Failure(error instanceof Error ? error.message : String(error), 'wrong');

export const problem = (text: string, again?: () => void) =>
    el('div', { class: 'problem', role: 'alert' }, el('p', {}, text), again && button('Try again', again));

export const empty = (text: string, ...more: Node[]) => el('div', { class: 'empty' }, el('p', {}, text), ...more);

const SLOW_MS = 250; // sooner, a sign of being busy only flickers

export async function load<T>(box: HTMLElement, signal: AbortSignal, ask: () => Promise<T>, draw: (answer: T) => void): Promise<T | undefined> {
    box.setAttribute('aria-busy', 'true');
    const slow = setTimeout(() => box.classList.add('busy'), SLOW_MS);
    try {
        const answer = await ask();
        if (signal.aborted) return undefined;
        draw(answer);
        return answer;
    } catch (error) {
        if (signal.aborted) return undefined;
        const failure = asFailure(error);
        if (failure.kind == 'signed-out' || failure.kind == 'gone') tellApp(failure);
        if (failure.kind != 'gone' || !box.hasChildNodes() || box.querySelector('.skeleton'))
            fill(box, problem(failure.message, failure.kind == 'signed-out' ? undefined : () => load(box, signal, ask, draw)));
        return undefined;
    } finally {
        clearTimeout(slow);
        if (!signal.aborted) {
            box.removeAttribute('aria-busy');
            box.classList.remove('busy');
        }
    }
}

export const skeleton = (n: number) =>
    el('div', { class: 'skeleton', 'aria-hidden': 'true' }, ...Array.from({ length: n }, () => el('i')));
