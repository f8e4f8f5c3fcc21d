// A model of what crumb keeps and tells of visitors: plain lists, and no memory of how anything came to be. The rules
// are those of docs/rights.md, docs/retention.md and docs/consent.md; how visits are told is the oracle's (SQL).
import assert from 'node:assert/strict';
import { dayBefore, firstOfMonth, startOfDate, wall } from '../oracle/events.mjs';

export const ZONE = 'Europe/Berlin';
export const DAY_MS = 86_400_000;
const GAP_MS = 30 * 60_000;
const GRACE_MS = 15 * 60_000; // after midnight, before a day is sealed
const WAIT_DAYS_MAX = 92; // of a month, for a restriction
export const PURPOSES = { analytics: ['log'], devices: ['device'], journeys: ['clickpath'], marketing: [] };
export const RETENTION = { journal: 3, segments: 35, choice: 20, visitor: 40, fold_below: 3 }; // days, and visitors
const CLASSES = ['log', 'device', 'clickpath'];
const CARRIER = { view: 'log', event: 'clickpath' };
const COUNTRIES = { '': '', AT: 'Austria', CH: 'Switzerland', DE: 'Germany' };

export const classesOf = (granted) => CLASSES.filter((name) => granted.some((purpose) => PURPOSES[purpose].includes(name)));
export const dayOf = (t) => wall(ZONE, t).day;
export const monthOf = (day) => day.slice(0, 7);
export const firstDay = (month) => `${month}-01`;
export const lastDay = (month) => dayBefore(firstOfMonth(firstDay(month), -1), 1);
const isSealDue = (day, now) => now >= startOfDate(ZONE, dayBefore(day, -1)) + GRACE_MS;

// When a day's events, and its month's visits, go.
export const segmentsDue = (day) => startOfDate(ZONE, firstDay(monthOf(day))) + RETENTION.segments * DAY_MS;
export const journalDue = (day) => Math.min(startOfDate(ZONE, day) + RETENTION.journal * DAY_MS, segmentsDue(day));

// An identity is one crumb_id, with all that is known of it:
//
//   has      it has a row among the visitors: it can use rights, and collects while its choice is in force
//   granted, action, at, since   the choice, and when; `receipts` of every one. Where nothing is granted the id rests
//   restricted, corrected        what no answer tells, and what answers tell instead
//
// An event is `gone` once nothing tells of it any more; `classes` are those that are left of it.
export class People {
    identities = [];
    events = [];
    records = new Map(); // of the ledger: id -> receipt, or null where no receipt was heard of
    deeds = []; // receipts of rights: { at, right, classes, n }; what is not known is undefined
    books = { received: 0, stored: 0, no_consent: 0, restricted: 0 };
    expired = new Set(); // days without a journal
    folded = new Map(); // month -> what is told of it for ever

    constructor(erases) {
        this.erases = erases;
    }

    // ---- choices ----

    isChoiceOver = (identity, now) => now - identity.at >= RETENTION.choice * DAY_MS || this.isIdOver(identity, now);
    isIdOver = (identity, now) => now - identity.since >= RETENTION.visitor * DAY_MS;
    isLive = (identity, now) => Boolean(identity?.has) && identity.granted.length > 0 && !this.isChoiceOver(identity, now);

    // Whether its row has ended: with the id, and when nothing can be left of what was collected under the choice.
    isOver({ granted, at, since }, now) {
        const days = (granted.length ? RETENTION.choice : 0) + RETENTION.segments;
        return now >= Math.min(since + RETENTION.visitor * DAY_MS, at + days * DAY_MS);
    }

    // What a choice of somebody with the row @identity, or null, takes away: nothing, classes, or everything.
    lossOf(identity, granted) {
        if (!identity) return null;
        if (!classesOf(granted).length) return { all: true, classes: CLASSES };
        if (!identity.granted.some((purpose) => !granted.includes(purpose))) return null;
        const classes = CLASSES.filter((name) => !classesOf(granted).includes(name));
        return classes.length ? { all: false, classes } : null;
    }

