// The consent service of a visit: a real crumb, and before it a proxy that breaks what passes when it is told to.
//
//     const service = await startService(origins, { regime: 'opt_out' });
//     service.fault = { status: 500 }  or  { cut: true }  or  { hold: promise }  or  { lose: true }
//
// A fault is of requests under /v1/, or under another `path`; with `only`, of the choices of that action; with `of`, of
// requests as in `asked`. `late` is held back when crumb has answered. `held` counts what is being held.
//
// The proxy tells crumb where a visitor comes from (`from`), as the one that ends TLS does. What crumb has recorded is
// read out of its ledger and its statistics; `asked` has every request that came by, `sent` every event.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mmdb } from '../http/mmdb.mjs';

process.env.CRUMB ??= fileURLToPath(new URL('../../build/crumb', import.meta.url));
const { Server, eventually } = await import('../http/server.mjs');
export { eventually };

// ---- the configuration: of a realistic size, three purposes and two recipients ----

export const PLACES = { AU: '192.0.2.1', DE: '203.0.113.9', US: '198.51.100.200', 'US-CA': '198.51.100.7' };
const NETWORKS = {
    '203.0.113.0/24': { country: { iso_code: 'DE' } },
    '198.51.100.0/25': { country: { iso_code: 'US' }, subdivisions: [{ iso_code: 'CA' }] },
    '198.51.100.128/25': { country: { iso_code: 'US' }, subdivisions: [{ iso_code: 'TX' }] },
    '192.0.2.0/24': { country: { iso_code: 'AU' } },
};

const purposes = () => ({
    analytics: { collects: ['log', 'device'], cookies: ['_ga', '_ga_*'], consent_mode: ['analytics_storage'] },
    journeys: { collects: ['clickpath'] },
    marketing: {
        collects: [],
        recipients: ['flyers', 'partner'],
        cookies: ['_fbp'],
        consent_mode: ['ad_storage', 'ad_user_data', 'ad_personalization'],
    },
});

// @options: regime (of everywhere) or regimes, edit (changes the purposes), texts, control, domain;
// pages, next; `from` (an address) is the proxy's.
function siteOf(origins, { regime = 'opt_in', regimes = { default: regime }, edit = () => {}, texts = {}, control = true, domain, pages = {}, next }) {
    const own = purposes();
    edit(own);
    return {
        name: 'The shop',
        origins,
        controller: { name: 'Crumb & Co', address: '3 Oven Lane, Rye', contact: 'privacy@crumb-and-co.example' },
        storage: { country: 'DE', location: 'Frankfurt' },
        recipients: {
            flyers: { name: 'Flour & Flyers Ltd', country: 'GB', why: 'shows our advertisements' },
            partner: { name: 'Ad Partner Inc', country: 'US', why: 'measures which of them are seen' },
        },
        purposes: own,
        texts,
        regimes,
        banner: { control },
        pages,
        ...(domain && { cookie_domain: domain }),
        ...(next && { next }),
    };
}

// ---- the proxy ----

// What changes its meaning where it is passed on: RFC 9110 section 7.6.1.
const withoutConnection = ({ connection, ...headers }) => headers;

async function read(stream) {
    const parts = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts);
}

class Service {
    constructor(origins, options) {
        Object.assign(this, { origins, options, fault: null, held: 0, asked: [], sent: [], from: options.from, setCookies: true });
        this.crumb = new Server();
        writeFileSync(join(this.crumb.folder, 'geo.mmdb'), mmdb(NETWORKS));
        this.crumb.configure(this.configuration());
        this.proxy = createServer((request, response) => this.pass(request, response).catch(() => response.destroy()));
    }

    configuration() {
        const sites = { shop: siteOf(this.origins, this.options) };
        return { geo: 'geo.mmdb', trusted_proxies: ['127.0.0.1'], sites };
    }

    async listen() {
        await this.crumb.launch();
        await new Promise((done) => this.proxy.listen(0, '127.0.0.1', done));
        this.port = this.proxy.address().port;
        return this;
    }

    // A new configuration by SIGHUP.
    change(options) {
        this.options = { ...this.options, ...options };
        return this.crumb.reload(this.configuration());
    }

    // Stops it; @isSound: and proves that it was well.
    async end(isSound) {
        this.proxy.close();
        this.proxy.closeAllConnections();
        if (isSound) await this.crumb.end();
        else this.crumb.cleanup();
    }

    async pass(request, response) {
        const { pathname } = new URL(request.url, 'http://service');
        this.asked.push(`${request.method} ${pathname}`);
        const { fault } = this;
        const body = await read(request);
        const isBroken =
            fault && (fault.path ?? /^.v1./).test(pathname) && (!fault.only || body.includes(`"action":"${fault.only}"`)) &&
            (!fault.of || fault.of == `${request.method} ${pathname}`);
        if (/^.p(.gif)?$/.test(pathname)) this.sent.push(...(String(body) || request.url.split('?')[1]).split('\n'));
        if (isBroken && fault.hold) {
            this.held++;
            await fault.hold;
            this.held--;
        }
        if (isBroken && fault.cut) return response.destroy();
        if (isBroken && fault.status) return this.refuse(request, response, fault.status);
        const answer = await this.forward(request, body);
        if (isBroken && fault.lose) return response.destroy();
        if (isBroken && fault.late) {
            this.held++;
            await fault.late;
            this.held--;
        }
        return response.writeHead(answer.status, answer.headers).end(answer.body);
    }

    refuse({ headers: { origin = '*' } }, response, status) {
        const cors = { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' };
        response.writeHead(status, { 'Content-Type': 'application/json', ...cors }).end('{"error":"broken by the test"}');
    }

    forward({ method, url: path, headers }, body) {
        const told = { ...withoutConnection(headers), ...(this.from && { 'x-forwarded-for': this.from }) };
        return new Promise((done, fail) => {
            const sent = forward({ host: '127.0.0.1', port: this.crumb.public, method, path, headers: told, agent: false });
            sent.on('error', fail);
            sent.on('response', async (answer) => {
                const passed = withoutConnection(answer.headers);
                if (!this.setCookies) delete passed['set-cookie'];
                done({ status: answer.statusCode, headers: passed, body: await read(answer) });
            });
            sent.end(body);
        });
    }

    // ---- what crumb holds ----

    records() {
        return this.crumb.dump('ledger');
    }

    async actions() {
        return (await this.records()).map(({ action, surface }) => `${action} ${surface}`);
    }

    // How often a notice was shown, by language.
    async shown() {
        const counted = {};
        for (const { lang, shown } of await this.crumb.dump('consents')) if (shown) counted[lang] = (counted[lang] ?? 0) + shown;
        return counted;
    }

    // How many events are stored, and everything that is known of visitors.
    async collected() {
        return { events: (await this.crumb.dump('journal')).length, visitors: await this.crumb.dump('visitors') };
    }

    // What one command says of a record.
    async proof(id) {
        const { code, stdout, stderr } = await this.crumb.run('dump', ['ledger', '--record', String(id)]);
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout);
    }
}

export async function startService(origins, options = {}) {
    const service = new Service(origins, options);
    try {
        return await service.listen();
    } catch (error) {
        service.crumb.cleanup();
        throw error;
    }
}
