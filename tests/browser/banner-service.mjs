// The consent service as the banner sees it, small enough to be broken at will: it answers late, not at all, with any
// status, and can change its notice while somebody reads it.
//
//     const service = await startService({ regime: 'opt_out' });
//     service.fault = { status: 500 }  or  { cut: true }  or  { hold: promise }
//
// What it was told is in `records` and `shown`, every request in `asked`.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { bundle } from '../../consent-js/build.mjs';
import { purposes, site, texts } from './banner-settings.mjs';

const sha256 = (value) => createHash('sha256').update(JSON.stringify(value)).digest('hex');
const BUNDLE = bundle();
const EXPLICIT = ['grant', 'deny', 'custom', 'renew', 'withdraw', 'dismiss'];

// What cannot end the JSON in a script, nor the script in a page.
const safeJson = (value) =>
    JSON.stringify(value).replace(/[<\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const compose = (settings) => `(()=>{const SETTINGS=${safeJson(settings)};${BUNDLE}})()`;

// The notice of a language, and all that the script is given.
export function settingsOf(lang, { edit = (list) => list, ...more } = {}) {
    const told = { ...site, ...more };
    const list = edit(purposes(lang));
    const visible = list.map(({ cookies, mode, ...shown }) => shown);
    const { controller, storage, retention } = told;
    const notice = { lang, purposes: visible, texts: { ...texts[lang], ...told.texts }, controller, storage, retention };
    const material = sha256(visible.map(({ title, description, ...meant }) => meant)).slice(0, 16);
    const hash = sha256(notice);
    return {
        notice,
        settings: { ...told, ...notice, notice: hash, material, dir: lang == 'ar' ? 'rtl' : 'ltr', purposes: list },
    };
}

class Service {
    constructor(options) {
        Object.assign(this, { options, fault: null, records: [], shown: [], asked: [], visitors: new Map() });
        this.setCookies = true;
        this.server = createServer((request, response) => this.answer(request, response).catch(() => response.destroy()));
    }

    listen() {
        return new Promise((done) => {
            this.server.listen(0, '127.0.0.1', () => {
                this.port = this.server.address().port;
                done(this);
            });
        });
    }

    close() {
        this.server.close();
        this.server.closeAllConnections();
    }

    get actions() {
        return this.records.map(({ action, surface }) => `${action} ${surface}`);
    }

    langOf(url, request) {
        const wanted = url.searchParams.get('lang') ?? request.headers['accept-language'] ?? 'en';
        return site.langs.find((lang) => wanted.startsWith(lang)) ?? 'en';
    }

    async answer(request, response) {
        const url = new URL(request.url, 'http://service');
        const lang = this.langOf(url, request);
        const now = settingsOf(lang, this.options);
        this.asked.push(`${request.method} ${url.pathname}`);
        const send = (status, body, headers = {}) =>
            response
                .writeHead(status, {
                    'Content-Type': 'application/json',
                    'Access-Control-Allow-Origin': request.headers.origin ?? '*',
                    'Access-Control-Allow-Credentials': 'true',
                    'Cross-Origin-Resource-Policy': 'cross-origin',
                    ...headers,
                })
                .end(typeof body == 'string' ? body : JSON.stringify(body));
        if (url.pathname.endsWith('/consent.js'))
            return send(200, compose(now.settings), { 'Content-Type': 'text/javascript; charset=utf-8' });
        if (url.pathname.endsWith('/pixel.js'))
            return send(200, 'window.pixelRan = true', { 'Content-Type': 'text/javascript; charset=utf-8' });
        const { fault } = this;
        if (fault?.hold) await fault.hold;
        if (fault?.cut) return response.destroy();
        if (fault?.status) return send(fault.status, { error: 'broken by the test' });
        if (url.pathname.endsWith('/v1/notice')) return send(200, { hash: now.settings.notice, notice: now.notice });
        if (url.pathname.endsWith('/v1/shown')) {
            this.shown.push(JSON.parse(await read(request)));
            return send(204, '');
        }
        if (url.pathname.endsWith('/v1/consent') && request.method == 'GET') return send(200, this.lookUp(request, now));
        if (url.pathname.endsWith('/v1/consent')) return this.record(JSON.parse(await read(request)), request, send);
        return send(404, { error: 'no such path' });
    }

    cookies(request) {
        return Object.fromEntries((request.headers.cookie ?? '').split('; ').map((pair) => pair.split(/=(.*)/s)));
    }

    lookUp(request, { settings }) {
        const { crumb_id: id, crumb_choice: choice } = this.cookies(request);
        const known = this.visitors.get(id);
        if (known) return { purposes: known.receipt.purposes, receipt: known.receipt, ask: known.material != settings.material };
        const [, material, , , answers] = choice?.split('.') ?? [];
        if (!choice) return { purposes: null, receipt: null, ask: true };
        const read = answers.split('&').map((pair) => pair.split('='));
        return {
            purposes: Object.fromEntries(read.map(([name, yes]) => [name, yes == '1'])),
            receipt: null,
            ask: material != settings.material,
        };
    }

    record(told, request, send) {
        const { settings } = settingsOf(told.lang, this.options);
        if (told.notice != settings.notice && told.action != 'withdraw') return send(409, { error: 'stale' });
        const all = settings.purposes;
        const granted = ({ name, separate }) => {
            if (['custom', 'renew'].includes(told.action)) return told.purposes[name];
            if (told.action == 'grant') return separate ? !!told.purposes?.[name] : true;
            return told.action == 'implied' && !separate;
        };
        const answers = Object.fromEntries(all.map((purpose) => [purpose.name, granted(purpose)]));
        if (['custom', 'renew'].includes(told.action) && all.some(({ name }) => typeof told.purposes[name] != 'boolean'))
            return send(400, { error: '`purposes` must answer every purpose' });
        if (told.action == 'implied' && settings.regime == 'opt_in') return send(400, { error: 'not implied here' });
        const gpc = request.headers['sec-gpc'] == '1' && EXPLICIT.includes(told.action);
        const receipt = { id: randomBytes(16).toString('hex'), action: told.action, purposes: answers, gpc };
        this.records.push({ ...told, answers, lang: told.lang });
        return send(201, { receipt }, this.setCookies ? { 'Set-Cookie': this.cookiesFor(receipt, settings) } : {});
    }

    cookiesFor(receipt, { material, purposes: all, domain }) {
        const at = Math.floor(Date.now() / 1000) + (this.aheadS ?? 0);
        const answers = Object.entries(receipt.purposes).map(([name, yes]) => `${name}=${yes ? 1 : 0}`).join('&');
        const rules = `Path=/; SameSite=Lax${domain ? `; Domain=${domain}` : ''}`;
        const collects = all.some(({ name, collects: classes }) => receipt.purposes[name] && classes.length);
        if (collects) this.visitors.set(receipt.id, { receipt, material });
        return [
            `crumb_choice=1.${material}.${at}.${receipt.action}.${answers}; Max-Age=15552000; ${rules}`,
            `crumb_id=${receipt.id}; HttpOnly; Max-Age=${collects ? 33696000 : 0}; ${rules}`,
        ];
    }
}

async function read(request) {
    const parts = [];
    for await (const part of request) parts.push(part);
    return Buffer.concat(parts).toString();
}

export const startService = (options = {}) => new Service(options).listen();
