// A drawing of paths: a column a step, a box a page as high as its visits, and ribbons for those who went on. Boxes are
// buttons, which tell in words what the ribbons show.
import { openDialog } from './dialog.ts';
import { button, el, fill, styled, svg } from './dom.ts';
import { duration, number } from './format.ts';

export interface Node {
    kind: 'page' | 'other' | 'exit' | 'entry';
    name: string;
    visits: number;
    dwell?: number;
    pages?: number;
}
export interface Paths {
    visits: number;
    traced: number;
    untraced: number;
    steps: { visits: number; nodes: Node[] }[];
    links: { step: number; source: number; target: number; visits: number }[];
    paths: { pages: string[]; exit?: boolean; entry?: boolean; visits: number }[];
}

export interface FlowActs {
    isBackward: boolean;
    open: number[]; // the steps that show all their pages
    expand: (step: number) => void;
    from: (page: string) => void;
    to: (page: string) => void;
    filter: (page: string) => void;
}

const SHOWN = 7; // pages of a step that is not expanded
const WIDTH = 186, WIDTH_MAX = 260, GAP_MIN = 70, HEAD = 30, SPACE = 8, LEAST = 42, TALLEST = 420;

interface Box extends Node {
    step: number;
    isFold: boolean;
    x: number;
    y: number;
    height: number;
    into: number; // how much of its sides is taken by ribbons
    out: number;
}
interface Ribbon {
    from: Box;
    to: Box;
    visits: number;
}

const isPage = ({ kind }: Node) => kind == 'page';

// The boxes of a step, and which of them each of its nodes is in.
function foldStep(nodes: Node[], step: number, isOpen: boolean) {
    const pages = nodes.filter(isPage), most = isOpen || pages.length <= SHOWN + 1 ? pages.length : SHOWN;
    const made = (node: Node, isFold = false): Box => ({ ...node, step, isFold, x: 0, y: 0, height: 0, into: 0, out: 0 });
    const boxes: Box[] = [], boxOf: Box[] = [];
    let fold: Box | null = null, seen = 0;
    nodes.forEach((node, i) => {
        const isHidden = (isPage(node) && seen++ >= most) || (node.kind == 'other' && fold);
        if (!isHidden) {
            boxes.push((boxOf[i] = made(node)));
            return;
        }
        if (!fold) boxes.push((fold = made({ kind: 'other', name: '', visits: 0, pages: 0 }, true)));
        fold.visits += node.visits;
        fold.pages! += node.pages ?? 1;
        boxOf[i] = fold;
    });
    return { boxes, boxOf };
}

// As wide as there is room, but never so narrow that names cannot be read.
function columnsOf(n: number, room: number) {
    const column = Math.max(WIDTH + GAP_MIN, Math.floor((room + GAP_MIN) / n));
    return { column, width: Math.min(WIDTH_MAX, Math.max(WIDTH, Math.floor(column * 0.64))) };
}

function layOut({ steps, links }: Paths, acts: FlowActs, room: number) {
    const { column, width } = columnsOf(steps.length, room);
    const folded = steps.map(({ nodes }, step) => foldStep(nodes, step, acts.open.includes(step)));
    const most = Math.max(1, ...folded.map(({ boxes }) => boxes.reduce((sum, { visits }) => sum + visits, 0)));
    const scale = TALLEST / most;
    let height = 0;
    folded.forEach(({ boxes }, step) => {
        let y = HEAD;
        for (const box of boxes) {
            box.x = (acts.isBackward ? steps.length - 1 - step : step) * column;
            box.y = y;
            box.height = Math.max(LEAST, box.visits * scale);
            y += box.height + SPACE;
        }
        height = Math.max(height, y);
    });
    const joined = new Map<string, Ribbon>();
    for (const { step, source, target, visits } of links) {
        const from = folded[step]?.boxOf[source], to = folded[step + 1]?.boxOf[target];
        if (!from || !to) continue;
        const key = `${step} ${folded[step]!.boxes.indexOf(from)} ${folded[step + 1]!.boxes.indexOf(to)}`;
        const ribbon = joined.get(key) ?? { from, to, visits: 0 };
        ribbon.visits += visits;
        joined.set(key, ribbon);
    }
    const ribbons = [...joined.values()].sort((a, b) => a.from.y - b.from.y || a.to.y - b.to.y);
    return { folded, ribbons, scale, column, width, height };
}

function ribbonPath({ from, to, visits }: Ribbon, scale: number, width: number, isBackward: boolean) {
    const thick = Math.max(1.5, visits * scale);
    const a = from.y + from.out, b = to.y + to.into;
    from.out += visits * scale;
    to.into += visits * scale;
    const [x1, x2] = isBackward ? [from.x, to.x + width] : [from.x + width, to.x], mid = (x1 + x2) / 2;
    return `M${x1} ${a}C${mid} ${a} ${mid} ${b} ${x2} ${b}V${b + thick}C${mid} ${b + thick} ${mid} ${a + thick} ${x1} ${a + thick}Z`;
}

