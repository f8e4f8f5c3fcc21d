// The service as a process: its addresses, its data folder, signals and TLS.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { event, raw, request, Wire, word } from './client.mjs';
import { HTTP2, Server, eventually, site, sleep, start, withServer } from './server.mjs';

// By name: the nice value of each of its threads.
function niceOf(pid) {
    const threads = {};
    for (const task of readdirSync(`/proc/${pid}/task`)) {
        const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8'), end = stat.lastIndexOf(')');
        (threads[stat.slice(stat.indexOf('(') + 1, end)] ??= []).push(+stat.slice(end + 2).split(' ')[16]);
    }
    return threads;
}

it('leaves no core file', () =>
    withServer({}, async (server) => assert.match(readFileSync(`/proc/${server.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m)));

it('does what nobody waits for after all that somebody waits for', () =>
    withServer({}, async (server) => {
        const all = ['crumb-loop', 'crumb-writer', 'crumb-lookup', 'crumb-query', 'crumb-keeper'];
        const threads = await eventually('all threads', () => {
            const found = niceOf(server.pid);
            return all.every((name) => found[name]) && found['crumb-keeper'][0] !== found['crumb-writer'][0] && found;
        });
        const [own] = threads['crumb-writer'];
        assert.deepEqual(threads['crumb-keeper'], [own + 5]);
        for (const name of all.slice(0, -1)) assert.ok(threads[name].every((nice) => nice === own), name);
    }));

describe('every address', { timeout: 60_000 }, () => {
    let server;
    before(async () => {
        server = await start();
    });
    after(() => server.end());

    const missing = [
        ['public', '/'],
        ['public', '/nothing'],
        ['public', '/p.gif/'],
        ['public', '//p.gif'],
        ['public', '/v1/consent/x'],
        ['public', '/metrics'],
        ['public', '/healthz'],
        ['public', '/api/v2/query'],
        ['private', '/p.gif'],
        ['private', '/v1/consent?site=shop'],
        ['private', '/../metrics/x'],
    ];
    for (const [listener, path] of missing)
        it(`answers 404 in JSON: ${path} on the ${listener} port`, async () => {
            (await request(server[listener], { path })).error(404);
        });

    const wrong = [
        ['public', 'POST', '/p.gif', 'GET'],
        ['public', 'PUT', '/i', 'GET'],
        ['public', 'GET', '/p', 'POST'],
        ['public', 'DELETE', '/v1/consent', 'GET, POST'],
        ['public', 'PATCH', '/v1/notice?site=shop', 'GET'],
        ['private', 'GET', '/api/v2/query', 'POST'],
        ['private', 'POST', '/metrics', 'GET'],
        ['private', 'OPTIONS', '/healthz', 'GET'],
    ];
    for (const [listener, method, path, allow] of wrong)
        it(`answers 405 in JSON and names what it takes: ${method} ${path}`, async () => {
            const answer = await request(server[listener], { method, path });
            answer.error(405);
            assert.equal(answer.headers.allow, allow);
        });

    it('tells browsers not to guess types and nobody which software answers', async () => {
        const { headers } = await server.get('/nothing');
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers.server, undefined);
    });

    it('of health answers: alive, and able to commit', async () => {
        for (const path of ['/healthz', '/readyz']) {
            const { status, text } = await request(server.private, { path });
            assert.deepEqual([status, text], [200, 'ok\n']);
        }
    });

    it('of metrics counts what happens, in the form that Prometheus reads', async () => {
        const visitor = server.visitor();
        const before = [await server.metric('events_stored_total'), await server.metric('choices_recorded_total')];
        await visitor.chose('grant');
        await visitor.beacon();
        assert.deepEqual([await server.metric('events_stored_total'), await server.metric('choices_recorded_total')],
            before.map((n) => n + 1));
        const { text, headers } = await request(server.private, { path: '/metrics' });
        assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
        for (const line of text.trimEnd().split('\n'))
            assert.match(line, /^(# (HELP|TYPE) crumb_\w+ .+|crumb_\w+ \d+|crumb_requests_\w+\{site="[\w.-]+"\} \d+)$/);
    });

    it('takes requests that come in one piece, and answers them in order', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const cookie = `Cookie: crumb_id=${visitor.cookies.get('crumb_id')}\r\n`;
        const wire = new Wire(server.public);
        const mixed = [raw(`/p.gif?${event()}`, cookie), raw('/v1/notice?site=shop'), raw('/nothing')].join('');
        const { rows } = await server.added(async () => {
            await wire.send(mixed.repeat(40) + raw('/healthz', 'Connection: close\r\n'));
            await wire.closed;
        });
        const statuses = wire.text.match(/(?<=HTTP\/1\.1 )\d+/g).join(' ');
        assert.equal(statuses, '200 200 404 '.repeat(40) + '404');
        assert.equal(rows.length, 40);
    });

    it('takes requests that come while the one before is being stored', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const cookie = `Cookie: crumb_id=${visitor.cookies.get('crumb_id')}\r\n`;
        const { rows } = await server.added(() => Promise.all(Array.from({ length: 16 }, async () => {
            const wire = new Wire(server.public);
            for (let i = 0; i < 20; i++) {
                await wire.send(raw(`/p.gif?${event()}`, cookie));
                // At once, in the next turn, or behind the answer.
                if (i % 3 === 0) await new Promise(setImmediate);
                if (i % 7 === 0) await wire.until(/GIF89a/, i + 1);
            }
            await wire.until(/GIF89a/, 20);
            await wire.end();
        })));
        assert.equal(rows.length, 16 * 20);
    });

    it('takes large bodies that come while the one before is being stored, in pieces of any size', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const BODIES = 12;
        const paths = [];
        const body = () => Array.from({ length: 40 }, () => {
            paths.push(`/${word()}`);
            return event({ url: `https://shop.example${paths.at(-1)}`, page: 'x'.repeat(400), unknown: 'y'.repeat(500) });
        }).join('\n');
        const bytes = Array.from({ length: BODIES }, body)
            .map((text) => `POST /p HTTP/1.1\r\nHost: x\r\nCookie: crumb_id=${visitor.cookies.get('crumb_id')}\r\n` +
                `Content-Length: ${text.length}\r\n\r\n${text}`).join('');
        const { rows } = await server.added(async () => {
            const wire = new Wire(server.public);
            for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7919) % 70_001)
                await wire.send(bytes.slice(at, at + size));
            await wire.until(/HTTP\/1\.1 204[^]*?stored=40/, BODIES);
            await wire.end();
        });
        assert.deepEqual(rows.map((row) => row.log.path), paths);
    });

    it('answers a client that has nothing more to send and says so', async () => {
        for (const path of [`/p.gif?${event()}`, '/v1/consent?site=shop', '/v1/notice?site=shop', '/nothing']) {
            const wire = new Wire(server.public);
            await wire.send(raw(path));
            wire.socket.end();
            assert.match((await wire.closed).text, /^HTTP\/1\.1 (200|404) [^]*\r\n\r\n./, path);
        }
    });

    it('takes a body in chunks, and one that waits to be asked for', async () => {
        const head = (line) => `POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}\r\n\r\n`;
        const chunked = new Wire(server.public);
        const text = `${event()}\n${event()}`;
        await chunked.send(head('Transfer-Encoding: chunked'));
        for (const part of [text.slice(0, 7), text.slice(7), ''])
            await chunked.send(`${part.length.toString(16)}\r\n${part}\r\n`);
        assert.match((await chunked.closed).text, /^HTTP\/1\.1 204 [^]*received=2, no_consent=2/);

        const asked = new Wire(server.public);
        await asked.send(head(`Content-Length: ${text.length}\r\nExpect: 100-continue`));
        await asked.until(/HTTP\/1\.1 100 Continue/);
        await asked.send(text);
        assert.match((await asked.closed).text, /HTTP\/1\.1 204 [^]*received=2, no_consent=2/);
    });

    it('refuses what is no HTTP, and goes on', async () => {
        const junk = [
            '\r\n\r\n',
            'GET\r\n\r\n',
            'GET / HTTP/9.9\r\n\r\n',
            'GET / HTTP/1.1\r\n: x\r\n\r\n',
            'POST /p HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
            'POST /p HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n',
            'POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
            '\x00\x01\x02\x03\r\n\r\n',
            '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', // TLS
        ];
        for (const bytes of junk) {
            const wire = new Wire(server.public);
            await wire.send(bytes);
            await sleep(20);
            await wire.end();
            assert.doesNotMatch(wire.text, /HTTP\/1\.1 200/);
        }
        assert.equal((await request(server.private, { path: '/healthz' })).status, 200);
    });

    it('judges a query string by its limit', async () => {
        const padded = (size) => `/p.gif?${event()}&x=${'y'.repeat(size - event().length - 3)}`;
        assert.deepEqual((await server.get(padded(8192))).result, { received: 1, no_consent: 1 });
        for (const size of [8193, 100_000])
            assert.deepEqual((await server.get(padded(size))).result, { received: 1, too_large: 1 });
    });

    for (const [name, head] of [
        ['query string', `GET /p.gif?${event()}&x=`],
        ['header line', 'GET /p.gif HTTP/1.1\r\nX: '],
        ['cookie', 'GET /p.gif HTTP/1.1\r\nCookie: crumb_id='],
    ])
        it(`cuts a connection whose ${name} does not end`, async () => {
            const wire = new Wire(server.public);
            await wire.send(head);
            for (let i = 0; i < 64 && !wire.socket.destroyed; i++) await wire.send('x'.repeat(16 << 10));
            const { text, ms } = await wire.closed;
            assert.ok(ms < 5000, `it took ${ms} ms`);
            assert.doesNotMatch(text, /^HTTP\/1\.1 200/);
        });

    it('refuses a request of more header lines than it reads', async () => {
        const wire = new Wire(server.public);
        await wire.send(raw('/p.gif', Array.from({ length: 200 }, (_, i) => `X-${i}: ${i}\r\n`).join('')));
        assert.match((await wire.closed).text, /^HTTP\/1\.1 400/);
    });
});

