// Paths: how visits move, from a page on or back from one.
import { post, valuesOf } from './api.ts';
import { drawFlow, type Paths } from './flow.ts';
import { button, el, fill, select } from './dom.ts';
import { number } from './format.ts';
import { empty, load, skeleton } from './load.ts';
import { rangeOf, rangeText } from './period.ts';
import { question, zone } from './question.ts';
import { addFilter, goMore, state, type State } from './state.ts';
import type { View } from './view.ts';

const NODES = 50, WAYS = 10, STEPS = 4, SUGGEST_MS = 200;

export const untraced = (traced: number, without: number) =>
    el('p', { class: 'small' }, `${number(traced)} visits allowed the order of their pages to be used; ${number(without)} did not, and are not told of here.`);

// An input for a page of the site, with those that it has.
export function pageInput(value: string, attributes: Record<string, string>, act: (value: string) => void) {
    const list = el('datalist', { id: `${attributes.id}-pages` });
    const input = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', list: list.id, ...attributes });
    input.value = value;
    let timer = 0;
    const suggest = () => {
        clearTimeout(timer);
        timer = window.setTimeout(async () => {
            const pages = await valuesOf(state().site, 'event:page', input.value, rangeText(rangeOf(state(), zone()))).catch(() => []);
            fill(list, ...pages.map((page) => el('option', { value: page })));
        }, SUGGEST_MS);
    };
    input.addEventListener('input', suggest);
    input.addEventListener('focus', suggest, { once: true });
    input.addEventListener('change', () => act(input.value.trim()));
    return [input, list];
}

const stepsOf = ({ more }: State) => Math.min(20, Math.max(1, Number(more.steps) || STEPS));
const isBackward = ({ more }: State) => more.direction == 'backward';

function body(state: State) {
    const { start, end, loops } = state.more;
    return question(state, {
        steps: stepsOf(state), limit: NODES, paths: WAYS, direction: isBackward(state) ? 'backward' : 'forward',
        ...(start ? { start } : {}), ...(end ? { end } : {}), ...(loops ? { loops } : {}),
    });
}

function drawControls(box: HTMLElement, state: State) {
    const field = (title: string, ...children: Node[]) => el('div', { class: 'field' }, el('span', { 'aria-hidden': 'true' }, title), ...children);
    const counts: [string, string][] = [2, 3, 4, 5, 6, 8, 10].map((n) => [String(n), `${n} steps`]);
    fill(
        box,
        field('Counted', select('Direction', [['forward', 'forward'], ['backward', 'backward']], isBackward(state) ? 'backward' : 'forward',
            (direction) => goMore({ direction: direction == 'backward' ? direction : '', expand: '' }), { 'data-key': 'direction' })),
        field('From the page', ...pageInput(state.more.start ?? '', { id: 'path-start', 'aria-label': 'From the page', placeholder: 'wherever they began', 'data-key': 'start' }, (start) => goMore({ start, expand: '' }))),
        field('To the page', ...pageInput(state.more.end ?? '', { id: 'path-end', 'aria-label': 'To the page', placeholder: 'wherever they went', 'data-key': 'end' }, (end) => goMore({ end, expand: '' }))),
        field('At most', select('Steps', counts, String(stepsOf(state)), (steps) => goMore({ steps: Number(steps) == STEPS ? '' : steps, expand: '' }), { 'data-key': 'steps' })),
        field('To and fro', select('Loops', [['', 'counts once'], ['kept', 'is a step each time']], state.more.loops ?? '', (loops) => goMore({ loops, expand: '' }), { 'data-key': 'loops' })),
        (state.more.start || state.more.end) && button('All paths', () => goMore({ start: '', end: '', direction: '', expand: '' }), { class: 'quiet' }),
    );
}

function drawWays(box: HTMLElement, { paths, visits }: Paths) {
    const row = ({ pages, exit, entry, visits: n }: Paths['paths'][number]) => el('tr', {},
        el('th', { scope: 'row' }, el('bdi', {}, [entry && '(came)', ...pages, exit && '(left)'].filter(Boolean).join('  →  '))),
        el('td', {}, number(n)), el('td', {}, `${((100 * n) / (visits || 1)).toFixed(1)}%`));
    fill(box, el('h2', {}, 'Whole paths'), el('div', { class: 'scroll way', tabindex: 0, role: 'region', 'aria-label': 'Whole paths' }, el('table', {},
        el('thead', {}, el('tr', {}, ...['Pages', 'Visits', 'Share'].map((title) => el('th', { scope: 'col' }, title)))),
        el('tbody', {}, ...paths.map(row)))));
}

function mount(root: HTMLElement) {
    const controls = el('div', { class: 'controls' }), flow = el('div', { class: 'panel' }, skeleton(9)), note = el('div'), ways = el('section', { class: 'card wide' });
    ways.hidden = true;
    fill(root, el('section', { class: 'card wide', 'aria-label': 'Paths' }, el('h2', {}, 'How visits move'), controls, flow, note), ways);

    const update = (state: State, signal: AbortSignal) => {
        drawControls(controls, state);
        const open = (state.more.expand ?? '').split('.').filter(Boolean).map(Number);
        load(flow, signal, () => post('api/v2/paths', body(state), signal) as Promise<Paths>, (paths) => {
            fill(note, paths.traced + paths.untraced > 0 && untraced(paths.traced, paths.untraced));
            ways.hidden = paths.visits == 0;
            if (paths.visits == 0) {
                fill(flow, empty(paths.traced ? 'No visit took such a path in these days.'
                    : paths.untraced ? 'No visit of these days allowed the order of its pages to be used: a purpose has to ask for it (“clickpath” in its “collects”).'
                    : 'Nobody who let themselves be counted came in these days.'));
                return;
            }
            drawFlow(flow, paths, {
                isBackward: isBackward(state), open,
                expand: (step) => goMore({ expand: [...open, step].join('.') }),
                from: (start) => goMore({ start, end: '', direction: '', expand: '' }),
                to: (end) => goMore({ end, start: '', direction: 'backward', expand: '' }),
                filter: (page) => addFilter({ operation: 'is', dimension: 'event:page', values: [page] }),
            });
            drawWays(ways, paths);
        });
    };
    return { update };
}

export const paths: View = { id: 'paths', title: 'Paths', key: '2', roles: ['analyst', 'admin'], hasPeriod: true, mount };
