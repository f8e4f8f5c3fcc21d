// Lines over time by uPlot, in the page's colours, with a reading of the point under the mouse or chosen by arrow keys.
// Points stand side by side whatever the clock did between them, so that no hour of a daylight-saving change is drawn twice.
import uPlot from 'uplot';
import { el, fill } from './dom.ts';

export interface Line {
    title: string;
    values: (number | null)[];
    colour: string; // a custom property of the style sheet
    isDashed?: boolean;
    isFilled?: boolean;
}

export interface Drawing {
    about: string; // for those who do not see it
    labels: string[];
    ticks: string[]; // of the axis, one a label
    lines: Line[]; // at least one
    isCount: boolean; // whole numbers
    tick: (value: number) => string;
    tell: (at: number) => (Node | string)[]; // what the reading says of a point
    pick?: (at: number) => void; // what a click on a point does
}

const HEIGHT = 260, HEIGHT_NARROW = 190, NARROW = 520;
const TICK_WIDTH = 76;
const PER_SPACE = 34;

export class Chart {
    private plot: uPlot | null = null;
    private drawing: Drawing | null = null;
    private readonly tip = el('div', { class: 'tip', role: 'status', hidden: true });
    private readonly stage = el('div', { class: 'stage', tabindex: 0, role: 'group' });
    private width = 0;

    constructor(readonly box: HTMLElement) {
        box.replaceChildren(this.stage, this.tip);
        new ResizeObserver(() => {
            if (box.clientWidth && box.clientWidth != this.width) this.redraw();
        }).observe(box);
        const themed = () => (box.isConnected ? this.redraw() : removeEventListener('themechange', themed));
        addEventListener('themechange', themed);
        this.stage.addEventListener('keydown', (event) => this.press(event));
        this.stage.addEventListener('blur', () => this.leave());
        this.stage.addEventListener('click', () => {
            const at = this.plot?.cursor.idx;
            if (at != null && this.drawing?.pick) this.drawing.pick(at);
        });
    }

    draw(drawing: Drawing) {
        this.drawing = drawing;
        this.stage.setAttribute('aria-label', drawing.about);
        this.redraw();
    }

    private colour(name: string) {
        return getComputedStyle(this.box).getPropertyValue(name).trim();
    }

    private series({ title, values, colour, isDashed, isFilled }: Line): uPlot.Series {
        const lone = values.filter((value) => value != null).length < 2;
        return {
            label: title,
            stroke: this.colour(colour),
            width: isDashed ? 1.5 : 2.25,
            dash: isDashed ? [5, 5] : undefined,
            fill: isFilled ? (u) => this.gradient(u, this.colour(colour)) : undefined,
            points: { show: lone, size: 7, fill: this.colour(colour) },
            paths: values.length > 2 && !isDashed ? uPlot.paths.spline?.() : undefined,
        };
    }

    // A drawing that is not on the screen yet has no height.
    private gradient(u: uPlot, colour: string) {
        const { top, height } = u.bbox;
        if (!height) return 'transparent';
        const fill = u.ctx.createLinearGradient(0, top, 0, top + height);
        fill.addColorStop(0, `${colour}38`);
        fill.addColorStop(1, `${colour}00`);
        return fill;
    }

    private redraw() {
        const { drawing, box } = this;
        this.width = box.clientWidth;
        this.plot?.destroy();
        this.plot = null;
        if (!drawing || !this.width) return;
        const n = drawing.labels.length;
        const every = Math.max(1, Math.ceil(n / Math.max(2, Math.floor(this.width / TICK_WIDTH))));
        const grid = { stroke: this.colour('--line'), width: 1 };
        const axis = { stroke: this.colour('--muted'), font: '12px system-ui, sans-serif', ticks: { show: false } };
        const options: uPlot.Options = {
            width: this.width,
            height: this.width < NARROW ? HEIGHT_NARROW : HEIGHT,
            legend: { show: false },
            cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
            scales: {
                x: { time: false, range: () => (n > 1 ? [-0.15, n - 0.85] : [-1, 1]) },
                y: { range: (_, __, most) => [0, most > 0 ? Math.max(most * 1.12, drawing.isCount ? 3 : 0) : 3] },
            },
            axes: [
                { ...axis, grid: { show: false }, splits: () => drawing.labels.map((_, i) => i).filter((i) => i % every == 0), values: (_, splits) => splits.map((i) => drawing.ticks[i] ?? ''), size: 30 },
                { ...axis, grid, values: (_, splits) => splits.map(drawing.tick), space: PER_SPACE, size: 54, incrs: [...(drawing.isCount ? [] : [0.1, 0.2, 0.5]), 1, 2, 5, 10, 20, 30, 50, 60, 100, 120, 200, 300, 500, 600, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1e8, 1e9] },
            ],
            series: [{}, ...drawing.lines.map((line) => this.series(line))],
            hooks: { setCursor: [(u) => this.point(u)] },
        };
        this.plot = new uPlot(options, [drawing.labels.map((_, i) => i), ...drawing.lines.map(({ values }) => values)] as uPlot.AlignedData, this.stage);
    }

    private point(u: uPlot) {
        const at = u.cursor.idx;
        if (at == null || !this.drawing || (u.cursor.left ?? -1) < 0) return this.leave();
        fill(this.tip, ...this.drawing.tell(at));
        this.tip.hidden = false;
        const left = u.over.offsetLeft + u.valToPos(at, 'x');
        const most = this.box.clientWidth - this.tip.offsetWidth - 4;
        const beside = left + 14 > most ? left - this.tip.offsetWidth - 14 : left + 14;
        this.tip.style.setProperty('left', `${Math.max(0, Math.min(most, beside))}px`);
    }

    private leave() {
        this.tip.hidden = true;
    }

    private press(event: KeyboardEvent) {
        const { plot, drawing } = this;
        if (!plot || !drawing || event.ctrlKey || event.metaKey || event.altKey) return;
        const at = plot.cursor.idx ?? -1;
        const last = drawing.labels.length - 1;
        const next = { ArrowRight: Math.min(last, at + 1), ArrowLeft: at < 0 ? last : Math.max(0, at - 1), Home: 0, End: last }[event.key];
        if (next !== undefined) plot.setCursor({ left: plot.valToPos(next, 'x'), top: 10 });
        else if (event.key == 'Enter' && at >= 0 && drawing.pick) drawing.pick(at);
        else return;
        event.preventDefault();
    }
}