describe('a data folder', { timeout: 60_000 }, () => {
    it('has one server: a second one refuses to start and says why', async () => {
        await withServer({}, async (server) => {
            const { code, stderr } = await server.run('serve');
            assert.equal(code, 3);
            assert.match(stderr, /another crumb serves the data folder/);
            assert.equal((await request(server.private, { path: '/readyz' })).status, 200);
        });
    });

    it('is free again when its server was killed', async () => {
        await withServer({}, async (server) => {
            await server.crash();
            await server.launch();
        });
    });

    it('is for the service alone', async () => {
        await withServer({}, async (server) => {
            assert.equal(statSync(server.data).mode & 0o077, 0);
            for (const name of readdirSync(server.data))
                assert.equal(statSync(join(server.data, name)).mode & 0o077, 0, name);
        });
    });
});

describe('a port that is taken', { timeout: 60_000 }, () => {
    it('is a clear refusal to start', async () => {
        await withServer({}, async (server) => {
            const second = new Server({ listen: { public: `127.0.0.1:${server.public}`, private: '127.0.0.1:0' } });
            const { code, stderr } = await second.run('serve');
            second.cleanup();
            assert.equal(code, 3);
            assert.match(stderr, new RegExp(`cannot listen on 127.0.0.1:${server.public}: Address already in use`));
        });
    });
});