function titleOf({ kind, name, pages }: Node) {
    if (kind == 'exit') return 'left the site';
    if (kind == 'entry') return 'came to the site';
    return kind == 'other' ? `${number(pages ?? 0)} more ${pages == 1 ? 'page' : 'pages'}` : name;
}

const side = (title: string, list: [Box, number][], none: string) =>
    el('section', {}, el('h3', {}, title), list.length
        ? el('ol', {}, ...list.sort((a, b) => b[1] - a[1]).map(([box, visits]) => el('li', {}, el('bdi', { title: titleOf(box) }, titleOf(box)), el('b', {}, number(visits)))))
        : el('p', { class: 'small' }, none));

function tellBox(box: Box, ribbons: Ribbon[], all: number, acts: FlowActs) {
    const behind = ribbons.filter(({ to }) => to == box).map(({ from, visits }): [Box, number] => [from, visits]);
    const ahead = ribbons.filter(({ from }) => from == box).map(({ to, visits }): [Box, number] => [to, visits]);
    const nearer = side(acts.isBackward ? 'To' : 'From', behind, acts.isBackward ? 'The paths end here.' : 'The paths begin here.');
    const further = side(acts.isBackward ? 'From' : 'To', ahead, isPage(box) ? 'More steps would tell.' : 'Nothing more.');
    const choose = (act: (page: string) => void) => () => {
        opened.close();
        act(box.name);
    };
    const opened = openDialog(titleOf(box), [
        el('p', {}, `${number(box.visits)} visits at step ${box.step + 1}, ${((100 * box.visits) / (all || 1)).toFixed(1)}% of all paths. `,
            box.dwell !== undefined && `They saw it for ${duration(box.dwell)}, on average.`),
        el('div', { class: 'pair' }, ...(acts.isBackward ? [further, nearer] : [nearer, further])),
        isPage(box) && el('div', { class: 'acts' },
            button('Paths from here', choose(acts.from)), button('Paths to here', choose(acts.to)), button('Filter by this page', choose(acts.filter))),
    ]);
}

export function drawFlow(root: HTMLElement, paths: Paths, acts: FlowActs) {
    const { folded, ribbons, scale, column, width, height } = layOut(paths, acts, root.clientWidth);
    const whole = (paths.steps.length - 1) * column + width;
    const shapes = ribbons.map((ribbon) => svg('path', {
        d: ribbonPath(ribbon, scale, width, acts.isBackward), class: isPage(ribbon.to) || ribbon.to.kind == 'other' ? 'ribbon' : 'ribbon out',
    }));
    const light = (box: Box | null) => shapes.forEach((shape, i) => shape.classList.toggle('on', !!box && (ribbons[i]!.from == box || ribbons[i]!.to == box)));
    const boxes = folded.flatMap(({ boxes: all }, step) => all.map((box, i) => {
        const title = titleOf(box);
        const about = `${number(box.visits)}${box.dwell === undefined ? '' : ` · ${duration(box.dwell)}`}`;
        const made = button(el('b', {}, isPage(box) ? el('bdi', {}, title) : title), () => (box.isFold ? acts.expand(step) : tellBox(box, ribbons, paths.visits, acts)), {
            class: `node ${box.isFold ? 'fold' : box.kind == 'exit' || box.kind == 'entry' ? 'out' : ''}`,
            title: box.isFold ? 'Show them' : title, 'data-key': `${step} ${i}`, 'data-visits': box.visits,
            onmouseenter: () => light(box), onmouseleave: () => light(null), onfocus: () => light(box), onblur: () => light(null),
        });
        made.append(el('span', {}, about));
        return styled(made, { left: `${box.x}px`, top: `${box.y}px`, width: `${width}px`, height: `${box.height}px` });
    }));
    const heads = paths.steps.map(({ visits }, step) => styled(
        el('p', { class: 'step-head' }, el('b', {}, `Step ${step + 1}`), ` ${number(visits)} visits`),
        { left: `${(acts.isBackward ? paths.steps.length - 1 - step : step) * column}px` },
    ));
    const inner = styled(el('div', { class: 'flow-inner' }, svg('svg', { width: whole, height, 'aria-hidden': 'true' }, ...shapes), ...heads, ...boxes), {
        width: `${whole}px`, height: `${height}px`,
    });
    fill(root, el('div', { class: 'flow', tabindex: 0, role: 'region', 'aria-label': 'Paths, step by step' }, inner));
}
