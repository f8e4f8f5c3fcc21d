// A load that a crash may end at any moment, and a witness of it.
//
//     const witness = new Witness(), load = new Load(new Random(seed), witness);
//     await load.run(port);       // until the server is gone
//     await testify(server, witness);
//
// The load: visitors on kept-alive connections grant, send events one by one and in bodies, change their mind,
// withdraw, grant again, and go on sending with a cookie whose consent has ended. What is sent is chosen by a seed;
// which answers still arrive is chance.
//
// The witness writes down what was sent and what was answered. What it knows of an event is held by the event's path,
// which no two events share.
import assert from 'node:assert/strict';
import http from 'node:http';
import { readResult } from '../http/client.mjs';

const CONNECTIONS = 16;
const VISITORS = 10;
const LINES_MAX = 8;
const RESENT_MAX = 40; // at the beginning of a run
const ANSWER_MS_MAX = 30_000;
const SHOWN_MAX = 10;
const PATH_SHOWN_MAX = 64;

const shown = (path) => String(path).slice(0, PATH_SHOWN_MAX);

// Marsaglia, "Xorshift RNGs", 2003: the triple 13, 17, 5.
export class Random {
    constructor(seed) {
        this.state = Math.imul(seed + 1, 0x9e3779b1) | 1;
        for (let i = 0; i < 16; i++) this.next();
    }

    // In [0, 1).
    next() {
        this.state ^= this.state << 13;
        this.state ^= this.state >>> 17;
        this.state ^= this.state << 5;
        return (this.state >>> 0) / 2 ** 32;
    }

    between(low, high) {
        return low + Math.floor(this.next() * (high - low + 1));
    }

    chance(share) {
        return this.next() < share;
    }

    pick(list) {
        return list[this.between(0, list.length - 1)];
    }

    // One of the names of @shares, which add up to 1.
    choose(shares) {
        let at = this.next();
        for (const [name, share] of Object.entries(shares)) if ((at -= share) < 0) return name;
        return Object.keys(shares)[0];
    }

    // A UUID.
    id() {
        const word = () => this.between(0, 2 ** 32 - 1).toString(16).padStart(8, '0');
        const hex = [word(), word(), word(), word()].join('');
        return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
    }

    // As rare, of letters alone: in a path, what looks like an id is masked.
    word() {
        return this.id().replace(/\d|-/g, (c) => 'ghijklmnop'[c] ?? '');
    }
}

// One request on @agent's connection: { status, headers, text }, or null where the whole answer did not arrive.
function ask(agent, port, { method = 'GET', path, headers = {}, body }) {
    return new Promise((resolve) => {
        const options = { host: '127.0.0.1', port, agent, method, path, headers, timeout: ANSWER_MS_MAX };
        const sent = http.request(options, (message) => {
            let text = '';
            message.setEncoding('utf8').on('data', (part) => (text += part));
            message.on('end', () => resolve({ status: message.statusCode, headers: message.headers, text }));
            message.on('error', () => resolve(null)).on('close', () => resolve(null));
        });
        sent.on('timeout', () => sent.destroy());
        sent.on('error', () => resolve(null));
        sent.end(body);
    });
}

// ---- the witness ----

// Nothing that is sent with this identity from now on may be stored.
const isOver = (identity) => !identity || identity.ended;

// An identity is one crumb_id. `ending`: how many requests that may have ended its consent were sent; `ended`: one of
// them was answered, and no other choice was under way that may have come after it: that takes the id up again.
//
// A request is some events of one identity, sent once or again. `late`: it was first sent when the consent had ended.
// `unheard`: how many sendings have no answer. `refused`: the last answer was 503. `stored`: how many of its events
// must be in the journal; undefined: nobody knows.
//
// A problem is a line about what must not be.
export class Witness {
    requests = [];
    paths = new Map(); // path -> its request
    receipts = new Map(); // id -> receipt
    unheard = {}; // choices without an answer, by action
    answered = { received: 0, stored: 0, refused: 0 }; // events; and requests that were answered 503
    cut = { kept: 0, lost: 0 }; // requests that had no answer before a crash, by what was found of them then
    sent = 0; // events, repeated ones included
    problems = [];
    visitors = Array.from({ length: VISITORS }, () => ({ identity: null, former: [] }));

    newRequest(identity, lines) {
        const request = { lines, identity, late: isOver(identity), unheard: 0, refused: false, stored: undefined };
        this.requests.push(request);
        for (const { path } of lines) this.paths.set(path, request);
        return request;
    }

    // Gives what eventsAnswered() wants to know of this sending.
    eventsSent(request) {
        this.sent += request.lines.length;
        request.unheard++;
        return { request, late: isOver(request.identity) };
    }