    // @id: under which it is kept, if it is. Gives the identity that the browser has now, or null.
    chose(identity, { id, action, granted, receipt, t, at, right }) {
        const before = identity?.has ? identity : null;
        const loss = this.lossOf(before, granted);
        if (before && loss?.all && !right) return this.rests(before, { action, receipt, t });
        if (loss && right) this.lose(before, loss, { at, right, t });
        if (before && (loss?.all || before.id !== id)) before.has = false;
        if (!classesOf(granted).length) return null;
        const after = before?.has ? before : { id, n: this.identities.length + 1, since: t, restricted: false, corrected: {}, receipts: [] };
        if (after !== before) this.identities.push(after);
        Object.assign(after, { has: true, granted, action, at: t });
        after.receipts.push(receipt);
        return after;
    }

    // Nothing more is collected, and what is kept can still be reached. Refusing again makes it last no longer.
    rests(identity, { action, receipt, t }) {
        if (identity.granted.length) identity.at = t;
        Object.assign(identity, { granted: [], action });
        identity.receipts.push(receipt);
        return identity;
    }

    lose(identity, { all, classes }, { at, right, t }) {
        let n = 0;
        for (const event of this.events) {
            if (event.identity !== identity || event.gone || !event.classes.some((name) => classes.includes(name))) continue;
            const isExpired = this.expired.has(event.day);
            n += isExpired ? 0 : t >= journalDue(event.day) ? NaN : 1; // what is due may have gone first
            event.classes = event.classes.filter((name) => !classes.includes(name));
            // Of what a segment alone has, nothing is left without its log.
            event.gone = all || classes.includes(CARRIER[event.kind]) || (isExpired && classes.includes('log'));
        }
        this.deeds.push({ at, right, classes, n: Number.isNaN(n) ? undefined : n });
    }

    // ---- events ----

    // What is to be answered to an event, by the books' word.
    resultOf(identity, kind, now) {
        if (!this.isLive(identity, now)) return 'no_consent';
        if (identity.restricted) return 'restricted';
        return classesOf(identity.granted).includes(CARRIER[kind]) ? 'stored' : 'no_consent';
    }

    happened(identity, { kind, path, browser, t }, result) {
        this.books.received++;
        this.books[result]++;
        if (result !== 'stored') return;
        this.events.push({
            identity, kind, path, t, day: dayOf(t), place: browser.country, device: browser.device, language: browser.language,
            consent: identity.receipts.at(-1)?.id, classes: classesOf(identity.granted), gone: false, shown: {},
        });
    }

    // ---- other rights ----

    restrict(identity, restricted, at) {
        if (identity.restricted !== restricted) this.deeds.push({ at, right: restricted ? 'restriction' : 'lifting', classes: [] });
        identity.restricted = restricted;
    }

    correct(identity, fields, at) {
        const { corrected } = identity;
        const isNew = Object.entries(fields).some(([name, value]) => (corrected[name] ?? null) !== value);
        if (isNew) this.deeds.push({ at, right: 'correction', classes: [] });
        for (const [name, value] of Object.entries(fields))
            if (value === null) delete corrected[name];
            else corrected[name] = value;
    }

    // ---- time ----

    // Whether a row of `dump days` is as it must be at last.
    isDone({ day, sealed, last, changes, built, events, expired, folded }, now) {
        if (now >= segmentsDue(day) && !this.waits(monthOf(day), now)) return folded && events === 0;
        if (now >= journalDue(day) && !(expired && events === 0)) return false;
        return !isSealDue(day, now) || (sealed === last && changes === built);
    }

    // Whether a month is to be folded: what is asked for then may be in it or not.
    isFoldDue = (now) => this.events.some(({ day }) => !this.folded.has(monthOf(day)) && now >= segmentsDue(day) && !this.waits(monthOf(day), now));

    // A month is not folded while somebody who was there may still lift a restriction.
    waits(month, now) {
        return now < segmentsDue(firstDay(month)) + WAIT_DAYS_MAX * DAY_MS && this.events.some(({ identity, day, gone, classes }) =>
            monthOf(day) === month && !gone && classes.includes('log') && identity.has && identity.restricted && !this.isOver(identity, now));
    }

    // Nothing goes before its time; what has gone is gone in the model, too.
    observe(rows, now, snapshot) {
        for (const { day, expired, folded } of rows) {
            if ((expired || folded) && !this.expired.has(day)) {
                assert.ok(now >= journalDue(day), `the journal of ${day} went too early`);
                this.expired.add(day);
                // What has no time was never in the segment.
                for (const event of this.events) event.gone ||= event.day === day && !event.classes.includes('log');
            }
        }
        for (const { day, folded } of rows) {
            const month = monthOf(day);
            if (!folded || this.folded.has(month)) continue;
            assert.ok(now >= segmentsDue(day), `the visits of ${month} went too early`);
            assert.ok(rows.every((row) => monthOf(row.day) !== month || row.folded), `all of ${month} goes together`);
            this.folded.set(month, snapshot(month));
            for (const event of this.events) event.gone ||= monthOf(event.day) === month;
        }
    }

