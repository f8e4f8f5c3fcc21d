// Notices as they were shown, and what two of them say differently.
import { get } from './api.ts';
import { openDialog } from './dialog.ts';
import { el, fill, select } from './dom.ts';
import { load, skeleton } from './load.ts';

// Every text of a notice by where it stands: "purposes.analytics.title".
function flat(value: unknown, place: string, into: Map<string, string>) {
    if (value === null || typeof value != 'object') into.set(place, String(value));
    else for (const [name, inner] of Object.entries(value)) {
        const own = inner && typeof inner == 'object' && 'name' in inner && Array.isArray(value) ? String(inner.name) : name;
        flat(inner, place ? `${place}.${own}` : own, into);
    }
    return into;
}

const read = async (hash: string, signal: AbortSignal) => flat(await get(`v1/notice/${encodeURIComponent(hash)}`, signal), '', new Map<string, string>());

function drawNotice(box: HTMLElement, texts: Map<string, string>) {
    fill(box, el('dl', { class: 'diff' }, ...[...texts].flatMap(([place, text]) => [el('dt', {}, place), el('dd', { dir: 'auto' }, text)])));
}

function drawDifference(box: HTMLElement, old: Map<string, string>, now: Map<string, string>) {
    const places = [...new Set([...old.keys(), ...now.keys()])].filter((place) => old.get(place) !== now.get(place));
    fill(box, places.length == 0 ? el('p', {}, 'They say the same.') : el('p', { class: 'small' }, '+ is in this notice alone, − in the other alone.'), places.length > 0 && el('dl', { class: 'diff' }, ...places.flatMap((place) => [
        el('dt', {}, place),
        el('dd', { dir: 'auto' }, old.has(place) && el('del', {}, old.get(place)!), now.has(place) && el('ins', {}, now.get(place)!)),
    ])));
}

// @others: the notices that it can be compared with, the likeliest first.
export function openNotice(hash: string, others: string[], compared = '') {
    const asking = new AbortController(), box = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The notice' }, skeleton(8));
    const show = (other: string) => load(box, asking.signal, async () => [await read(hash, asking.signal), other ? await read(other, asking.signal) : null] as const,
        ([texts, old]) => (old ? drawDifference(box, old, texts) : drawNotice(box, texts)));
    const options: [string, string][] = [['', 'all that it says'], ...others.map((other): [string, string] => [other, `what is not as in ${other}`])];
    openDialog(`Notice ${hash}`, [el('div', { class: 'controls' }, select('Show', options, compared, show)), box], { wide: true, closed: () => asking.abort() });
    show(compared);
}
