// The world as squares, one a country, each about where it lies: small countries are as easy to see as large ones. The list
// beside it says the same in words, and is what the keyboard uses.
import type { Row } from './api.ts';
import { el, fill, svg } from './dom.ts';
import { number } from './format.ts';
import { isFiltered } from './list.ts';
import { toggleFilter, type State } from './state.ts';
import { TILES } from './tiles.ts';
import { country } from './words.ts';

const SIZE = 20, GAP = 2, CLASSES = 5;

// Each class has a fifth of the way to the most, by the square root: traffic is never spread evenly.
const classOf = (visitors: number, most: number) => Math.max(1, Math.ceil(CLASSES * Math.sqrt(visitors / most)));

function tile(codeText: string, x: number, y: number, visitors: number, most: number, isOn: boolean) {
    const title = `${country(codeText)}: ${number(visitors)} ${visitors == 1 ? 'visitor' : 'visitors'}`;
    return svg(
        'g',
        { class: `tile q${visitors ? classOf(visitors, most) : 0}${isOn ? ' on' : ''}`, 'data-country': visitors ? codeText : undefined },
        svg('title', {}, title),
        svg('rect', { x: x * SIZE, y: y * SIZE, width: SIZE - GAP, height: SIZE - GAP, rx: 3 }),
        svg('text', { x: x * SIZE + (SIZE - GAP) / 2, y: y * SIZE + (SIZE - GAP) / 2 + 3, 'text-anchor': 'middle' }, codeText),
    );
}

export function drawMap(box: HTMLElement, rows: Row[], state: State) {
    const visitors = new Map(rows.map(({ dimensions, metrics }) => [dimensions[0]!, metrics[0] as number]));
    const most = Math.max(1, ...[...visitors].filter(([name]) => name).map(([, n]) => n));
    const lines = TILES.trim().split('\n').map((line) => line.trim().split(/\s+/));
    const placed = new Set(lines.flat());
    const tiles = lines.flatMap((line, y) =>
        line.map((name, x) => name != '..' && tile(name, x, y, visitors.get(name) ?? 0, most, isFiltered(state, 'visit:country', name))));
    const width = Math.max(...lines.map(({ length }) => length)) * SIZE, height = lines.length * SIZE;
    const others = [...visitors].filter(([name]) => !placed.has(name)).reduce((sum, [, n]) => sum + n, 0);
    const top = rows.slice(0, 3).map(({ dimensions, metrics }) => `${country(dimensions[0]!) || 'unknown'} ${number(metrics[0] as number)}`);
    const map = svg(
        'svg',
        {
            viewBox: `0 0 ${width} ${height}`, role: 'img', class: 'map',
            'aria-label': `Visitors by country, most from ${top.join(', ')}. The tab Countries has all of them.`,
            onclick: (event: Event) => {
                const name = (event.target as Element).closest<SVGElement>('[data-country]')?.dataset.country;
                if (name) toggleFilter({ operation: 'is', dimension: 'visit:country', values: [name] });
            },
        },
        ...tiles,
    );
    const legend = el('p', { class: 'legend', 'aria-hidden': 'true' }, 'few ', ...Array.from({ length: CLASSES }, (_, i) => el('i', { class: `q${i + 1}` })), ` ${number(most)}`);
    fill(box, map, el('div', { class: 'map-foot' }, legend, others > 0 && el('p', { class: 'small' }, `Elsewhere or unknown: ${number(others)}`)));
}
