// The other side: single requests, raw connections, and a visitor with cookies as a browser keeps them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

const ANSWER_MS_MAX = 30_000;

// "received=2, stored=1" as an object. RFC 9651 section 3.2: names in lower case, a comma and a space between.
export function readResult(header) {
    assert.match(header, /^[a-z_]+=\d+(, [a-z_]+=\d+)*$/, 'Crumb-Result is a dictionary of counts');
    return Object.fromEntries(header.split(', ').map((pair) => [pair.split('=')[0], Number(pair.split('=')[1])]));
}

class Answer {
    constructor(message, body) {
        this.status = message.statusCode;
        this.headers = message.headers;
        this.setCookies = message.headers['set-cookie'] ?? [];
        this.body = body;
        this.text = body.toString('utf8');
    }

    json() {
        assert.match(this.headers['content-type'] ?? '', /^application\/json\b/, this.text);
        return JSON.parse(this.text);
    }

    // What is wrong and how to mend it, in the one form that every refusal has.
    error(status) {
        assert.equal(this.status, status, this.text);
        const { error, ...more } = this.json();
        assert.deepEqual(more, {});
        assert.ok(error.length > 10, error);
        return error;
    }

    get result() {
        return readResult(this.headers['crumb-result']);
    }
}

// One request on a connection of its own. @tls: options of node:tls; @from: the address that it comes from.
export function request(port, { method = 'GET', path = '/', headers = {}, body, tls, from }) {
    return new Promise((resolve, reject) => {
        const options = {
            host: '127.0.0.1', port, method, path, headers, agent: false, timeout: ANSWER_MS_MAX, localAddress: from,
        };
        const sent = tls ? https.request({ ...options, ...tls }) : http.request(options);
        sent.on('response', (message) => {
            const parts = [];
            message.on('data', (part) => parts.push(part));
            message.on('end', () => resolve(new Answer(message, Buffer.concat(parts))));
            message.on('error', reject);
        });
        sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
        sent.on('error', reject);
        sent.end(body);
    });
}

// A GET request as bytes. @more: header lines.
export const raw = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${more}\r\n`;

// A TCP connection on which a test writes bytes as it likes.
export class Wire {
    constructor(port) {
        this.text = '';
        this.opened = Date.now();
        this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
        this.socket.setEncoding('latin1').on('data', (text) => (this.text += text));
        this.socket.on('error', (error) => (this.failure = error));
        this.ready = new Promise((resolve) => this.socket.once('connect', resolve).once('close', resolve));
        this.closed = new Promise((resolve) =>
            this.socket.once('close', () => resolve({ text: this.text, ms: Date.now() - this.opened })),
        );
    }

    // Resolves when the kernel has the bytes.
    async send(bytes) {
        await this.ready;
        await new Promise((resolve) => this.socket.write(bytes, 'latin1', resolve));
    }

    // Reads until @pattern was there @n times, or to the end.
    async until(pattern, n = 1) {
        const all = new RegExp(pattern.source, 'g');
        const enough = () => (this.text.match(all) ?? []).length >= n;
        while (!enough() && !this.socket.destroyed)
            await new Promise((resolve) => {
                const wake = () => {
                    this.socket.off('data', wake).off('close', wake);
                    resolve();
                };
                this.socket.on('data', wake).on('close', wake);
            });
        assert.ok(enough(), `waited for ${n} times ${pattern}, got ${JSON.stringify(this.text.slice(-400))}`);
        return this.text;
    }

    end() {
        this.socket.destroy();
        return this.closed;
    }
}

// ---- events ----

export const uuid = () => randomUUID();

// As rare, of letters alone: what looks like an id is masked where it is stored.
export const word = () => uuid().replace(/\d|-/g, (c) => 'ghijklmnop'[c] ?? '');

// The pairs of one event: a page view of site `shop` where nothing else is said; undefined leaves a pair out.
export function event(pairs = {}) {
    const all = { aid: 'shop', e: 'pv', url: 'https://shop.example/', ...pairs };
    return Object.entries(all)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
        .join('&');
}

// ---- visitors ----

// What any browser sends, of a browser and a device that nobody knows.
export const BROWSER = {
    accept: '*/*',
    'accept-language': 'en',
    'user-agent': 'Mozilla/5.0 (Test; rv:1.0) Gecko/20100101 Test/1.0',
};

export class Visitor {
    constructor(server, { site = 'shop', headers = {}, from } = {}) {
        this.server = server;
        this.from = from;
        this.site = site;
        this.headers = headers;
        this.cookies = new Map(); // of the host alone
        this.wide = new Map(); // with Domain: to a browser other ones, which it sends, too
    }

    // As a browser does it: the last cookie of a name and a domain stays, Max-Age=0 removes it.
    keep(answer) {
        for (const line of answer.setCookies) {
            const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
            const jar = /; Domain=/.test(line) ? this.wide : this.cookies;
            if (/; Max-Age=0(;|$)/.test(line)) jar.delete(name);
            else jar.set(name, value);
        }
        return answer;
    }

    async ask(method, path, { body, headers = {} } = {}) {
        const cookie = [...this.cookies, ...this.wide].map(([name, value]) => `${name}=${value}`).join('; ');
        const all = { ...BROWSER, ...this.headers, ...(cookie && { cookie }), ...headers };
        return this.keep(await request(this.server.public, { method, path, headers: all, body, from: this.from }));
    }

    async notice(lang) {
        const answer = await this.ask('GET', `/v1/notice?site=${this.site}${lang ? `&lang=${lang}` : ''}`);
        assert.equal(answer.status, 200, answer.text);
        return answer.json();
    }

    // POST /v1/consent. @more: further or other members of the body, and headers.
    async choose(action, { headers, ...more } = {}) {
        const notice = more.notice ?? (await this.notice()).hash;
        const body = { site: this.site, notice, surface: 'banner', action, ...more };
        return this.ask('POST', '/v1/consent', { body: JSON.stringify(body), headers });
    }

    // The same, which must be recorded; gives the receipt.
    async chose(action, more) {
        const answer = await this.choose(action, more);
        assert.equal(answer.status, 201, answer.text);
        return answer.json().receipt;
    }

    async consent(lang) {
        const answer = await this.ask('GET', `/v1/consent?site=${this.site}${lang ? `&lang=${lang}` : ''}`);
        assert.equal(answer.status, 200, answer.text);
        return answer.json();
    }

    // GET /p.gif, which always gives the picture.
    async beacon(pairs, headers) {
        const query = typeof pairs === 'string' ? pairs : event({ aid: this.site, ...pairs });
        const answer = await this.ask('GET', `/p.gif?${query}`, { headers });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers['content-type'], 'image/gif');
        assert.equal(answer.body.length, 43);
        return answer;
    }

    // POST /p, of lines or of a whole body.
    events(lines, headers) {
        return this.ask('POST', '/p', { body: Array.isArray(lines) ? lines.join('\n') : lines, headers });
    }

    // The id in crumb_id as dumps show it.
    get id() {
        const value = this.cookies.get('crumb_id') ?? this.wide.get('crumb_id');
        return value && Buffer.from(value.slice(2), 'base64url').subarray(0, 16).toString('hex');
    }
}
