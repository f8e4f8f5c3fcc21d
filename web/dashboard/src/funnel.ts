// Funnels: steps that somebody names, how many made each, and where they were lost. The steps are in the address.
import { post } from './api.ts';
import { button, el, fill, select, styled } from './dom.ts';
import { duration, figure, NOTHING, number } from './format.ts';
import { empty, load } from './load.ts';
import { pageInput, untraced } from './paths.ts';
import { question } from './question.ts';
import { goMore, type State } from './state.ts';
import type { View } from './view.ts';

interface Step {
    kind: 'page' | 'event';
    what: string; // several with `|` between
}
interface Funnel {
    traced: number;
    untraced: number;
    steps: { name: string | null; visits: number; visitors: number; drop_off: number; conversion_rate: number | null; step_conversion_rate: number | null; time_from_previous: number | null }[];
}

const STEPS_MAX = 20;
const KINDS: [string, string][] = [['page', 'sees the page'], ['event', 'does the event']];
const WINDOWS: [string, string][] = [['', 'in one visit'], ['5m', 'within 5 minutes'], ['15m', 'within 15 minutes'], ['30m', 'within 30 minutes'], ['1h', 'within an hour'], ['2h', 'within 2 hours']];
const ORDERS: [string, string][] = [['', 'anything may lie between'], ['strict', 'one right behind the other']];

function readSteps({ more }: State): Step[] {
    const steps = (more.steps ?? '').split('\n').filter(Boolean).map((line): Step => {
        const at = line.indexOf(':');
        return { kind: line.slice(0, at) == 'event' ? 'event' : 'page', what: line.slice(at + 1) };
    });
    return steps.length ? steps.slice(0, STEPS_MAX) : [{ kind: 'page', what: '' }, { kind: 'page', what: '' }];
}

const write = (steps: Step[]) => goMore({ steps: steps.map(({ kind, what }) => `${kind}:${what.replace(/\n/g, ' ')}`).join('\n') });

const asked = ({ kind, what }: Step) => {
    const any = what.split('|').map((one) => one.trim()).filter(Boolean);
    return { [kind]: any.length == 1 ? any[0] : any };
};

function drawEditor(box: HTMLElement, state: State) {
    const steps = readSteps(state);
    const change = (i: number, step: Partial<Step>) => write(steps.map((one, j) => (i == j ? { ...one, ...step } : one)));
    const swap = (i: number) => write(steps.map((one, j) => (j == i - 1 ? steps[i]! : j == i ? steps[i - 1]! : one)));
    const line = (step: Step, i: number) => el('li', {},
        el('span', { class: 'no', 'aria-hidden': 'true' }, i + 1),
        select(`Step ${i + 1}: what`, KINDS, step.kind, (kind) => change(i, { kind: kind as Step['kind'] }), { 'data-key': `kind ${i}` }),
        ...pageInput(step.what, { id: `step-${i}`, 'aria-label': `Step ${i + 1}: which`, placeholder: step.kind == 'page' ? '/cart, or /shop/**, or /a | /b' : 'Purchase', 'data-key': `what ${i}` }, (what) => change(i, { what })),
        i == 0 && steps.length > 1 && el('span', { class: 'icon', 'aria-hidden': 'true' }),
        i > 0 && button('↑', () => swap(i), { class: 'icon', 'aria-label': `Move step ${i + 1} up`, title: 'Up', 'data-key': `up ${i}` }),
        steps.length > 1 && button('×', () => write(steps.filter((_, j) => j != i)), { class: 'icon', 'aria-label': `Remove step ${i + 1}`, title: 'Remove', 'data-key': `remove ${i}` }));
    fill(
        box,
        el('ol', { class: 'steps' }, ...steps.map(line)),
        el('div', { class: 'controls' },
            steps.length < STEPS_MAX && button('+ Step', () => write([...steps, { kind: 'page', what: '' }]), { 'data-key': 'add' }),
            select('Order', ORDERS, state.more.order ?? '', (order) => goMore({ order }), { 'data-key': 'order' }),
            select('Time', WINDOWS, state.more.window ?? '', (window) => goMore({ window }), { 'data-key': 'window' })),
    );
}

function drawFunnel(box: HTMLElement, funnel: Funnel) {
    const first = funnel.steps[0]?.visits ?? 0;
    const step = (one: Funnel['steps'][number], i: number) => el('li', { 'data-step': i },
        el('b', { title: one.name ?? '' }, `${i + 1}. `, el('bdi', {}, one.name ?? 'any of several')),
        el('span', { class: 'rate' }, figure('conversion_rate', one.conversion_rate)),
        styled(el('div', { class: 'bar', 'aria-hidden': 'true' }, el('i')), { '--w': `${first ? (100 * one.visits) / first : 0}%` }),
        el('p', {}, el('b', {}, number(one.visits)), ` visits, ${number(one.visitors)} visitors`),
        i > 0 && el('p', { class: 'small' }, 'lost ', el('b', {}, number(one.drop_off)), `, ${one.step_conversion_rate === null ? NOTHING : figure('conversion_rate', one.step_conversion_rate)} went on`),
        i > 0 && one.time_from_previous !== null && el('p', { class: 'small' }, `after ${duration(one.time_from_previous)}`));
    fill(box, el('ol', { class: 'funnel', tabindex: 0, 'aria-label': 'The funnel, step by step' }, ...funnel.steps.map(step)), untraced(funnel.traced, funnel.untraced));
}

function mount(root: HTMLElement) {
    const editor = el('div'), result = el('div', { class: 'panel' });
    fill(root,
        el('section', { class: 'card wide', 'aria-label': 'The steps' }, el('h2', {}, 'A visit …'), editor),
        el('section', { class: 'card wide', 'aria-label': 'What became of them' }, result));

    const update = (state: State, signal: AbortSignal) => {
        drawEditor(editor, state);
        const steps = readSteps(state).filter(({ what }) => what.trim());
        if (steps.length == 0) {
            fill(result, empty('Name the pages or events that visits should pass, one a step, such as / then /cart then /thanks.'));
            return;
        }
        const { order, window } = state.more;
        const body = question(state, { steps: steps.map(asked), ...(order ? { order } : {}), ...(window ? { window } : {}) });
        load(result, signal, () => post('api/v2/funnel', body, signal) as Promise<Funnel>, (funnel) => drawFunnel(result, funnel));
    };
    return { update };
}

export const funnel: View = { id: 'funnel', title: 'Funnels', key: '3', roles: ['analyst', 'admin'], hasPeriod: true, mount };