describe('SIGTERM', { timeout: 120_000 }, () => {
    it('answers every request that is under way, and what was answered is on disk', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const cookie = `Cookie: crumb_id=${visitor.cookies.get('crumb_id')}\r\n`;
            const wires = Array.from({ length: 200 }, () => new Wire(server.public));
            await Promise.all(wires.map(async (wire) => {
                await wire.send(raw(`/p.gif?${event()}`, cookie));
                await wire.until(/GIF89a/);
            }));
            const paths = wires.map((_, i) => `/last-${i}`);
            await Promise.all(wires.map((wire, i) =>
                wire.send(raw(`/p.gif?${event({ url: `https://shop.example${paths[i]}` })}`, cookie))));
            const ms = await server.stop();
            await Promise.all(wires.map((wire) => wire.closed));
            const answered = paths.filter((_, i) => wires[i].text.match(/stored=1/g).length === 2);
            const stored = new Set((await server.dump('journal')).map((row) => row.log.path));
            assert.deepEqual(answered.filter((path) => !stored.has(path)), []);
            assert.equal(answered.length, wires.length, 'requests that had been sent before the signal');
            assert.ok(ms < 5000, `it took ${ms} ms`);
        });
    });

    it('does not wait for connections that do nothing', async () => {
        await withServer(HTTP2, async (server) => {
            const idle = [new Wire(server.public), new Wire(server.private)];
            const kept = new Wire(server.public);
            await kept.send(raw('/v1/notice?site=shop'));
            await kept.until(/HTTP\/1\.1 200/);
            const session = http2.connect(`http://127.0.0.1:${server.public}`);
            await new Promise((resolve) => session.once('remoteSettings', resolve));
            const ms = await server.stop();
            assert.ok(ms < 5000, `it took ${ms} ms`);
            session.destroy();
            await Promise.all([...idle, kept].map((wire) => wire.closed));
        });
    });

    it('ends in time though a client does not finish its request', async () => {
        await withServer({}, async (server) => {
            const wires = [new Wire(server.public), new Wire(server.public)];
            await wires[0].send('GET /p.gif HTTP/1.1\r\nHost: x\r\n');
            await wires[1].send('POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
            await server.stop();
            await Promise.all(wires.map((wire) => wire.end()));
        });
    });

    for (const signal of ['SIGTERM', 'SIGINT'])
        it(`at any moment of a busy time ends well (${signal})`, async () => {
            await withServer({}, async (server) => {
                const visitor = server.visitor();
                await visitor.chose('grant');
                let answered = 0;
                const client = async () => {
                    for (;;) answered += (await visitor.beacon()).result.stored; // until it is refused
                };
                for (let round = 1; round <= 5; round++) {
                    const clients = Array.from({ length: 8 }, () => client().catch((error) => error));
                    await eventually('some answers', () => answered > 50 * round);
                    if (signal === 'SIGINT') server.kill('SIGINT');
                    await server.stop();
                    await Promise.all(clients);
                    assert.ok((await server.books()).stored >= answered);
                    await server.launch();
                }
            });
        });
});

describe('SIGHUP', { timeout: 60_000 }, () => {
    it('adds a site, and takes one away', async () => {
        await withServer({}, async (server) => {
            (await server.get('/v1/notice?site=second')).error(404);
            await server.reload({ sites: { shop: site(), second: site({ origins: ['https://second.example'] }) } });
            const visitor = server.visitor({ site: 'second' });
            await visitor.chose('grant');
            assert.equal((await visitor.beacon()).result.stored, 1);
            server.expect(/^crumb: warning: site second left the configuration: /);
            await server.reload({ sites: { shop: site() } });
            assert.equal((await visitor.beacon()).result.unknown_site, 1);
        });
    });

    it('keeps the old configuration where the file is broken, and says where', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            server.expect(/crumb\.yaml:\d+: /, /^crumb: 1 mistake in /, /the old configuration stays/);
            for (const broken of ['{"data": ', JSON.stringify({ ...server.config, colour: 'red' })]) {
                const before = server.child.output.stderr.length;
                writeFileSync(server.file, broken);
                server.kill('SIGHUP');
                const complained = () => /old configuration stays/.test(server.child.output.stderr.slice(before));
                await eventually('a complaint', complained);
                assert.equal((await visitor.beacon()).result.stored, 1);
            }
            await server.reload({});
        });
    });

    it('says how many sites there are, and what changes with a restart only', async () => {
        await withServer({}, async (server) => {
            const said = () => server.child.output.stderr.match(/^crumb: reloaded .*$/gm).at(-1);
            await server.reload({});
            assert.match(said(), /: 1 site; data, data_max, master_key, listen and threads change with a restart only$/);
            await server.reload({ sites: { shop: site(), second: site() } });
            assert.match(said(), /: 2 sites; /);
        });
    });

    it('that cannot be stored says why, and keeps the old configuration', async () => {
        await withServer({ data_max: '1MiB' }, async (server) => {
            server.expect(/^crumb: error: cannot write to the store; /, /^crumb: the store takes writes again$/, /^crumb: error: cannot reload/);
            // More notices than there is room for.
            const sites = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`site-${i}`, site()]));
            server.configure({ data_max: '1MiB', sites });
            server.kill('SIGHUP');
            const said = await eventually('a complaint', () => /^crumb: error: cannot reload.*$/m.exec(server.child.output.stderr));
            assert.match(said[0], /the old configuration stays: No space left on device/);
            assert.equal((await server.get('/v1/notice?site=shop')).status, 200);
        });
    });

    it('at a busy time loses no request', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            let going = true;
            const clients = Array.from({ length: 4 }, async () => {
                for (let i = 0; going; i++) {
                    assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
                    if (i % 5 === 0) await visitor.consent();
                }
            });
            for (let i = 0; i < 10; i++)
                await server.reload({ sites: { shop: site(), [`site-${i}`]: site() } });
            going = false;
            await Promise.all(clients);
        });
    });
});

