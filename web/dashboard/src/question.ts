// What every question of the page has in common: which site, which days, of whom.
import { comparisonOf, rangeOf } from './period.ts';
import type { Filter, State } from './state.ts';
import { state } from './state.ts';
import type { Session } from './api.ts';

let session: Session;
export const setSession = (given: Session) => (session = given);
export const theSession = () => session;
export const theSite = () => session.sites.find(({ id }) => id == state().site)!;
export const zone = () => theSite().timezone;

export const filterOf = ({ operation, dimension, values }: Filter) => {
    const anyCase = operation.startsWith('contains') ? [{ case_sensitive: false }] : [];
    return [operation, dimension, values, ...anyCase];
};

export function question(state: State, more: Record<string, unknown> = {}) {
    const { filters = [], ...others } = more as { filters?: unknown[] };
    return {
        site_id: state.site,
        date_range: rangeOf(state, zone()),
        filters: [...state.filters.map(filterOf), ...filters],
        ...others,
    };
}

export const comparing = (state: State) => {
    const comparison = comparisonOf(state);
    return comparison && { include: { comparison } };
};
