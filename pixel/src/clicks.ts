// The click path, loaded once a purpose that collects it is granted: links that lead elsewhere, buttons, whatever is marked
// `data-crumb-click="NAME"`, and forms that are sent. Of an element its mark or id is told, never its text, and never a
// field's value. The tracker knows what may be told when it happens.

const WORTH_TELLING = '[data-crumb-click],a[href],area[href],button,[type=submit],[type=button]';
const FILE = /\.(pdf|epub|zip|gz|7z|docx?|xlsx?|pptx?|od[stp]|csv|mp[34]|exe|msi|dmg|apk)$/i;

// Nothing: a link within the site.
function kindOf(element: Element, { protocol, host, pathname }: HTMLAnchorElement) {
    if (protocol == 'mailto:') return 'mail';
    if (protocol == 'tel:') return 'telephone';
    if (element.matches('[download]') || FILE.test(pathname)) return 'download';
    return host ? host != location.host && 'outbound' : 'button';
}

// A form's fields hide its properties, and links of pictures (SVG) have others: only attributes are looked at. The middle
// button opens links, too, as an `auxclick`. Of the address the tracker masks what names a person.
function onAct({ type, button = 0, target }: MouseEvent) {
    const isForm = type == 'submit';
    const element = (target as Element).closest?.(isForm ? 'form' : WORTH_TELLING);
    if (!element || button > 1) return;
    const of = (name: string) => element.getAttribute(name);
    const link = document.createElement('a');
    if (!isForm && of('href')) link.href = of('href')!;
    const mark = of('data-crumb-click');
    const kind = isForm ? 'form' : kindOf(element, link) || (mark && 'link');
    const name = mark || of('id') || (isForm ? kind : element.localName);
    const address = link.host && link.protocol + '//' + link.host + link.pathname;
    if (kind) window.crumb.queue.push([name as string, {}, {}, isForm ? kind : 'click', kind, address]);
}

for (const type of ['click', 'auxclick', 'submit']) addEventListener(type, onAct as EventListener, true);