    // ---- what is told ----

    // The first day of which everything can be asked.
    detailedFrom(now) {
        const kept = this.events.map(({ day }) => day).filter((day) => !this.folded.has(monthOf(day)));
        return [...kept, dayOf(now)].reduce((a, b) => (a < b ? a : b));
    }

    // Rows for the oracle.
    rows() {
        return this.events
            .filter(({ identity, gone, classes }) => !gone && !identity.restricted && classes.includes('log'))
            .map(({ identity, kind, path, t, place, device, language, classes }) => {
                const { corrected } = identity, hasDevice = classes.includes('device');
                const country = corrected.country ?? place;
                return {
                    t, kind, visitor: String(identity.n), page: path, host: 'shop.example', title: '', ...wall(ZONE, t),
                    name: kind === 'view' ? 'pageview' : 'buy', target: '(none)', plan: null, size: null, amount: null, currency: '',
                    dwell_ms: 0, scroll: null, bot: '', knows_agent: 1, device: corrected.device ?? (hasDevice ? device : 'unknown'),
                    os: '', os_version: '', browser: '', browser_version: '', country, country_name: COUNTRIES[country], region: '',
                    region_name: '', city: '', language: corrected.language ?? (hasDevice ? language : ''), screen: '',
                    referrer: '', source: '', channel: kind === 'view' ? 'direct' : '', utm_source: '', utm_medium: '',
                    utm_campaign: '', utm_content: '', utm_term: '',
                };
            });
    }

    // What is in the journal, in the form of linesOf().
    journal() {
        return this.events.filter(({ gone, day }) => !gone && !this.expired.has(day)).map((event) => `${event.identity.id} ${lineOf(event)}`);
    }

    // The days of somebody's copy; @sealed: those that have a segment.
    daysOf(identity, sealed) {
        const theirs = this.events.filter((event) => event.identity === identity && !event.gone);
        return [...new Set(theirs.map(({ day }) => day))].sort().map((day) => {
            const events = theirs.filter((event) => event.day === day);
            const visits = sealed.has(day) ? visitsOf(events.filter(({ classes }) => classes.includes('log'))) : [];
            return { day, events: this.expired.has(day) ? [] : events.map(lineOf), visits };
        }).filter(({ events, visits }) => events.length || visits.length);
    }
}

// What a visitor's copy, or the journal, says of an event.
const lineOf = ({ kind, path, t, language, classes }) => [
    kind, classes.includes('log') ? `${path} ${t}` : '- -', classes.includes('device') ? language : '-',
    classes.includes('clickpath') && kind === 'event' ? 'buy' : '-',
].join(' ');
export const shownLineOf = ({ event, log, device, clickpath }) => [
    { pv: 'view', se: 'event' }[event], log ? `${log.path} ${log.at_ms}` : '- -', device?.language ?? '-', clickpath?.action ?? '-',
].join(' ');

// Pages of each visit.
function visitsOf(events) {
    const visits = [];
    let last = -Infinity;
    for (const { t, path, kind } of events) {
        if (t - last > GAP_MS) visits.push([]);
        visits.at(-1).push(kind === 'view' ? path : `buy ${path}`);
        last = t;
    }
    return visits;
}
export const shownVisitOf = ({ hits }) => hits.map(({ page, act }) => (act ? `${act.action} ${page.path}` : page.path));

// ---- folding ----

// Rows of a month by one dimension ({ value, visitors, ... }) as they are told for ever. @visitorsOf: of several values.
export function folded(rows, visitorsOf) {
    const order = [...rows].sort((a, b) => a.visitors - b.visitors || Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)));
    const gone = [];
    const other = () => (gone.length ? visitorsOf(gone.map(({ value }) => value)) : Infinity);
    while (order.length && (order[0].visitors < RETENTION.fold_below || other() < RETENTION.fold_below)) gone.push(order.shift());
    if (!gone.length) return order;
    const sum = (name) => gone.reduce((n, row) => n + row[name], 0);
    return [...order, { value: '(other)', visitors: other(), visits: sum('visits'), pageviews: sum('pageviews'), events: sum('events') }];
}
