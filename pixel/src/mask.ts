// Masking: what could name a person becomes a `*` before anything is sent. The rules are told in
// include/crumb/ingest/mask.h, as the service applies them again; tests/mask/cases.txt holds both to the same.
//
// An expression takes a run of letters whole, whether it is one to be masked or not, and does not look at it twice: the
// time is linear, whatever an address says. What its first group has found is masked. The digits of an escape such as %2F
// begin no number and no word.

const RULES = [
    /[\w.%+~\x80-\uffff-]+(@|%40)[\w\x80-\uffff-]+(\.[\w\x80-\uffff-]+)+|[\w.%+~\x80-\uffff-]+/g, // mail addresses
    /\b(eyJ)[\w-]{9,}/g, // JSON in base64
    /(?<!%[\da-f]?)(?=(([\w-]*?([a-z]\d|\d[a-z])){4})?)[\w-]{16,}/gi, // random words
    /(?<!%[\da-f]?)(\d(([ .-]|%20)?\d){8,}|\d{7,})/gi, // long numbers
];

export const mask = (text: string) =>
    RULES.reduce((rest, rule) => rest.replace(rule, (all, found) => (found ? '*' : all)), text);
