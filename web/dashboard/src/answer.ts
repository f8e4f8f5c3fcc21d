// What an officer can do about a request: one form, whose choices are the steps that its state allows.
import { Failure, post } from './api.ts';
import { button, el, fill, newId } from './dom.ts';
import { number } from './format.ts';
import { problem, reportFailure } from './load.ts';
import { theSession } from './question.ts';
import type { Stage, Asked } from './requests.ts';

const NOTE_BYTES_MAX = 4096; // REQUEST_NOTE_BYTES_MAX

interface Act {
    id: string;
    title: string;
    field: 'answer' | 'note';
    label: string;
    state?: Stage;
    mayBeEmpty?: boolean;
}
const TO_ASKER = 'Your words, which whoever asked reads';
const ANSWER: Act = { id: 'answer', title: 'Answer, and close', field: 'answer', label: TO_ASKER, state: 'answered' };
const REFUSE: Act = { id: 'refuse', title: 'Refuse, and close', field: 'answer', label: 'The reasons, which whoever asked reads', state: 'refused' };
const TAKE: Act = { id: 'take', title: 'Take it up', field: 'note', label: 'A note for officers, where there is one to make', state: 'in_progress', mayBeEmpty: true };
const AGAIN: Act = { ...TAKE, title: 'Take it up again' };
const WRITE: Act = { id: 'write', title: 'Write to whoever asked', field: 'answer', label: TO_ASKER };
const NOTE: Act = { id: 'note', title: 'Note something', field: 'note', label: 'A note, which officers alone read' };
// As docs/requests.md has them; the first is the likeliest.
const ACTS: Record<Stage, Act[]> = {
    open: [ANSWER, REFUSE, TAKE, WRITE, NOTE],
    in_progress: [ANSWER, REFUSE, WRITE, NOTE],
    answered: [NOTE, WRITE, AGAIN],
    refused: [NOTE, WRITE, AGAIN],
    withdrawn: [NOTE, WRITE],
};

// What is written and not sent, of whom: it outlives a session that ends, and a look at another request.
const drafts = new Map<string, { act: string; text: string }>();
addEventListener('beforeunload', (event) => {
    if (![...drafts.values()].some(({ text }) => text)) return;
    event.preventDefault();
    event.returnValue = true;
});

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

// @done gets the request as it is then; @stale is called where somebody else was faster.
export function answerForm(path: string, { number: no, state, version }: Asked, done: (now: Asked, title: string) => void, stale: () => void) {
    const acts = ACTS[state], key = `${theSession().name} ${path}`, draft = drafts.get(key);
    let act = acts.find(({ id }) => id == draft?.act) ?? acts[0]!;
    const said = el('div'), hint = el('p', { class: 'small', id: newId() }), size = el('p', { class: 'small', id: newId() }), label = el('label', { for: `words-${no}` });
    const words = el('textarea', { id: `words-${no}`, rows: 5, 'aria-describedby': `${hint.id} ${size.id}`, dir: 'auto' });
    const send = button('', () => {}, { type: 'submit', class: 'primary' });
    words.value = draft?.text ?? '';

    const measure = () => {
        const bytes = bytesOf(words.value), isTooLong = bytes > NOTE_BYTES_MAX;
        fill(size, isTooLong ? `${number(bytes - NOTE_BYTES_MAX)} bytes too long` : `${number(NOTE_BYTES_MAX - bytes)} bytes are left`);
        words.setCustomValidity(isTooLong ? 'This is too long.' : '');
    };
    const choose = (chosen: Act) => {
        act = chosen;
        fill(label, act.label);
        fill(hint, act.field == 'answer' && 'It is read on the privacy page. No mail is sent: write to the contact yourself where it should be one.');
        fill(send, act.title);
        words.required = !act.mayBeEmpty;
    };
    const keep = () => {
        if (words.value) drafts.set(key, { act: act.id, text: words.value });
        else drafts.delete(key);
    };
    words.addEventListener('input', () => (measure(), keep()));

    const submit = async (event: Event) => {
        event.preventDefault();
        if (send.disabled) return;
        const text = words.value.trim(), sent = act;
        if (!text && !sent.mayBeEmpty) return fill(said, problem('Write something first.'));
        send.disabled = true;
        try {
            const now = (await post(path, { version, ...(sent.state && { state: sent.state }), ...(text && { [sent.field]: text }) })) as Asked;
            drafts.delete(key);
            done(now, sent.title);
        } catch (error) {
            const failure = error as Failure;
            if (failure.kind == 'signed-out' || failure.kind == 'gone') reportFailure(failure);
            fill(said, problem(`${failure.message} What you wrote is still here.`), failure.kind == 'wrong' && button('Read the request again', stale));
        }
        send.disabled = false;
    };
    choose(act);
    measure();
    return el('form', { onsubmit: submit, class: 'answer' },
        el('fieldset', {}, el('legend', {}, 'What to do about it'), ...acts.map((one) => {
            const radio = el('input', { type: 'radio', name: 'act', id: `act-${one.id}`, value: one.id, onchange: () => (choose(one), keep()) });
            radio.checked = one == act;
            return el('span', {}, radio, el('label', { for: radio.id }, one.title));
        })),
        label, hint, words, size, said, send);
}
