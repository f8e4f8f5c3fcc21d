// Which page this is: of its address, what a site may know (include/crumb/ingest/page.h says it in full).

import { mask } from './mask.ts';

const enum Limit {
    LETTERS = 2048, // an address of more is refused
}

const ROUTE = /^#!?\/[^?]*/;
// utm_*, and whatever may be the click id of an advertisement (gclid, li_fat_id): of these only the name is told, and the
// service knows which are.
const CAMPAIGN = /^utm_|id$/;

// An address without its query: of another page that is nobody's business.
export const clean = ({ protocol, host, pathname }: URL | Location | HTMLAnchorElement, rest = '') =>
    (protocol + '//' + host + mask(pathname + rest)).slice(0, Limit.LETTERS);

// What brought the visitor here belongs to a page view, not to the page: scripts like to tidy it away.
export function here(withCampaign?: boolean) {
    const kept = new URLSearchParams();
    for (const [name, value] of new URLSearchParams(location.search)) {
        const isOfPage = SETTINGS.query?.includes(name);
        if (isOfPage || (withCampaign && CAMPAIGN.test(name)))
            kept.append(name, isOfPage || name[0] == 'u' ? value : '');
    }
    return clean(location, '?' + kept + ((SETTINGS.hash && ROUTE.exec(location.hash)) || ''));
}
