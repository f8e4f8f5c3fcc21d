// Making elements without markup: nothing here can turn a text into code, whatever a visitor wrote into a title.

export type Child = Node | string | number | false | null | undefined;
type Act = (event: any) => void;
export type Attributes = Record<string, string | number | boolean | Act | undefined>;

function prepare<T extends Element>(made: T, attributes: Attributes, children: Child[]) {
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value == 'function') made.addEventListener(name.slice(2), value);
        else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
    }
    made.append(...children.filter((child) => child !== false && child != null).map((child) => (child instanceof Node ? child : String(child))));
    return made;
}

export function el<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: Child[]) {
    return prepare(document.createElement(name), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: Child[]) {
    return prepare(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

export const button = (label: Child, act: Act, attributes: Attributes = {}) =>
    el('button', { type: 'button', onclick: act, ...attributes }, label);

// A style that depends on data: by property, as a policy without inline styles wants it.
export function styled<T extends HTMLElement | SVGElement>(element: T, properties: Record<string, string>) {
    for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
    return element;
}

// New content. Whoever had the focus has it again, where there is something with the same data-key.
export function fill(parent: Element, ...children: Child[]) {
    const had = document.activeElement;
    const key = had && parent.contains(had) ? had.getAttribute('data-key') : null;
    parent.replaceChildren();
    prepare(parent, {}, children);
    if (key) [...parent.querySelectorAll<HTMLElement>('[data-key]')].find((one) => one.dataset.key == key)?.focus();
}

export function select(label: string, options: [value: string, text: string][], value: string, act: (value: string) => void, attributes: Attributes = {}) {
    const made = el(
        'select',
        { 'aria-label': label, ...attributes },
        ...options.map(([value, text]) => el('option', { value }, text)),
    );
    made.value = value;
    made.addEventListener('change', () => act(made.value));
    return made;
}

let lastId = 0;
export const newId = () => `e${++lastId}`;

// Tabs: one stop of the Tab key, arrows move between them (ARIA Authoring Practices, tabs with automatic activation).
export function tabs(label: string, names: [id: string, title: string][], chosen: string, choose: (id: string) => void, panel: HTMLElement) {
    panel.id ||= newId();
    const move = (event: KeyboardEvent) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const at = names.findIndex(([id]) => id == chosen);
        const next = names[(at + step + names.length) % names.length]![0];
        choose(next);
    };
    return el(
        'div',
        { role: 'tablist', 'aria-label': label, class: 'tabs', onkeydown: move },
        ...names.map(([id, title]) =>
            button(title, () => choose(id), {
                role: 'tab',
                'aria-selected': String(id == chosen),
                'aria-controls': panel.id,
                tabindex: id == chosen ? 0 : -1,
                'data-key': id == chosen ? `${label} tab` : undefined,
            }),
        ),
    );
}
