// Masking: what could name a person becomes a `*` before anything is sent. The rules are told in
// include/crumb/ingest/mask.h, as the service applies them again; tests/mask/cases.txt holds both to the same.
//
// The digits of an escape such as %2F begin no number and no word.

const MAIL = /[\w.%+~\x80-\uffff-]+(@|%40)[\w\x80-\uffff-]+(\.[\w\x80-\uffff-]+)+/g;
const HEXADECIMAL = /(?<!%[\da-f]?)([\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}|(?=[a-f]*\d)[\da-f]{16,})/gi;
const WORD = /(?<!%[\da-f]?)[\w-]{16,}/gi;
const CHANGE = /[a-z](?=[A-Z\d])|[A-Z](?=\d)|\d(?=[a-zA-Z])/g;
const NUMBER = /(?<!%[\da-f]?)(\d(([ .-]|%20)?\d){8,}|\d{7,})/gi;

// A capital begins a word, so between it and the small letters behind it nothing changes.
const isRandom = (word: string) => 3 * (word.match(CHANGE)?.length ?? 0) >= word.length;

export const mask = (text: string) =>
    text
        .replace(MAIL, '*')
        .replace(HEXADECIMAL, '*')
        .replace(WORD, (word) => (isRandom(word) ? '*' : word))
        .replace(NUMBER, '*');
