// Making elements without markup: nothing here can turn a text into code.

// What is false or empty is left out.
export type Child = Node | string | false | undefined;

export function element<K extends keyof HTMLElementTagNameMap>(
    name: K,
    attributes: Record<string, string> = {},
    ...children: Child[]
) {
    const made = document.createElement(name);
    for (const key in attributes) made.setAttribute(key, attributes[key]!);
    made.append(...(children.filter(Boolean) as (Node | string)[]));
    return made;
}

export function button(label: string, act: () => void, attributes?: Record<string, string>) {
    const made = element('button', { type: 'button', ...attributes }, label);
    made.addEventListener('click', act);
    return made;
}

// Constructed sheets pass `style-src 'self'`; they are parsed once, however many roots adopt them.
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

// A root that the page's styles do not reach, in an element that has no name a filter list could know.
export function shadow(host: HTMLElement) {
    const root = host.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    return root;
}
