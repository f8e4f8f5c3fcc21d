// The choice as the browser keeps it: the cookie crumb_choice, written by the service, and the cookies of others that a
// refusal deletes.
//
//     1.<material, 16 hex digits>.<Unix seconds>.<action>.<purpose>=<0|1>&...
//
// Unsure means no: a cookie that is there twice or not of this form is not known. When it was written is for the service to
// judge, whose clock that was; the browser's may be wrong by a year, and ends the cookie when its Max-Age is over.

import { own } from './service.ts';
import { settings } from './settings.ts';

export type Answers = Record<string, boolean>;

export interface Choice {
    raw_: string;
    material_: string;
    action_: string;
    answers_: Answers;
}

const NAME = 'crumb_choice';
const FORM = /^crumb_choice=1\.([0-9a-f]{16})\.\d{1,12}\.([a-z]+)\.((?:\w+=[01](?:&|$))*)$/;

// Empty where the page may not have cookies at all.
function cookies() {
    try {
        return document.cookie.split('; ');
    } catch {
        return [];
    }
}

export const rawChoice = () => cookies().filter((pair) => pair.startsWith(NAME + '=')).join();

// Whether a cookie of the service, if there were one, could be read here.
export function isReadable() {
    const host = location.hostname;
    return host == own.hostname || (!!settings.domain && ('.' + host).endsWith('.' + settings.domain));
}

export function readChoice(): Choice | null {
    const raw = rawChoice();
    const [, material, action, answers] = FORM.exec(raw) ?? [];
    if (!action) return null;
    const pairs = [...answers!.matchAll(/(\w+)=(\d)/g)];
    const read = Object.fromEntries(pairs.map(([, name, yes]) => [name, yes == '1']));
    return { raw_: raw, material_: material!, action_: action, answers_: read };
}

// ---- deleting ----

// A cookie is named by its name, path and domain, and a script cannot see the last two: each that can be is tried.
function expire(name: string) {
    const labels = location.hostname.split('.');
    const domains = ['', ...labels.map((_, i) => ';domain=' + labels.slice(i).join('.'))];
    let path = '';
    for (const part of location.pathname.split('/')) {
        path += part;
        for (const each of [path, (path += '/')])
            for (const domain of domains) document.cookie = name + '=;max-age=0;path=' + each + domain;
    }
}

const fits = (name: string, pattern: string) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name == pattern;

// Deletes what these purposes have left here: names, or beginnings of names with a `*`.
export function deleteCookies(patterns: string[]) {
    for (const pair of cookies()) {
        const name = pair.split('=')[0]!;
        if (patterns.some((pattern) => fits(name, pattern))) expire(name);
    }
}

// A page that may have no cookies has none to forget.
export function forgetChoice() {
    if (rawChoice()) expire(NAME);
}

// ---- what is owed ----

// A page in a sandbox may have no storage, and remembers it itself.
function storage(): Record<string, string> {
    try {
        return localStorage;
    } catch {
        return {};
    }
}

// While something was taken back and the service has not confirmed it: on which surface that was said, and nothing else.
export const kept = storage();
export const owed = () => kept.crumb_owed;

export function owe(surface: string) {
    if (surface) kept.crumb_owed = surface;
    else delete kept.crumb_owed;
}
