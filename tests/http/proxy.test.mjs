// A proxy in front that nobody here wrote: Debian's nginx. The client has an address of its own (127.0.0.2), and what
// it writes into the headers of proxies changes nothing: neither its address, nor its country, nor the law.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Visitor } from './client.mjs';
import { mmdb } from './mmdb.mjs';
import { Server, eventually, site } from './server.mjs';

const CLIENT = '127.0.0.2';
const PROXY = '127.0.0.1';
const COUNTRIES = { [CLIENT]: 'DE', [PROXY]: 'US', '198.51.100.1': 'AU' };
const REGIMES = { default: 'opt_in', US: 'notice_only', AU: 'opt_out' };

// Everything that a client may try.
const FORGERIES = [
    ['nothing', {}],
    ['an address', { 'x-forwarded-for': '198.51.100.1' }],
    ['many addresses', { 'x-forwarded-for': '198.51.100.1, 127.0.0.1, 198.51.100.1,,127.0.0.1' }],
    ['the address of the proxy', { 'x-forwarded-for': PROXY }],
    ['rubbish', { 'x-forwarded-for': 'unknown, "' }],
    ['a long list', { 'x-forwarded-for': '198.51.100.1, '.repeat(200) }],
    ['a list longer than is looked at', { 'x-forwarded-for': '198.51.100.1, '.repeat(400) }],
    ['the same in many fields', { 'x-forwarded-for': Array(60).fill('198.51.100.1, '.repeat(10)) }],
    ['the header of RFC 7239', { forwarded: 'for=198.51.100.1;proto=https' }],
    ['both', { forwarded: 'for=198.51.100.1', 'x-forwarded-for': '198.51.100.1' }],
    ['an open quote', { forwarded: 'for="198.51.100.1', 'x-forwarded-for': '"198.51.100.1' }],
    ['others that are not read', { 'x-real-ip': '198.51.100.1', 'true-client-ip': '198.51.100.1', 'cf-connecting-ip': '198.51.100.1' }],
];

// What sites write into their nginx.
const APPENDING = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;';
const REPLACING = 'proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;';
const STANDARD = 'proxy_set_header Forwarded "for=$remote_addr;proto=$scheme"; proxy_set_header X-Forwarded-For "";';
const SAYING_NOTHING = '';

async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

// nginx with one worker, in @folder; @headers: directives of its location.
async function startNginx(folder, upstream, headers) {
    const port = await freePort();
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${join(folder, name)};`)
        .join(' ');
    mkdirSync(folder);
    writeFileSync(
        join(folder, 'nginx.conf'),
        `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr warn;
        events {}
        http {
            access_log off; ${temporary}
            server {
                listen 127.0.0.1:${port};
                location / { proxy_pass http://127.0.0.1:${upstream}; proxy_set_header Host $host; ${headers} }
            }
        }`,
    );
    const child = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
    let said = '';
    child.stderr.on('data', (bytes) => (said += bytes));
    const isThere = () =>
        new Promise((resolve) => {
            const socket = net.connect(port, '127.0.0.1', () => resolve(!socket.destroy() || true));
            socket.once('error', () => resolve(false));
        });
    await eventually(`nginx, which said: ${said}`, isThere);
    return { port, stop: () => (child.kill('SIGTERM'), ended) };
}

async function startBehind(headers, config) {
    const server = new Server();
    const file = join(server.folder, 'geo.mmdb');
    const networks = Object.entries(COUNTRIES).map(([address, code]) => [`${address}/32`, { country: { iso_code: code } }]);
    writeFileSync(file, mmdb(Object.fromEntries(networks)));
    server.configure({ geo: 'geo.mmdb', sites: { shop: site({ address: 'full', regimes: REGIMES }) }, ...config });
    try {
        await server.launch();
        server.proxy = await startNginx(join(server.folder, 'nginx'), server.public, headers);
    } catch (error) {
        server.cleanup();
        throw error;
    }
    return server;
}

// What the service made of a visitor who came to @port with @forged headers: in a page view, and in the proof of consent.
async function seen(server, port, forged) {
    const visitor = new Visitor({ public: port }, { from: CLIENT, headers: forged });
    const { country, regime } = await visitor.chose('grant');
    const { rows } = await server.added(() => visitor.beacon());
    assert.equal(rows.length, 1);
    assert.equal(rows[0].log.country, country);
    return { address: rows[0].log.address, country, regime };
}

const AS_CLIENT = { address: CLIENT, country: 'DE', regime: 'opt_in' };
const AS_PROXY = { address: PROXY, country: 'US', regime: 'notice_only' };
const TRUSTED = { trusted_proxies: [PROXY] };

for (const [what, headers, config, expected, pick = (server) => server.proxy.port] of [
    ['behind nginx that appends to X-Forwarded-For', APPENDING, TRUSTED, AS_CLIENT],
    ['behind nginx that replaces X-Forwarded-For', REPLACING, TRUSTED, AS_CLIENT],
    ['behind nginx that writes Forwarded', STANDARD, TRUSTED, AS_CLIENT],
    ['behind nginx that is not trusted', APPENDING, {}, AS_PROXY],
    ['behind nginx that says nothing and is not trusted', SAYING_NOTHING, {}, AS_PROXY],
    ['without a proxy', APPENDING, {}, AS_CLIENT, (server) => server.public],
    ['beside the trusted proxy', APPENDING, TRUSTED, AS_CLIENT, (server) => server.public],
])
    describe(`a client ${what}`, { timeout: 120_000 }, () => {
        let server;
        before(async () => {
            server = await startBehind(headers, config);
        });
        after(async () => {
            await server.proxy.stop();
            await server.end();
        });

        for (const [name, forged] of FORGERIES)
            it(`that forges ${name} is ${expected.address}`, async () => {
                assert.deepEqual(await seen(server, pick(server), forged), expected);
            });
    });
