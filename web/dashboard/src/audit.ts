// The audit trail: who read personal data and who did what as an administrator, the newest first; and whether the chain of
// its records is the one that was written.
import { get } from './api.ts';
import { openDialog, type Opened } from './dialog.ts';
import { button, el, fill, select } from './dom.ts';
import { moment, NOTHING, number } from './format.ts';
import { empty, load, skeleton } from './load.ts';
import { zone } from './question.ts';
import { goMore, state as current, type State } from './state.ts';
import type { View } from './view.ts';

interface Entry {
    sequence: number;
    time: string;
    actor: string;
    name: string | null;
    act: string;
    site: string | null;
    object: string | null;
    details: string | null;
    previous: string;
    hash: string;
    signature: string;
}
interface Page {
    records: Entry[];
    next: number | null;
}
interface Check {
    good: boolean;
    checked: number; // the last record that is good
    records: number;
    wrong: number | null;
    why?: string;
    next: number | null;
}

const ROWS = 50, SAVED = 1000;
const ACTS: Record<string, string> = {
    configured: 'Configuration in force', refused: 'Refused', exported: 'Exported', dumped: 'Printed', disclosed: 'Disclosed by order',
    request_read: 'Request read', request_moved: 'Request worked on', key_rotated: 'Master key changed', compacted: 'Store compacted',
    expired: 'Expired', erased: 'Erased', unreadable: 'Unreadable act',
};
const actTitle = (act: string) => ACTS[act] ?? act;
const who = ({ actor, name }: Entry) => (name === null ? actor : `${name} (${actor})`);

// ---- the chain ----

const ask = (after: number, signal: AbortSignal): Promise<Check> => get(`admin/audit/check?after=${after}`, signal);

function drawCheck(box: HTMLElement, check: Check, goOn: () => void) {
    const { good, checked, records, wrong, why, next } = check;
    const title = !good ? 'The trail is broken' : next === null ? 'The trail is whole' : 'Whole as far as it was looked at';
    const text = !good ? `${wrong === null ? 'Its end' : `Record ${number(wrong)}`} is wrong: ${why}. Keep this server’s data as it is, compare it with a backup, and find out who could write to it.`
        : records == 1 ? 'There is one record, and this server signed it.'
        : `${next === null ? `All ${number(records)} records` : `The first ${number(checked)} of ${number(records)} records`} follow one another, and this server signed each.`;
    fill(box,
        el('p', { class: good ? 'good' : 'bad', 'data-chain': good ? (next === null ? 'whole' : 'part') : 'broken' }, el('b', {}, title)),
        el('p', {}, text),
        next !== null && el('p', {}, button('Look at the rest', goOn, { 'data-key': 'rest' })));
}

// Goes on until all was looked at, or the view is left.
async function checkRest(box: HTMLElement, from: Check, signal: AbortSignal) {
    const button = box.querySelector('button');
    if (button) button.disabled = true;
    let check = from;
    await load(box, signal, async () => {
        while (check.good && check.next !== null && box.isConnected) {
            check = await ask(check.next, signal);
            const told = box.querySelector('p:nth-of-type(2)');
            if (told && check.next !== null) told.textContent = `${number(check.checked)} of ${number(check.records)} records were looked at …`;
        }
        return check;
    }, (last) => drawCheck(box, last, () => checkRest(box, last, signal)));
}

// ---- the records ----

function line(entry: Entry) {
    const { sequence, time, act, site, object, details } = entry;
    return el('li', { 'data-record': sequence },
        button(`#${number(sequence)}`, () => goMore({ open: String(sequence) }), { class: 'quiet no', 'data-key': `record ${sequence}`, 'aria-label': `Record ${sequence}: all of it` }),
        el('time', { datetime: time }, moment(time, zone(), 'medium')),
        el('bdi', { class: 'who' }, who(entry)),
        el('b', { class: act == 'refused' || act == 'unreadable' ? 'bad' : '' }, actTitle(act)),
        el('span', { class: 'what' }, el('bdi', {}, object ?? ''), site !== null && el('span', { class: 'code' }, site), details !== null && el('bdi', { class: 'small' }, details)));
}