    eventsAnswered({ request, late }, answer) {
        const what = answer.headers['crumb-result'] ?? answer.text;
        const said = `${shown(request.lines[0].path)}: ${answer.status} ${what}`;
        const wrong = (why) => this.problems.push(`${why}: ${said}`);
        request.unheard--;
        request.refused = answer.status === 503;
        if (request.refused) {
            this.answered.refused++;
            if (answer.headers['retry-after'] !== '5') wrong('503 without Retry-After: 5');
            if (!request.unheard) request.stored ??= 0;
            return;
        }
        const { received = 0, stored = 0, no_consent = 0, duplicate = 0 } = readResult(answer.headers['crumb-result']);
        this.answered.received += received;
        this.answered.stored += stored;
        if (received !== request.lines.length || received !== stored + no_consent + duplicate) wrong('unexpected');
        if (stored && late) wrong('stored after its consent had ended');
        if (no_consent && !late && !request.identity.ending) wrong('a live consent is not known');
        if (duplicate && !request.unheard && !request.stored) wrong('a duplicate of nothing');
        // Where an earlier sending was not heard of, it may have stored what this one did not.
        if (stored + duplicate || !request.unheard) request.stored = stored + duplicate;
    }

    choiceSent(action) {
        this.unheard[action] = (this.unheard[action] ?? 0) + 1;
    }

    // The receipt, or null: refused for the time being.
    choiceAnswered(action, answer) {
        this.unheard[action]--;
        if (answer.status === 503) {
            this.answered.refused++;
            return null;
        }
        if (answer.status !== 201) {
            this.problems.push(`an unexpected answer to ${action}: ${answer.status} ${answer.text}`);
            return null;
        }
        const { receipt } = JSON.parse(answer.text);
        this.receipts.set(receipt.id, receipt);
        return receipt;
    }
}

// ---- the load ----

export class Load {
    // @bulk: bytes that make each path longer.
    constructor(random, witness, { connections = CONNECTIONS, bulk = 0 } = {}) {
        Object.assign(this, { random, witness, connections, bulk: 'x'.repeat(bulk) });
        this.name = random.word().slice(0, 8);
    }

    // Until the server is gone, or @isEnough after an answer; what is in flight then is still answered.
    async run(port, isEnough = () => false) {
        Object.assign(this, { port, isEnough });
        const isDue = ({ stored, refused, late }) => (stored === undefined || refused) && !late;
        this.repeats = this.witness.requests.filter(isDue).slice(-RESENT_MAX);
        await Promise.all(Array.from({ length: this.connections }, () => this.connection()));
    }

    async connection() {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        const known = await ask(agent, this.port, { path: '/v1/notice?site=shop' });
        this.notice = known && JSON.parse(known.text).hash;
        while (known && !this.isEnough() && (await this.act(agent)));
        agent.destroy();
    }

    // False when the server is gone.
    act(agent) {
        const visitor = this.random.pick(this.witness.visitors);
        // As a browser does that has no answer, or was told to come again: the same events.
        if (this.repeats.length) return this.deliver(agent, this.repeats.pop());
        const shares = visitor.identity
            ? { beacon: 0.5, body: 0.27, tooLate: 0.1, custom: 0.05, withdraw: 0.05, deny: 0.03 }
            : { grant: 0.7, deny: 0.1, beacon: 0.1, tooLate: 0.1 };
        switch (this.random.choose(shares)) {
            case 'grant':
                return this.grant(agent, visitor);
            case 'custom':
                return this.change(agent, visitor.identity);
            case 'withdraw':
                return this.end(agent, 'withdraw', visitor);
            case 'deny':
                return this.end(agent, 'deny', visitor);
            case 'tooLate':
                return this.send(agent, this.random.pick([...visitor.former.slice(-3), null]), 1);
            case 'body':
                return this.send(agent, visitor.identity, this.random.between(1, LINES_MAX));
            default:
                return this.send(agent, visitor.identity, 1);
        }
    }

    // ---- events ----

    line() {
        const path = `/${this.name}/${this.witness.sent}/${this.random.word()}/${this.bulk}`;
        const url = encodeURIComponent(`https://shop.example${path}`);
        return { path, pairs: `aid=shop&e=pv&eid=${this.random.id()}&url=${url}` };
    }

    send(agent, identity, n) {
        const lines = [];
        while (lines.length < n) lines.push(this.line());
        return this.deliver(agent, this.witness.newRequest(identity, lines));
    }

    async deliver(agent, request) {
        const { identity, lines } = request;
        const headers = identity ? { cookie: identity.cookie } : {};
        const sending = this.witness.eventsSent(request);
        const answer = await ask(
            agent,
            this.port,
            lines.length === 1
                ? { path: `/p.gif?${lines[0].pairs}`, headers }
                : { method: 'POST', path: '/p', headers, body: lines.map(({ pairs }) => pairs).join('\n') },
        );
        if (answer) this.witness.eventsAnswered(sending, answer);
        return answer !== null;
    }

    // ---- choices ----

