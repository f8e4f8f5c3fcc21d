// The click path, loaded once a purpose that collects it is granted: links that lead elsewhere, buttons, whatever is marked
// `data-crumb-click="NAME"`, and forms that are sent. Of an element its mark or id is told, never its text, and never a
// field's value. The tracker knows what may be told when it happens.

const WORTH_TELLING = '[data-crumb-click],a[href],area[href],button,[type=submit],[type=button]';
const FILE = /\.(pdf|epub|zip|gz|7z|docx?|xlsx?|pptx?|od[stp]|csv|mp[34]|exe|msi|dmg|apk)$/i;

// Nothing: a link within the site.
function kindOf(element: HTMLAnchorElement) {
    const { protocol, host, pathname } = element;
    if (protocol == 'mailto:') return 'mail';
    if (protocol == 'tel:') return 'telephone';
    if (element.matches('[download]') || FILE.test(pathname)) return 'download';
    return host ? host != location.host && 'outbound' : 'button';
}

// A form's `id` may be one of its fields; its attribute is not. The middle button opens links, too, as an `auxclick`.
function onAct({ type, button = 0, target }: MouseEvent) {
    const isForm = type == 'submit';
    const element = (target as Element).closest<HTMLAnchorElement>(isForm ? 'form' : WORTH_TELLING);
    if (!element || button > 1) return;
    const mark = element.dataset.crumbClick;
    const name = mark || element.getAttribute('id') || element.localName;
    const kind = isForm ? 'form' : kindOf(element) || (mark && 'link');
    if (kind) window.crumb.queue.push([name, {}, isForm ? 'form' : 'click', kind, element]);
}

for (const type of ['click', 'auxclick', 'submit']) addEventListener(type, onAct as EventListener, true);
