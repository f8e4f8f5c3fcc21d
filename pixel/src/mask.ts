// Masking: what could name a person becomes a `*` before anything is sent. The rules are told in
// include/crumb/ingest/mask.h, as the service applies them again; tests/mask/cases.txt holds both to the same.
//
// The digits of an escape such as %2F begin no number and no word.

const MAIL = /[\w.%+~\x80-\uffff-]+(@|%40)[\w\x80-\uffff-]+(\.[\w\x80-\uffff-]+)+/g;
const JSON_WORD = /\beyJ[\w-]{9,}/g;
const WORD = /(?<!%[\da-f]?)(?=([\w-]*?([a-z]\d|\d[a-z])){4})[\w-]{16,}/gi;
const NUMBER = /(?<!%[\da-f]?)(\d(([ .-]|%20)?\d){8,}|\d{7,})/gi;

export const mask = (text: string) =>
    text.replace(MAIL, '*').replace(JSON_WORD, '*').replace(WORD, '*').replace(NUMBER, '*');
