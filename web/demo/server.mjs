// The demo shop's web server: the files of this folder on 127.0.0.1, with the headers that a careful site sends.
//
//     node web/demo/server.mjs [PORT [CRUMB_PORT]]        8090 and 8080 where nothing else is said
//
// The pages say that crumb is at http://127.0.0.1:8080 and its dashboard on the next port. What they are sent says where
// they really are: on the port given and the next one, under the name by which the shop was asked for, so that the browser
// takes both for one site and keeps crumb's SameSite cookies.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const CRUMB_IN_PAGES = 'http://127.0.0.1:8080', DASHBOARD_IN_PAGES = 'http://127.0.0.1:8081';
const TYPES = {
    html: 'text/html; charset=utf-8',
    css: 'text/css; charset=utf-8',
    js: 'text/javascript; charset=utf-8',
    svg: 'image/svg+xml',
};
// Names that can leave the folder, or reach this file or the configuration, do not fit.
const NAME = new RegExp(`^/((?:img/)?[a-z0-9-]+\\.(${Object.keys(TYPES).join('|')}))$`);

function policy(crumb) {
    return [
        "default-src 'self'",
        `script-src 'self' ${crumb}`,
        `connect-src 'self' ${crumb}`,
        `img-src 'self' ${crumb}`,
        "frame-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types crumb",
    ].join('; ');
}

function refuse(response, status, text, headers = {}) {
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`);
}

async function answer(request, response, crumbPort) {
    const host = /^localhost(:|$)/i.test(request.headers.host ?? '') ? 'localhost' : '127.0.0.1';
    const crumb = `http://${host}:${crumbPort}`;
    const path = request.url.split('?', 1)[0];
    const [, name, type] = (path === '/' ? '/index.html' : path).match(NAME) ?? [];

    response.setHeader('Content-Security-Policy', policy(crumb));
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'strict-origin-when-cross-origin');
    response.setHeader('Cache-Control', 'no-cache');
    if (request.method !== 'GET' && request.method !== 'HEAD')
        return refuse(response, 405, 'The shop only has pages to read.', { Allow: 'GET, HEAD' });
    const file = name && (await readFile(join(folder, name)).catch(() => null));
    if (!file) return refuse(response, 404, 'There is no such page. The shop begins at /.');
    const dashboard = `http://${host}:${Number(crumbPort) + 1}`;
    const body = type === 'html'
        ? Buffer.from(file.toString().replaceAll(CRUMB_IN_PAGES, crumb).replaceAll(DASHBOARD_IN_PAGES, dashboard))
        : file;
    response.writeHead(200, { 'Content-Type': TYPES[type], 'Content-Length': body.length });
    response.end(request.method === 'HEAD' ? null : body);
}

// Gives the server when it listens. Port 0 is a free one.
export function serveShop(port, crumbPort) {
    const server = createServer((request, response) => {
        answer(request, response, crumbPort).catch(() => response.destroy());
    });
    return new Promise((give, fail) => {
        server.once('error', fail).listen(port, '127.0.0.1', () => give(server));
    });
}

async function main([port = '8090', crumbPort = '8080']) {
    if (![port, crumbPort].every((text) => /^\d{1,5}$/.test(text) && text <= 65535)) {
        process.stderr.write('usage: node web/demo/server.mjs [PORT [CRUMB_PORT]]\n');
        process.exit(2);
    }
    const server = await serveShop(Number(port), crumbPort).catch((error) => {
        process.stderr.write(`demo: cannot listen on 127.0.0.1:${port}: ${error.message}\n`);
        process.exit(3);
    });
    for (const signal of ['SIGINT', 'SIGTERM'])
        process.once(signal, () => {
            server.close();
            server.closeAllConnections();
        });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
