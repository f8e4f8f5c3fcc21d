// The shipped texts, and how much room they take.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../../consent-js/texts/', import.meta.url);

// {LANG: {KEY: text}}
export const shippedTexts = () =>
    Object.fromEntries(
        readdirSync(fileURLToPath(FOLDER)).map((name) => [
            name.replace(/\.json$/, ''),
            JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')),
        ]),
    );

// Buttons and what is pressed like one, with the columns that each may take: the first layer's stand side by side on a
// telephone, the others have a line of their own.
export const BUTTONS = {
    accept: 16, reject: 16, choose: 16, ok: 16, allow: 16, refuse: 16, close: 16, back: 16,
    save: 28, withdraw: 28, load: 28, control: 28, more: 28, receipt: 28, noscript: 28,
};

// In columns of a terminal: Han, kana and Hangul take two, marks none.
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/u;
export const width = (text) => [...text].reduce((n, c) => n + (WIDE.test(c) ? 2 : /\p{M}/u.test(c) ? 0 : 1), 0);
