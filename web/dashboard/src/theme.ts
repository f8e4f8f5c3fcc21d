// Light, dark, or as the system has it. Kept in this browser alone.
import { button, fill, svg } from './dom.ts';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const TITLES: Record<Theme, string> = { auto: 'Colours: as the system', light: 'Colours: light', dark: 'Colours: dark' };

const kept = () => {
    try {
        return (localStorage.getItem('crumb-theme') ?? 'auto') as Theme;
    } catch {
        return 'auto'; // a browser that keeps nothing
    }
};
let theme: Theme = THEMES.includes(kept()) ? kept() : 'auto';

const changed = () => dispatchEvent(new Event('themechange'));

function apply() {
    if (theme == 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    changed();
}

export function startTheme() {
    apply();
    for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', changed);
}

const icon = () =>
    svg('svg', { viewBox: '0 0 20 20', width: 18, height: 18, 'aria-hidden': 'true' },
        svg('circle', { cx: 10, cy: 10, r: 6.5, fill: theme == 'dark' ? 'currentColor' : 'none', stroke: 'currentColor', 'stroke-width': 1.8 }),
        theme == 'auto' && svg('path', { d: 'M10 3.5a6.5 6.5 0 0 1 0 13z', fill: 'currentColor' }));

export function themeButton() {
    const made = button(icon(), () => {
        theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
        try {
            localStorage.setItem('crumb-theme', theme);
        } catch {
            // then until the page is loaded again
        }
        apply();
        fill(made, icon());
        made.setAttribute('aria-label', TITLES[theme]);
        made.title = TITLES[theme];
    }, { class: 'icon', 'aria-label': TITLES[theme], title: TITLES[theme] });
    return made;
}
