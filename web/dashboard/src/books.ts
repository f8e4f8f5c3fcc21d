// The books: what was received, stored, and dropped for which reason.
import { el, fill, styled } from './dom.ts';
import { number } from './format.ts';
import { empty } from './load.ts';

export interface Books {
    total: { received: number; stored: number; dropped: Record<string, number> };
}

const REASONS: Record<string, string> = {
    no_consent: 'nobody allowed it',
    gpc: 'the browser says no (GPC)',
    minor: 'a minor’s',
    restricted: 'processing is restricted',
    stale_notice: 'allowed under an older notice',
    bad_id: 'an id that is not ours',
    malformed: 'cannot be read',
    unknown_site: 'of no site here',
    bad_origin: 'from a page of another origin',
    rate_limited: 'too many at once',
    duplicate: 'came twice',
    too_large: 'too large',
};

export function drawBooks(box: HTMLElement, { total }: Books) {
    if (total.received == 0) return fill(box, empty('No event came in these days.'));
    const line = (title: string, n: number, name: string) => styled(
        el('div', { class: 'row', 'data-book': name }, el('span', { class: 'label' }, title), el('span', { class: 'n' }, number(n)),
            el('span', { class: 'n side' }, `${((100 * n) / total.received).toFixed(1)}%`)),
        { '--w': `${(100 * n) / total.received}%` });
    fill(box, el('div', { class: 'books' },
        line('Events received', total.received, 'received'),
        line('Stored', total.stored, 'stored'),
        ...Object.entries(total.dropped).sort((a, b) => b[1] - a[1]).map(([reason, n]) => line(`Dropped: ${REASONS[reason] ?? reason}`, n, reason))),
    el('p', { class: 'small' }, 'Received is stored and dropped together: nothing is lost in silence.'));
}