    // The answer, or null when the server is gone.
    async choose(agent, action, identity) {
        const some = { analytics: true, journeys: this.random.chance(0.5), marketing: false };
        const purposes = action === 'custom' ? { purposes: some } : {};
        const body = JSON.stringify({ site: 'shop', notice: this.notice, surface: 'banner', action, ...purposes });
        const headers = identity ? { cookie: identity.cookie } : {};
        this.witness.choiceSent(action);
        const answer = await ask(agent, this.port, { method: 'POST', path: '/v1/consent', headers, body });
        const receipt = answer && this.witness.choiceAnswered(action, answer);
        return answer && { ...answer, receipt };
    }

    async grant(agent, visitor) {
        const answer = await this.choose(agent, 'grant', null);
        const [, cookie] = answer?.headers['set-cookie']?.join('\n').match(/^(crumb_id=[^;]+)/m) ?? [];
        if (cookie) {
            const id = Buffer.from(cookie.slice('crumb_id=1.'.length), 'base64url').subarray(0, 16).toString('hex');
            visitor.identity = { cookie, id, ending: 0, ended: false, changes: 0, changed: 0 };
        }
        return answer !== null;
    }

    async change(agent, identity) {
        identity.changes++;
        const answer = await this.choose(agent, 'custom', identity);
        if (answer) identity.changed++;
        return answer !== null;
    }

    // Both end the consent of somebody known.
    async end(agent, action, visitor) {
        const { identity } = visitor;
        const { changed } = identity ?? {};
        if (identity) identity.ending++;
        const answer = await this.choose(agent, action, identity);
        if (identity && answer?.receipt) {
            identity.ended = identity.changes === changed;
            visitor.former.push(identity);
            if (visitor.identity === identity) visitor.identity = null;
        } else if (identity && answer) {
            identity.ending--; // refused: it is as if it had not been asked
        }
        return answer !== null;
    }
}

// ---- what is found afterwards ----

function checkEvents(witness, rows) {
    const found = new Map();
    for (const { sequence, visitor, log } of rows) {
        const request = witness.paths.get(log?.path);
        const wrong = (what) => witness.problems.push(`event ${sequence}, ${shown(log?.path)}: ${what}`);
        if (!request) wrong('nobody sent it');
        else if (request.late) wrong('sent when its consent had ended');
        else if (request.identity.id !== visitor) wrong('of another visitor');
        if (found.has(log?.path)) wrong(`is event ${found.get(log.path)}, too`);
        found.set(log?.path, sequence);
    }
    for (const request of witness.requests) {
        const { lines, stored, late, isCut } = request;
        const n = lines.filter(({ path }) => found.has(path)).length;
        if (stored === undefined && !late && !isCut) {
            request.isCut = true;
            witness.cut[n ? 'kept' : 'lost']++;
        }
        const said = `${stored} of ${lines.length} answered stored, ${n} are there`;
        if (stored !== undefined && n !== stored) witness.problems.push(`${shown(lines[0].path)}: ${said}`);
    }
}

function checkLedger(witness, rows) {
    const { problems, receipts, unheard } = witness;
    const found = new Set(), surplus = {};
    for (const { sequence, previous, material, visitor, ...receipt } of rows) {
        if (found.has(receipt.id)) problems.push(`ledger record ${sequence}: its id is there twice`);
        found.add(receipt.id);
        const given = receipts.get(receipt.id);
        if (!given) surplus[receipt.action] = (surplus[receipt.action] ?? 0) + 1;
        else if (JSON.stringify(given) !== JSON.stringify(receipt))
            problems.push(`ledger record ${sequence}: its receipt said something else`);
    }
    for (const [id, { action }] of receipts)
        if (!found.has(id)) problems.push(`the ledger has lost the ${action} of receipt ${id}`);
    for (const [action, n] of Object.entries(surplus))
        if (n > (unheard[action] ?? 0))
            problems.push(`${n} records of ${action} without a receipt; ${unheard[action] ?? 0} had no answer`);
}

function checkBooks({ problems, answered, sent }, books) {
    if (books.received < answered.received || books.received > sent)
        problems.push(`the books received ${books.received}; ${answered.received} were answered, ${sent} sent`);
    if (books.stored < answered.stored)
        problems.push(`the books stored ${books.stored}; ${answered.stored} were answered stored`);
}

// Asserts that the store of @server, which may run or not, is sound and holds what the witness knows and nothing else.
export async function testify(server, witness) {
    const [books, journal, ledger] = await Promise.all([
        server.books(),
        server.dump('journal'),
        server.dump('ledger'),
        server.assertSound(),
    ]);
    checkEvents(witness, journal);
    checkLedger(witness, ledger);
    checkBooks(witness, books);
    const more = witness.problems.length - SHOWN_MAX;
    if (more > 0) witness.problems.splice(SHOWN_MAX, more, `and ${more} more`);
    assert.deepEqual(witness.problems, []);
    return { events: journal.length, records: ledger.length };
}
