// What the service put in front of this bundle: the site's settings and one notice, whose hash a choice names.
//
// Everything that a visitor is shown is in the notice. `notice` is replaced as a whole where another one has to be shown:
// in the language of the page, or because it changed since this script was answered.

import { ask, own } from './service.ts';

export interface Recipient {
    name: string;
    country: string;
    why: string;
}

export interface Purpose {
    name: string;
    title: string;
    description: string;
    separate?: boolean;
    recipients: Recipient[];
    collects: string[];
}

export interface Notice {
    lang: string;
    purposes: Purpose[];
    texts: Record<string, string>;
    controller: { name: string; address: string; contact: string };
    storage: { country: string; location: string };
    retention: Record<string, string>;
    next?: { from: string; text: string }; // what is announced
}

// What a purpose does beside being asked for.
interface Behaviour {
    cookies?: string[];
    mode?: string[];
}

interface Settings extends Notice {
    site: string;
    notice: string;
    material: string;
    dir: string;
    speaks: string; // matches the tags of pages for which this is the language
    regime: 'opt_in' | 'opt_out' | 'notice_only';
    domain?: string; // of the cookies, where the configuration names one
    purposes: (Purpose & Behaviour)[];
    control: boolean;
    pixel: boolean;
}

declare const SETTINGS: Settings;

export const settings = SETTINGS;
export const purposes = settings.purposes;
export let notice: Notice = settings;
export let hash = settings.notice;
export let direction = settings.dir;

export const text = (key: string) => notice.texts[key] || '';

const list = (items: string[]) => new Intl.ListFormat(notice.lang).format(items);
export const titles = (of: { title: string }[]) => list(of.map(({ title }) => title));

// The notice that is in force now.
export async function readNotice(lang = notice.lang) {
    const now = await ask('notice', '&lang=' + encodeURIComponent(lang));
    notice = now.notice;
    hash = now.hash;
    direction = now.dir;
}

let spoken: Promise<void> | undefined;

// Which of its languages a page's is served, the service knows.
async function speakAsPage() {
    const { lang } = document.documentElement;
    if (!lang || own.searchParams.has('lang') || RegExp(settings.speaks, 'i').test(lang)) return;
    await readNotice(lang).catch(() => {}); // the other language is better than nothing
}

// The page's language wins over the browser's, unless the script's tag says which. Only the page knows it. Whatever has
// words waits for it, so that nobody reads one notice and answers another.
export const speak = () => (spoken ??= speakAsPage());
