// Which page this is: of its address, what a site may know (include/crumb/ingest/page.h says it in full).

import { mask } from './mask.ts';

const enum Limit {
    LETTERS = 1000, // of an address; each may become three bytes, and an event of more than 8,192 is refused
}

const ROUTE = /^#!?\/[^?]*/;
// utm_*, and whatever may be the click id of an advertisement (src/ingest/click_ids.c): of these, in brackets, only the
// name is told, and the service knows which are.
const CAMPAIGN = /^utm_|(id|igsh|epik)$/;

// An address without its query: of another page that is nobody's business.
export const clean = ({ protocol, host, pathname }: URL | Location | HTMLAnchorElement, rest = '') =>
    (protocol + '//' + host + mask(pathname + rest)).slice(0, Limit.LETTERS);

// What brought the visitor here belongs to a page view, not to the page: scripts like to tidy it away.
export function here(withCampaign?: boolean) {
    const kept = new URLSearchParams();
    for (const [name, value] of new URLSearchParams(location.search)) {
        const isOfPage = SETTINGS.query?.includes(name);
        if (isOfPage || (withCampaign && CAMPAIGN.test(name))) kept.append(name, isOfPage || /^utm_/.test(name) ? value : '');
    }
    return clean(location, '?' + kept + ((SETTINGS.hash && ROUTE.exec(location.hash)) || ''));
}