function drawPage(box: HTMLElement, { records, next }: Page, { more: { act = '', before = '' } }: State) {
    const foot = (!!before || next !== null) && el('div', { class: 'card-foot' },
        !!before && button('Newest', () => goMore({ before: '' }), { 'data-key': 'newest' }),
        next !== null && button('Older', () => goMore({ before: String(next) }), { 'data-key': 'older' }));
    const none = next !== null ? 'None of those that were looked at is such a record; go on with those before them.'
        : `There is no ${before && 'older '}record${act && ` of “${actTitle(act)}”`}.`;
    fill(box,
        !records.length && empty(none),
        !!records.length && el('p', { class: 'trail head', 'aria-hidden': 'true' }, ...['No.', 'When', 'Who', 'What', 'To what'].map((title) => el('span', {}, title))),
        !!records.length && el('ol', { class: 'trail' }, ...records.map(line)),
        foot);
}

function drawEntry(box: HTMLElement, entry: Entry) {
    const code = (text: string) => el('code', {}, text);
    const facts: [string, string | Node][] = [
        ['Time', `${moment(entry.time, zone(), 'medium')} (${entry.time})`], ['Who', who(entry)], ['Act', `${actTitle(entry.act)} (${entry.act})`], ['Site', entry.site ?? NOTHING],
        ['To what', entry.object ?? NOTHING], ['Details', entry.details ?? NOTHING], ['Hash', code(entry.hash)], ['Hash of the record before', code(entry.previous)], ['Signature', code(entry.signature)]];
    fill(box, el('dl', { class: 'diff' }, ...facts.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, el('bdi', {}, text))])));
}

// ---- the view ----

function mount(root: HTMLElement) {
    const chain = el('div', { class: 'chain', role: 'status' }, skeleton(2)), leaving = new AbortController();
    const controls = el('div', { class: 'controls' }), list = el('div', { class: 'panel low' }, skeleton(10));
    fill(root,
        el('section', { class: 'card wide', 'aria-label': 'The chain' }, chain),
        el('section', { class: 'card wide', 'aria-label': 'The records' }, controls, list));
    load(chain, leaving.signal, () => ask(0, leaving.signal), (check) => drawCheck(chain, check, () => checkRest(chain, check, leaving.signal)));

    const asked = ({ site, more: { act, where } }: State) => ({ ...(act && { act }), ...(where && { site_id: site }) });
    const update = (shown: State, signal: AbortSignal) => {
        const { act = '', where = '', before = '' } = shown.more;
        const saved = new URLSearchParams({ ...asked(shown), limit: String(SAVED), format: 'ndjson' });
        fill(controls,
            select('Act', [['', 'All acts'], ...Object.entries(ACTS)], act, (chosen) => goMore({ act: chosen, before: '' }), { 'data-key': 'act' }),
            select('Where', [['', 'Everywhere that you may see'], ['site', 'At this site alone']], where, (chosen) => goMore({ where: chosen, before: '' }), { 'data-key': 'where' }),
            el('a', { href: `admin/audit?${saved}`, download: 'audit.ndjson', class: 'save' }, `Save the newest ${number(SAVED)}`));
        const wanted = new URLSearchParams({ ...asked(shown), limit: String(ROWS), ...(before && { before }) });
        load(list, signal, () => get(`admin/audit?${wanted}`, signal) as Promise<Page>, (page) => drawPage(list, page, shown));
    };

    let opened: (Opened & { name: string }) | null = null;
    const open = (name: string) => {
        if (opened?.name == name) return;
        opened?.close();
        opened = null;
        const sequence = Number(name);
        if (!sequence) return;
        const asking = new AbortController(), box = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The record' }, skeleton(6));
        const closed = () => {
            asking.abort();
            opened = null;
            if (current().more.open == name) goMore({ open: '' });
        };
        opened = { ...openDialog(`Record ${number(sequence)}`, [box], { wide: true, closed }), name };
        load(box, asking.signal, () => get(`admin/audit?before=${sequence + 1}&limit=1`, asking.signal) as Promise<Page>, ({ records: [entry] }) => {
            if (entry?.sequence == sequence) drawEntry(box, entry);
            else fill(box, empty('There is no such record, or it is none that you may see.'));
        });
    };
    return { update, open };
}

export const audit: View = { id: 'audit', title: 'Audit', key: '6', roles: ['admin'], hasPeriod: false, mount };
