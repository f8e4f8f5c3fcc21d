// What the service puts in front of this bundle, the same for everybody who visits the site, and what the banner has put
// into the page. Both are free names of the bundle; the types of `crumb` are in ../../consent-js/crumb.d.ts.
interface Settings {
    site: string;
    collects: [purpose: string, what: string][]; // what: letters, see consent.ts; purposes without any are left out
    query?: string[]; // the query pairs that belong to a page
    hash?: boolean; // so does a route in the fragment
}

declare const SETTINGS: Settings;