describe('TLS', { timeout: 60_000 }, () => {
    // A certificate that nobody else trusts.
    function certify(folder, name) {
        const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
        const how = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');
        const what = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
        const where = ['-keyout', files.key, '-out', files.certificate];
        execFileSync('openssl', [...how, ...what, ...where], { stdio: 'ignore' });
        return files;
    }

    const handshake = (port, options) =>
        new Promise((resolve, reject) => {
            const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
                const name = socket.getPeerCertificate().subject.CN;
                resolve({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol, name });
                socket.destroy();
            });
            socket.on('error', reject);
        });

    let server, files;
    before(async () => {
        server = new Server();
        files = certify(server.folder, 'first');
        server.configure({ tls: files });
        await server.launch();
    });
    after(() => server.end());

    it('serves the public port, and cookies are Secure', async () => {
        const trust = { tls: { ca: readFileSync(files.certificate) } };
        const { hash } = (await request(server.public, { path: '/v1/notice?site=shop', ...trust })).json();
        const body = JSON.stringify({ site: 'shop', notice: hash, surface: 'banner', action: 'grant' });
        const answer = await request(server.public, { method: 'POST', path: '/v1/consent', body, ...trust });
        assert.equal(answer.status, 201);
        assert.equal(answer.setCookies.length, 2);
        for (const line of answer.setCookies) assert.match(line, /; Secure(;|$)/);
        assert.equal((await request(server.private, { path: '/healthz' })).status, 200);
    });

    it('is 1.2 or newer, and without HTTP/2 unless it is switched on', async () => {
        assert.equal((await handshake(server.public, { minVersion: 'TLSv1.3' })).protocol, 'TLSv1.3');
        assert.equal((await handshake(server.public, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
        await assert.rejects(handshake(server.public, old));
        assert.notEqual((await handshake(server.public, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'h2');
    });

    it('does not begin to speak HTTP/2 by a reload, as `listen` changes with a restart only', async () => {
        await server.reload({ ...HTTP2, tls: files });
        assert.notEqual((await handshake(server.public, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'h2');
        await server.reload({ tls: files });
    });

    it('is not spoken by plain HTTP', async () => {
        await assert.rejects(request(server.public, { path: '/v1/notice?site=shop' }));
    });

    it('takes a renewed certificate at SIGHUP, and keeps the old one where the new one is broken', async () => {
        const name = async () => (await handshake(server.public)).name;
        assert.equal(await name(), 'first');
        certify(server.folder, 'second');
        await server.reload({ tls: files });
        assert.equal(await name(), 'second');
        server.expect(/cannot use tls\.certificate .* with tls\.key/, /the old configuration stays/);
        writeFileSync(files.key, 'rubbish');
        server.kill('SIGHUP');
        await eventually('a complaint', () => /old configuration stays/.test(server.child.output.stderr));
        assert.equal(await name(), 'second');
    });

    it('that cannot be set up is a clear refusal to start', async () => {
        const other = new Server();
        const third = certify(other.folder, 'third');
        writeFileSync(third.key, 'rubbish');
        other.configure({ tls: third });
        const { code, stderr } = await other.run('serve');
        other.cleanup();
        assert.equal(code, 3);
        assert.match(stderr, /cannot use tls\.certificate/);
    });
});
